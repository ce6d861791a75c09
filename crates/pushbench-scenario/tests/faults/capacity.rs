//! `[capacity]`: what a search may be, and what it is checked against.

use insta::assert_snapshot;
use pushbench_measure::results::Vary;
use pushbench_scenario::capacity::{Capacity, Next, Outcome};
use pushbench_scenario::{Machine, Overrides, Plan, needs, parse};
use std::time::Duration;

use crate::{GOOD, faults_with};

/// More of everything than any search needs.
const MACHINE: Machine = Machine {
    open_files_soft_after_raise: 1_000_000,
    host_files_left: 4_000_000,
    ports: (32_768, 60_999),
    memory_available_bytes: 1 << 40,
    cpus: 2,
    listen_backlog: 4096,
    time_wait_max: 131_072,
    tcp_memory_max_bytes: 2 << 30,
};

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

/// A percentile needs samples of its own figure: of a stream answers, parts or pauses between them.
#[test]
fn a_probe_lasts_as_long_as_the_samples_of_its_figure_need() {
    let broadcast = "pattern = \"broadcast\"\nrate = \"5/s\"";
    let stream = |more: &str| format!("pattern = \"stream\"\nparts = 20\ngap = \"50ms\"\n{more}");
    let (asks, rare) = (stream("rate = \"20/s\""), stream("rate = \"10/s\""));
    let random = stream("rate = \"20/s\"\narrival = \"poisson\"");
    let differing = asks.replace("20\ngap", "{ min = 10, max = 30 }\ngap");
    let topics =
        |count: &str, rate: &str| format!("pattern = \"topics\"\ntopics = {count}\nrate = \"{rate}\"");
    let (shared, own) = (topics("20", "100/s"), topics("\"clients\"", "100/s"));
    let chat = "pattern = \"chat\"\nmembers = 10\nrate = \"1/s\"".to_owned();
    let halved = "pattern = \"broadcast\"\nrate = \"50/s\"\nshape = [{ step = \"50%\" }]".to_owned();
    let table = [
        // A thousand answers; 950 ms each, of twenty parts.
        (&asks, "first_part_p99", 50, false),
        (&asks, "per_part_p99", 50, false),
        (&asks, "answer_p99", 50, false),
        (&asks, "answer_p50", 1, false),
        (&asks, "part_gap_p99", 3, false),
        (&asks, "gap_p99", 3, false),
        (&asks, "latency_p99", 3, false),
        (&asks, "latency_p999", 25, false),
        (&rare, "first_part_p99", 60, true),
        (&rare, "latency_p99", 5, false),
        // Three standard deviations more.
        (&random, "first_part_p99", 55, false),
        (&random, "latency_p99", 4, false),
        (&differing, "first_part_p99", 50, false),
        (&differing, "latency_p99", 4, false),
        (&chat, "echo_p99", 10, false),
        (&chat, "latency_p99", 10, false),
        // A tenth of the clients is slow, each with a topic of its own.
        (&shared, "latency_p99", 10, false),
        (&own, "latency_p99", 12, false),
        (&own, "slow_latency_p99", 60, true),
        (&halved, "latency_p99", 40, false),
        (&halved, "age_peak_p99", 40, false),
        (&halved, "connect_p99", 1, false),
    ];
    for (events, figure, seconds, capped) in table {
        let text = searching("vary = \"clients\"").replace(broadcast, events);
        let text = text.replace("measure = \"10s\"", "measure = \"1s\"\ndrain = \"10s\"");
        let mut text = text.replace("latency_p99", figure);
        if *events == own {
            text.push_str("[slow]\nshare = \"10%\"\nread = \"8KiB/s\"\n");
        }
        let (plan, capacity) = plan(&text, &Overrides::default());
        let probe = capacity.probe(&plan, "sse", 100);
        let measure = probe.plan.phases.measure;
        assert_eq!((measure, probe.capped), (Duration::from_secs(seconds), capped), "{figure} of {events}");
    }
}

/// An answer that was asked for when the warm-up began has its last parts later than that.
#[test]
fn parts_are_as_many_as_there_will_be_once_the_first_answers_are_whole() {
    let text = searching("vary = \"rate\"\nfrom = \"20/s\"");
    let text = text.replace("pattern = \"broadcast\"", "pattern = \"stream\"\nparts = 20\ngap = \"50ms\"");
    for (warmup, seconds) in [("5s", 3), ("100ms", 4)] {
        let phases = format!("warmup = \"{warmup}\"\nmeasure = \"1s\"\ndrain = \"10s\"");
        let (plan, capacity) = plan(&text.replace("measure = \"10s\"", &phases), &Overrides::default());
        let probe = capacity.probe(&plan, "sse", 20_000);
        assert_eq!(probe.plan.phases.measure, Duration::from_secs(seconds), "{warmup}");
    }
}

/// A publisher's rate is of all events, a member's of one client, and an ask brings all of its parts.
#[test]
fn the_highest_rate_follows_from_what_a_rate_is_of() {
    let of = |pattern: &str, shape: &str| {
        let text = searching("vary = \"rate\"").replace("pattern = \"broadcast\"", pattern);
        let text = text.replace("rate = \"5/s\"", &format!("rate = \"5/s\"\n{shape}"));
        let text = text.replace("measure = \"10s\"", "measure = \"10s\"\ndrain = \"10s\"");
        let (plan, capacity) = plan(&text, &Overrides::default());
        let said = pushbench_scenario::describe(&plan, &needs(&plan, &MACHINE));
        let line = said.lines().find(|line| line.starts_with("  search")).unwrap_or_default();
        let why = line.split(", ").nth(1).unwrap_or_default().to_owned();
        (capacity.to.unwrap_or_default(), why)
    };
    let chat = "pattern = \"chat\"\nmembers = 10";
    let stream = "pattern = \"stream\"\nparts = 20\ngap = \"50ms\"";
    let short = "pattern = \"stream\"\nparts = 2000\ngap = \"1us\"";
    let (half, spike) = ("shape = [{ step = \"50%\" }]", "shape = [{ spike = \"400%\", for = \"1s\" }]");
    let (events, answered) =
        ("with which 10000000 events are due in all", "with which 100 clients are answered all the time");
    let peak = "which is 1000000/s at its peak";
    // 15 s with the warm-up; a hundred clients; an answer of 950 ms.
    let table = [
        ("pattern = \"broadcast\"", "", 666_666.0, events),
        ("pattern = \"broadcast\"", half, 1_000_000.0, peak),
        ("pattern = \"broadcast\"", spike, 250_000.0, peak),
        (chat, "", 6_666.0, events),
        (chat, half, 13_333.0, events),
        (short, "", 333.333, events),
        (stream, "", 105.263, answered),
        (stream, spike, 26.315, answered),
    ];
    for (pattern, shape, highest, why) in table {
        assert_eq!(of(pattern, shape), (highest, why.to_owned()), "{pattern} {shape}");
    }
    let beyond = searching("vary = \"rate\"\nfrom = \"106/s\"").replace("pattern = \"broadcast\"", stream);
    assert_snapshot!(faults_with(&beyond, &Overrides::default()), @"x.toml:21: capacity.from: out of range: at most 105.263/s, with which 100 clients are answered all the time");
}

/// Of rare answers one is long, and the more are asked for the sooner one of them is.
#[test]
fn the_drain_outlasts_the_answers_of_every_probe() {
    let text = |capacity: &str| {
        let pattern = "pattern = \"stream\"\nparts = 2\ngap = { mean = \"500ms\" }";
        let text = searching(capacity).replace("pattern = \"broadcast\"", pattern);
        text.replace("measure = \"10s\"", "measure = \"10s\"\ndrain = \"4s\"")
    };
    let none = Overrides::default();
    let alone = text("").replace("[capacity]", "");
    assert!(parse(&alone, "x.toml", &none).is_ok(), "long enough for what the file itself asks for");
    assert_snapshot!(faults_with(&text("vary = \"rate\""), &none), @r#"
    x.toml:12: phases.drain: 4s is too short: an event may wait 1s in `short-polling`, and an answer goes on for up to 4692ms after the measure phase, so at least 6692ms is needed
      hint: write drain = "6692ms", or have `short-polling` wait less
    "#);
}

#[test]
fn a_search_needs_a_threshold_that_more_load_breaks() {
    let never = [
        "latency_p99 = \"> 1ms\"",
        "delivered = \">= 0\"",
        "delivered = \"< 9\"",
        "lost = \"!= 3\"",
        "left = \"== 0\"",
    ];
    let sometime =
        ["latency_p99 = \"< 1s\"", "delivered = \">= 10\"", "lost = \"== 0\"", "connected = \"== 100\""];
    for (thresholds, is_search) in [(&never[..], false), (&sometime[..], true)] {
        for threshold in thresholds {
            let text = searching("vary = \"clients\"").replace("latency_p99 = \"< 250ms\"", threshold);
            let parsed = parse(&text, "x.toml", &Overrides::default());
            assert_eq!(parsed.is_ok(), is_search, "{threshold}: {parsed:?}");
        }
    }
}

#[test]
fn a_search_is_not_begun_with_a_threshold_that_its_first_probe_cannot_judge() {
    let with = |threshold: &str, capacity: &str| {
        searching(capacity).replace("latency_p99 = \"< 250ms\"", &format!("lost = \"== 0\"\n{threshold}"))
    };
    let memory = "target_bytes_per_client = \"< 50KiB\"";
    let (clients, rate) = ("vary = \"clients\"", "vary = \"rate\"");
    let of =
        |pattern: &str, threshold: &str| with(threshold, rate).replace("pattern = \"broadcast\"", pattern);
    let stream = "pattern = \"stream\"\nparts = 2\ngap = \"50ms\"";
    let table = [
        with(memory, &format!("{clients}\nfrom = 99")),
        with(memory, rate).replace("count = 100", "count = 50"),
        with("echo_p99 = \"< 1s\"\nfirst_part_p99 = \"< 1s\"", clients),
        of(stream, "age_p99 = \"< 1s\"\nmessages_late = \"== 0\""),
    ];
    let none = Overrides::default();
    let listed = table.map(|text| faults_with(&text, &none));
    assert_snapshot!(listed.join("\n"), @r#"
    x.toml:18: capacity: a threshold on `target_bytes_per_client`, which is measured from 100 clients on, and the first probe has 99
    x.toml:18: capacity: a threshold on `target_bytes_per_client`, which is measured from 100 clients on, and the first probe has 50
    x.toml:19: capacity: a threshold on `echo_p99`, which is not measured with pattern = "broadcast"
    x.toml:19: capacity: a threshold on `first_part_p99`, which is not measured with pattern = "broadcast"
    x.toml:21: capacity: a threshold on `age_p99`, which is not measured with pattern = "stream"
    x.toml:21: capacity: a threshold on `messages_late`, which is not measured with pattern = "stream"
    "#);
    let well = [
        with(memory, clients),
        of(stream, "first_part_p99 = \"< 1s\"\nanswers_cut_short = \"== 0\""),
        of("pattern = \"chat\"\nmembers = 4", "echo_p99 = \"< 1s\"\nage_p99 = \"< 9s\""),
    ];
    for text in well {
        assert!(parse(&text, "x.toml", &none).is_ok(), "{text}");
    }
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
