//! Draws what clients cost beside each other: `cargo run --example peers -- PEERS.csv DIR`. Called by
//! `scripts/peers.sh`.

use pushbench_report::{ReportError, charts, peers};
use std::path::Path;

fn main() -> Result<(), ReportError> {
    let mut arguments = std::env::args().skip(1);
    let csv = arguments.next().unwrap_or_else(|| "results/peers/peers.csv".to_owned());
    let out = arguments.next().unwrap_or_else(|| "results/peers".to_owned());
    charts::draw_peers(&peers::load(Path::new(&csv))?, Path::new(&out))?;
    Ok(())
}
