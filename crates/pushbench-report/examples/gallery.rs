//! Draws made-up runs of many shapes into a folder, for looking at: `cargo run --example gallery -- DIR`.

#[path = "../tests/report/synthetic/mod.rs"]
mod synthetic;

use pushbench_report::compare::{Comparison, Selection, Share, load, names};
use pushbench_report::{ReportError, RunFolder, charts};
use std::path::Path;
use synthetic::written::{Made, write};
use synthetic::{Shape, folder, swept, troubles};

fn main() -> Result<(), ReportError> {
    let dir = std::env::args().nth(1).unwrap_or_else(|| "gallery".to_owned());
    let only = std::env::args().nth(2);
    for (name, run) in runs() {
        if only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
            charts::draw_all(&run(), &Path::new(&dir).join(name))?;
        }
    }
    for (name, runs) in comparisons() {
        if only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
            draw_comparison(&Path::new(&dir).join(name), &runs)?;
        }
    }
    Ok(())
}

/// Writes the runs, compares them, and puts charts and Markdown beside them.
fn draw_comparison(dir: &Path, runs: &[Made]) -> Result<(), ReportError> {
    let folders: Vec<_> = (0..runs.len()).map(|at| dir.join(format!("run-{at}"))).collect();
    for (folder, made) in folders.iter().zip(runs) {
        write(folder, made, |_| ());
    }
    let selections: Vec<_> = folders.into_iter().map(|folder| Selection { folder, label: None }).collect();
    let runs = load(&selections).map_err(|mut faults| faults.remove(0))?;
    let comparison = Comparison::of(&runs, Share::new(0.05))?;
    charts::draw_comparison(&comparison, dir)?;
    let path = dir.join(names::MARKDOWN);
    std::fs::write(&path, comparison.markdown()).map_err(|source| ReportError::Write { path, source })
}

fn comparisons() -> [(&'static str, Vec<Made>); 5] {
    let of = |transports, rounds, seed, delay_us, apart| {
        let shape = Shape { transports, measure_s: 20, steps: vec![100], ..Shape::default() };
        Made { shape, rounds, seed, apart, delay_us, ..Made::default() }
    };
    [
        ("compare-equal", vec![of(4, 5, 1, 0, 0.02), of(4, 5, 2, 0, 0.02)]),
        ("compare-slower", vec![of(4, 5, 1, 0, 0.02), of(4, 5, 2, 5_000, 0.02)]),
        ("compare-cut", vec![of(4, 2, 1, 0, 0.3), of(4, 2, 2, 0, 0.1)]),
        ("compare-noisy", vec![of(2, 3, 1, 0, 0.4), of(2, 3, 2, 0, 0.4)]),
        ("compare-three", vec![of(9, 1, 1, 0, 0.1), of(9, 1, 2, 0, 0.1), of(9, 1, 3, 900, 0.1)]),
    ]
}

type Make = fn() -> RunFolder;

fn runs() -> [(&'static str, Make); 20] {
    [
        ("sweep-patchy", swept::patchy),
        ("sweep-crossover", || swept::swept(&[0.2, 1.0, 2.0, 5.0, 20.0], &[100, 300, 1_000], 3)),
        ("sweep-many", || {
            swept::swept(
                &[0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0],
                &[10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
                1,
            )
        }),
        ("sweep-line", || swept::swept(&[0.2, 1.0, 2.0, 5.0, 20.0], &[], 1)),
        ("sweep-line-repeated", || swept::swept(&[0.2, 1.0, 2.0, 5.0], &[], 3)),
        ("one-30s", || folder(&Shape { transports: 1, ..Shape::default() })),
        ("four-30s", || folder(&Shape::default())),
        ("four-3s", || folder(&Shape { measure_s: 3, steps: vec![50], ..Shape::default() })),
        ("nine-30s", || folder(&Shape { transports: 9, ..Shape::default() })),
        ("nine-300s", || {
            folder(&Shape { transports: 9, measure_s: 300, events_per_second: 1, ..Shape::default() })
        }),
        ("troubled", troubles::troubled),
        ("wired", troubles::wired),
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
