//! Faults on purpose are never mistaken for anything else: they are named wherever figures are.

use pushbench_measure::results::Status;

use crate::folder::manifest;
use crate::scenario::{SSE, tiny};

#[test]
fn injected_faults_are_named_by_check_on_the_terminal_in_the_table_and_in_the_manifest() {
    let workshop = tiny(&format!("{SSE}[target]\ninject = \"drop=10\"\n"));
    let checked = workshop.run(&["check", "tiny.toml"]);
    assert!(checked.out.contains("  faults      injected by the target: drop=10\n"), "{}", checked.out);

    let ended = workshop.run(&["run", "tiny.toml", "--inject", "duplicate=8, delay=1ms/2"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!(run.status, Status::Complete, "{ended:?}");
    let faults = "delay=1ms/2,duplicate=8";
    assert_eq!(run.scenario.setup.inject.as_deref(), Some(faults), "the option replaces the scenario's key");
    assert_eq!(run.scenario.overrides, [format!("--inject {faults}")]);
    assert_eq!(run.results[0].summary.lost, Some(0), "the scenario's own faults are gone");
    assert!(ended.err.contains(&format!("warning: faults injected: {faults}\n")), "{}", ended.err);
    // On a busy machine a line above says that the run is not valid.
    let said = ended.out.lines().take(2).any(|line| line == format!("faults injected: {faults}"));
    assert!(said, "{}", ended.out);
    let reported = workshop.run(&["report", folder.to_str().unwrap()]);
    assert_eq!(reported.out, ended.out, "from its files alone");
}
