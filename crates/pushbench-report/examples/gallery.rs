//! Draws made-up runs of many shapes into a folder, for looking at: `cargo run --example gallery -- DIR`.

#[path = "../tests/report/synthetic/mod.rs"]
mod synthetic;

use pushbench_report::{ReportError, RunFolder, charts};
use std::path::Path;
use synthetic::{Shape, folder, troubles};

fn main() -> Result<(), ReportError> {
    let dir = std::env::args().nth(1).unwrap_or_else(|| "gallery".to_owned());
    let only = std::env::args().nth(2);
    for (name, run) in runs() {
        if only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
            charts::draw_all(&run(), &Path::new(&dir).join(name))?;
        }
    }
    Ok(())
}

type Make = fn() -> RunFolder;

fn runs() -> [(&'static str, Make); 14] {
    [
        ("one-30s", || folder(&Shape { transports: 1, ..Shape::default() })),
        ("four-30s", || folder(&Shape::default())),
        ("four-3s", || folder(&Shape { measure_s: 3, steps: vec![50], ..Shape::default() })),
        ("nine-30s", || folder(&Shape { transports: 9, ..Shape::default() })),
        ("nine-300s", || {
            folder(&Shape { transports: 9, measure_s: 300, events_per_second: 1, ..Shape::default() })
        }),
        ("troubled", troubles::troubled),
        ("zeros", troubles::zeros),
        ("bare", troubles::bare),
        ("extreme", troubles::extreme),
        ("one-repeated", || folder(&Shape { transports: 1, rounds: 5, ..Shape::default() })),
        ("four-repeated", || folder(&Shape { rounds: 5, ..Shape::default() })),
        ("nine-repeated", || folder(&Shape { transports: 9, rounds: 3, ..Shape::default() })),
        ("four-steps-repeated", || {
            folder(&Shape { steps: vec![100, 1_000, 10_000], rounds: 5, measure_s: 10, ..Shape::default() })
        }),
        ("four-steps", || folder(&Shape { steps: vec![100, 1_000, 10_000], ..Shape::default() })),
    ]
}
