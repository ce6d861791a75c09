//! Halves the width and height of a chart, for pages that show many:
//! `cargo run --release -p pushbench-report --example thumbnail -- CHART.png SMALL.png`.

use pushbench_report::charts;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [chart, small] = &paths[..] else { return Err("two paths: CHART.png SMALL.png".into()) };
    Ok(charts::halve(Path::new(chart), Path::new(small))?)
}
