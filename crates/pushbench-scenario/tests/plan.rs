//! What a good scenario becomes.

use pushbench_scenario::plan::Comparison;
use pushbench_scenario::{
    Arrival, Coalesce, EventSize, LoadError, Network, Overrides, Plan, Topics, load, parse,
};
use pushbench_transport::settings::TransportSettings as _;
use pushbench_transport::{Kind, Period};
use std::time::Duration;

const LEAST: &str = r#"
name = "least"
[clients]
count = 100
[events]
pattern = "broadcast"
rate = "12/m"
[phases]
measure = "10s"
[[transports]]
kind = "sse"
"#;

const FULL: &str = r#"
name = "full"
title = "Everything"
seed = 7
network = "veth"
clients = { count = [10, 100], connect_rate = "50/s", may_fail = "2%" }
events = { pattern = "topics", topics = 10, rate = "1/s", arrival = "poisson", size = { min = "1KiB", max = "2KiB" } }
phases = { warmup = "0s", measure = "1m", drain = "3s" }
target = { processes = 2, ring = 16, coalesce = "2ms", inject = "reorder=3" }
workers = { processes = 3 }
[[transports]]
label = "fast"
kind = "short-polling"
interval = "500ms"
connection = "close"
[[transports]]
kind = "websocket"
encoding = "binary"
[thresholds]
latency_p99 = "< 250ms"
lost = "== 0"
[thresholds.fast]
latency_p99 = "<= 1.5s"
wire_down_bytes_per_event = "< 2KiB"
empty_reply_share = ">90%"
target_cpu_us_per_event = "!= 20us"
"#;

fn plan_with(text: &str, overrides: &Overrides) -> Plan {
    parse(text, "x.toml", overrides).unwrap_or_else(|faults| panic!("{faults}"))
}

fn plan(text: &str) -> Plan {
    plan_with(text, &Overrides::default())
}

#[test]
fn what_is_not_said_has_its_default() {
    let plan = plan(LEAST);
    assert_eq!((plan.title.as_str(), plan.seed, plan.path.as_str()), ("least", 1, "x.toml"));
    assert_eq!((plan.network, plan.network.mtu()), (Network::Loopback, 65_536));
    assert_eq!(plan.steps, [100]);
    assert!((plan.connect_rate - 500.0).abs() < f64::EPSILON && plan.may_fail.abs() < f64::EPSILON);
    assert!((plan.events.rate - 0.2).abs() < 1e-12);
    assert_eq!(
        (plan.events.topics, plan.events.arrival, plan.events.size),
        (Topics::Broadcast, Arrival::Constant, EventSize::Fixed(256))
    );
    let seconds = Duration::from_secs;
    assert_eq!(
        (plan.phases.warmup, plan.phases.measure, plan.phases.drain),
        (seconds(5), seconds(10), seconds(5))
    );
    assert_eq!((plan.target_processes, plan.ring_events, plan.worker_processes), (None, 1024, None));
    assert_eq!(plan.transports[0].label, "sse");
    assert_eq!(plan.transports[0].settings, Kind::Sse.default_settings());
    assert!(plan.thresholds.is_empty() && plan.overrides.is_empty() && plan.inject.is_none());
    assert_eq!(plan.coalesce, Coalesce::Off);
}

#[test]
fn what_is_said_is_done() {
    let plan = plan(FULL);
    assert_eq!((plan.title.as_str(), plan.seed), ("Everything", 7));
    assert_eq!((plan.network, plan.network.mtu()), (Network::Veth, 1500));
    assert_eq!(plan.steps, [10, 100]);
    assert_eq!(plan.events.size, EventSize::Uniform { min: 1024, max: 2048 });
    assert_eq!((plan.events.topics, plan.events.arrival), (Topics::Count(10), Arrival::Poisson));
    assert_eq!(plan.phases.total(), Duration::from_secs(63));
    assert_eq!((plan.target_processes, plan.ring_events, plan.worker_processes), (Some(2), 16, Some(3)));
    assert_eq!(plan.inject, "reorder=3".parse().ok());
    assert_eq!(plan.coalesce, Coalesce::Within(Duration::from_millis(2)));
    let labels: Vec<&str> = plan.transports.iter().map(|entry| entry.label.as_str()).collect();
    assert_eq!(labels, ["fast", "websocket"]);
    assert_eq!(plan.transports[0].settings.poll_interval(), Some(Duration::from_millis(500)));
    assert!(plan.transports[1].settings.describe().contains("binary"));
    assert_eq!(plan.sha256.len(), 64);
    let travelled: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(travelled, plan);
}

#[test]
fn the_hash_is_that_of_the_text() {
    // As `sha256sum` prints it.
    assert_eq!(plan(LEAST).sha256, "8f82965a6b274cf216f4d45977387cc38a3b82ea3662eff028d25aafd59aa174");
}

#[test]
fn a_label_has_its_own_thresholds_and_the_general_ones_it_does_not_replace() {
    let plan = plan(FULL);
    let of = |label: &str| -> Vec<(String, String, Comparison, f64)> {
        let own = plan.thresholds.iter().filter(|threshold| threshold.label == label);
        own.map(|it| (it.figure.clone(), it.column.clone(), it.comparison, it.bound)).collect()
    };
    let row = |figure: &str, column: &str, comparison, bound: f64| {
        (figure.to_owned(), column.to_owned(), comparison, bound)
    };
    assert_eq!(
        of("websocket"),
        [
            row("latency_p99", "latency_p99_us", Comparison::Less, 250_000.0),
            row("lost", "lost", Comparison::Equal, 0.0)
        ]
    );
    assert_eq!(
        of("fast"),
        [
            row("lost", "lost", Comparison::Equal, 0.0),
            row("latency_p99", "latency_p99_us", Comparison::AtMost, 1_500_000.0),
            row("wire_down_bytes_per_event", "wire_down_bytes_per_event", Comparison::Less, 2048.0),
            row("empty_reply_share", "empty_reply_share", Comparison::More, 0.9),
            row("target_cpu_us_per_event", "target_cpu_us_per_event", Comparison::Differs, 20.0),
        ]
    );
}

#[test]
fn overrides_change_the_plan_and_leave_a_line() {
    let overrides = Overrides {
        clients: Some(vec![50, 60]),
        rate: "12/m".parse().ok(),
        duration: Some(Period::from_secs(2)),
        seed: Some(99),
        repeat: Some(3),
        only: vec!["websocket".to_owned()],
        points: Vec::new(),
        inject: Some("drop=10,delay=5ms".parse().unwrap()),
    };
    let plan = plan_with(FULL, &overrides);
    assert_eq!((plan.steps.as_slice(), plan.seed, plan.rounds), ([50, 60].as_slice(), 99, 3));
    assert!((plan.events.rate - 0.2).abs() < 1e-12);
    assert_eq!(plan.phases.measure, Duration::from_secs(2));
    assert_eq!(plan.transports.len(), 1);
    assert!(plan.thresholds.iter().all(|threshold| threshold.label == "websocket"));
    assert_eq!(
        plan.overrides,
        [
            "--clients 50,60",
            "--rate 12/m",
            "--duration 2s",
            "--seed 99",
            "--repeat 3",
            "--only websocket",
            "--inject delay=5ms,drop=10"
        ]
    );
    assert_eq!(plan.inject, overrides.inject, "instead of the file's");
    // The file's own words stay what they are.
    assert_eq!(plan.text, FULL);
}

#[test]
fn overrides_stand_in_for_what_the_file_leaves_open() {
    let text = LEAST.replace("count = 100\n", "").replace("measure = \"10s\"\n", "");
    assert_eq!(parse(&text, "x.toml", &Overrides::default()).unwrap_err().faults.len(), 2);
    let overrides =
        Overrides { clients: Some(vec![5]), duration: Some(Period::from_secs(2)), ..Overrides::default() };
    assert_eq!(plan_with(&text, &overrides).steps, [5]);
}

#[test]
fn a_file_that_is_no_text_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    let load_it = || load(&path, &Overrides::default());
    assert!(matches!(load_it(), Err(LoadError::Unreadable { .. })));
    std::fs::write(&path, b"name = \"a\"\ntitle = \"\xff\"\n").unwrap();
    assert!(matches!(load_it(), Err(LoadError::NotText { line: 2, .. })));
    std::fs::write(&path, vec![b'#'; (1 << 20) + 1]).unwrap();
    assert!(matches!(load_it(), Err(LoadError::TooLarge { limit_bytes: 1_048_576, .. })));
    std::fs::write(&path, "name = 5").unwrap();
    assert!(matches!(load_it(), Err(LoadError::Faults(_))));
    std::fs::write(&path, LEAST).unwrap();
    assert_eq!(load_it().unwrap().first().text, LEAST);
}
