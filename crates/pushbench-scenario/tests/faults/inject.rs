//! Faults of the faults that a target is asked to make.

use insta::assert_snapshot;
use pushbench_scenario::{Overrides, parse};

use crate::{GOOD, faults, faults_with};

#[test]
fn every_fault_of_the_faults_to_inject_is_listed_and_what_they_hold_back_must_fit_the_drain() {
    let inject = |text: &str| format!("{GOOD}[target]\ninject = {text}\n");
    assert_snapshot!(faults(&inject("\"drp=10,drop=1,delay=1s\"")), @"
    x.toml:16: target.inject: unknown fault `drp`, allowed: delay, drop, duplicate, reorder, limit, stall
      hint: did you mean `drop`?
    x.toml:16: target.inject: drop: `1` is no number of events, every how many: 2 to 1000000
    ");
    assert_snapshot!(faults(&inject("10")), @"x.toml:16: target.inject: found integer `10`, expected text in quotes");
    let short = inject("\"delay=2s,stall=1500ms/5s\"");
    assert_snapshot!(faults(&short), @"
    x.toml:8: phases.drain: 5s is too short: an event may wait 1s in `short-polling` and 3500ms by injected faults, so at least 5500ms is needed
      hint: write drain = \"5500ms\", or inject less
    ");
    let of_command = Overrides { inject: "delay=4s".parse().ok(), ..Overrides::default() };
    assert_snapshot!(faults_with(GOOD, &of_command), @"
    x.toml:8: phases.drain: 5s is too short: an event may wait 1s in `short-polling` and 4s by injected faults, so at least 6s is needed
      hint: write drain = \"6s\", or inject less
    ");
}

#[test]
fn only_transports_that_run_ask_for_a_drain() {
    let only = |label: &str| Overrides {
        inject: "delay=4s".parse().ok(),
        only: vec![label.to_owned()],
        ..Overrides::default()
    };
    let plan = parse(GOOD, "x.toml", &only("sse")).unwrap();
    assert_eq!(plan.transports.len(), 1);
    assert!(faults_with(GOOD, &only("short-polling")).contains("phases.drain: 5s is too short"));
}
