//! `[capacity]`: what a search may be, and what it is checked against.

use insta::assert_snapshot;
use pushbench_measure::results::Vary;
use pushbench_scenario::capacity::{Capacity, Next, Outcome};
use pushbench_scenario::{Overrides, Plan, parse};
use std::time::Duration;

use crate::{GOOD, faults_with};

/// The good file with a search and a threshold.
fn searching(capacity: &str) -> String {
    format!("{GOOD}[thresholds]\nlatency_p99 = \"< 250ms\"\n[capacity]\n{capacity}\n")
}

fn plan(text: &str, overrides: &Overrides) -> (Plan, Capacity) {
    let plan = parse(text, "x.toml", overrides).unwrap_or_else(|faults| panic!("{faults}"));
    let capacity = plan.capacity.unwrap_or_else(|| panic!("no search in {text}"));
    (plan, capacity)
}

fn typed(clients: &[u32]) -> Overrides {
    Overrides { clients: Some(clients.to_vec()), ..Overrides::default() }
}

fn rate(text: &str) -> Overrides {
    Overrides { rate: Some(text.parse().unwrap_or_else(|error| panic!("{error}"))), ..Overrides::default() }
}

#[test]
fn what_is_left_out_follows_from_the_rest_of_the_file() {
    let none = Overrides::default();
    let (clients, rate_) = ("vary = \"clients\"", "vary = \"rate\"");
    let ends = |text: &str, overrides: &Overrides| {
        let (plan, capacity) = plan(&searching(text), overrides);
        (plan.steps, capacity.from, capacity.to)
    };
    // 10 s and the default warm-up of 5 s at the most events of a step.
    let highest = Some(666_666.0);
    let table = [
        (clients.to_owned(), none.clone(), (vec![100], 100.0, None)),
        (format!("{clients}\nfrom = 10\nto = 500"), none.clone(), (vec![10, 500], 10.0, Some(500.0))),
        (format!("{clients}\nfrom = 10\nto = 500"), typed(&[7]), (vec![7, 500], 7.0, Some(500.0))),
        (format!("{clients}\nto = 500"), typed(&[7, 20]), (vec![7, 20], 7.0, Some(20.0))),
        (rate_.to_owned(), none.clone(), (vec![100], 5.0, highest)),
        (rate_.to_owned(), typed(&[7]), (vec![7], 5.0, highest)),
        (format!("{rate_}\nfrom = \"8/s\"\nto = \"900/s\""), none, (vec![100], 8.0, Some(900.0))),
        (format!("{rate_}\nfrom = \"8/s\""), rate("20/s"), (vec![100], 20.0, highest)),
    ];
    for (text, overrides, expected) in table {
        assert_eq!(ends(&text, &overrides), expected, "{text} {overrides:?}");
    }
    let (_, capacity) = plan(&searching(clients), &Overrides::default());
    assert_eq!((capacity.vary, capacity.precision, capacity.probes), (Vary::Clients, 0.05, 24));
}

#[test]
fn a_probe_lasts_as_long_as_its_percentile_needs() {
    // p99 wants 1000 publishes.
    let table = [
        ("vary = \"rate\"\nfrom = \"50/s\"", 50_000, (50.0, 20), false),
        ("vary = \"rate\"\nfrom = \"50/s\"", 1_000_000, (1000.0, 10), false),
        ("vary = \"rate\"\nfrom = \"10/s\"", 10_000, (10.0, 60), true),
        ("vary = \"rate\"\nlongest = \"2m\"", 10_000, (10.0, 100), false),
        ("vary = \"rate\"\nlongest = \"1s\"", 10_000, (10.0, 10), true),
        ("vary = \"clients\"", 2_000, (5.0, 60), true),
    ];
    for (text, units, (rate, seconds), capped) in table {
        let (plan, capacity) = plan(&searching(text), &Overrides::default());
        let probe = capacity.probe(&plan, "sse", units);
        assert_eq!(
            (probe.plan.events.rate, probe.plan.phases.measure, probe.capped),
            (rate, Duration::from_secs(seconds), capped),
            "{text}"
        );
        let clients = if text.contains("clients") { 2_000 } else { 100 };
        assert_eq!(probe.clients, clients);
    }
    let exact = Overrides { duration: Some("10s".parse().unwrap()), ..Overrides::default() };
    let (plan_, capacity) = plan(&searching("vary = \"clients\""), &exact);
    assert_eq!(capacity.probe(&plan_, "sse", 9).plan.phases.measure, Duration::from_secs(10));
    let counts = searching("vary = \"clients\"").replace("latency_p99 = \"< 250ms\"", "lost = \"== 0\"");
    let (plan_, capacity) = plan(&counts, &Overrides::default());
    let probe = capacity.probe(&plan_, "sse", 9);
    assert_eq!((probe.plan.phases.measure, probe.capped), (Duration::from_secs(10), false));
}

#[test]
fn rates_are_searched_for_in_thousandths() {
    let (_, capacity) = plan(&searching("vary = \"rate\"\nfrom = \"12/m\""), &Overrides::default());
    let mut search = capacity.search();
    assert_eq!(search.next(), Next::Probe(200));
    search.tell(Outcome::Passed);
    assert_eq!(search.next(), Next::Probe(400));
    assert!((capacity.value(400) - 0.4).abs() < 1e-12);
}

#[test]
fn what_is_wrong_with_a_search_is_said() {
    let none = Overrides::default();
    let without = format!("{GOOD}[thresholds]\npublishes = \"> 10\"\n[thresholds.sse]\nlost = \"== 0\"\n");
    let twice = Overrides { repeat: Some(2), ..Overrides::default() };
    let table = [
        (searching(""), none.clone()),
        (searching("vary = \"size\"\nuntil = 5"), none.clone()),
        (searching("vary = \"clients\"\nfrom = \"5/s\"\nto = 0"), none.clone()),
        (searching("vary = \"rate\"\nfrom = 5\nto = \"2000000/s\""), none.clone()),
        (searching("vary = \"rate\"\nto = \"900000/s\""), none.clone()),
        (searching("vary = \"clients\"\nfrom = 200\nto = 200"), none.clone()),
        (searching("vary = \"clients\"\nprecision = \"0%\"\nprobes = 0\nlongest = \"0s\""), none.clone()),
        (searching("vary = \"clients\"\nfrom = true"), none.clone()),
        (searching("vary = \"clients\"").replace("count = 100", "count = [100, 200]"), none.clone()),
        (searching("vary = \"rate\"").replace("count = 100", "count = [100, 200]"), none.clone()),
        (searching("vary = \"rate\"").replace("rate = \"5/s\"", "rate = \"0/s\""), none.clone()),
        (format!("{without}[capacity]\nvary = \"clients\"\n"), none.clone()),
        (format!("{GOOD}[capacity]\nvary = \"clients\"\n"), none),
        (searching("vary = \"clients\""), typed(&[1, 2, 3])),
        (searching("vary = \"rate\""), typed(&[1, 2])),
        (searching("vary = \"clients\""), twice),
    ];
    let listed = table.map(|(text, overrides)| faults_with(&text, &overrides));
    assert_snapshot!(listed.join("\n"), @r#"
    x.toml:17: capacity.vary: missing: "clients" or "rate"
    x.toml:18: capacity.vary: unknown value `size`, allowed: clients, rate
    x.toml:19: capacity.until: unknown key, allowed: from, longest, precision, probes, to, vary
    x.toml:19: capacity.from: with vary = "clients": a whole number of clients from 1 to 10000000
    x.toml:20: capacity.to: with vary = "clients": a whole number of clients from 1 to 10000000
    x.toml:19: capacity.from: with vary = "rate": a rate such as "100/s", more than 0/s, at most 1000000/s
    x.toml:20: capacity.to: with vary = "rate": a rate such as "100/s", more than 0/s, at most 1000000/s
    x.toml:19: capacity.to: out of range: at most 666666/s, with which 10000000 events are due in all
    x.toml:20: capacity.to: out of range: more than what is tried first
    x.toml:19: capacity.precision: out of range: 1% to 50%
    x.toml:20: capacity.probes: out of range: 1 to 100 probes
    x.toml:21: capacity.longest: out of range: 1s to 24h
    x.toml:19: capacity.from: found boolean `true`, expected a number of clients, or a rate such as "100/s"
    x.toml:4: clients.count: one number of clients: a search has no steps
    x.toml:4: clients.count: one number of clients: a search has no steps
    x.toml:17: capacity.from: events.rate is 0/s, and the first probe: a rate such as "100/s", more than 0/s, at most 1000000/s
    x.toml:19: capacity: a search needs a threshold that load can break: none for `short-polling`
      hint: such as latency_p99 = "< 250ms" under [thresholds]
    x.toml:15: capacity: a search needs a threshold that load can break: none for `sse`, `short-polling`
      hint: such as latency_p99 = "< 250ms" under [thresholds]
    x.toml: --clients: one number, the first probe, or two, the first and the last
    x.toml: --clients: one number of clients: a search has no steps
    x.toml: --repeat: not allowed with [capacity], which repeats what it found by itself
    "#);
}
