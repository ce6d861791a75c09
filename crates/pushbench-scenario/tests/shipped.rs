//! The scenario files that come with pushbench.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use pushbench_scenario::{Overrides, Plan, load};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn shipped() -> Vec<Plan> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|ext| ext == "toml")).collect();
    files.sort();
    files
        .iter()
        .map(|path| load(path, &Overrides::default()).unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

#[test]
fn every_shipped_file_is_a_plan_named_like_its_file() {
    let plans = shipped();
    let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
    assert_eq!(
        names,
        ["dashboard", "notifications", "order-status", "polling-intervals", "quickstart", "smoke"]
    );
    for plan in &plans {
        assert_eq!(Path::new(&plan.path).file_stem().unwrap().to_str(), Some(plan.name.as_str()));
        assert!(plan.text.starts_with("#:schema ./scenario.schema.json\n# Question:"), "{}", plan.name);
        let lost = plan.thresholds.iter().filter(|threshold| threshold.figure == "lost").count();
        assert_eq!(lost, plan.transports.len(), "every transport of {} must lose nothing", plan.name);
    }
}
