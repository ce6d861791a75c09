//! What a scenario with faults is told.

mod coalesce;
mod inject;
mod numbers;

use insta::assert_snapshot;
use proptest::prelude::*;
use pushbench_scenario::{Overrides, parse};
use pushbench_transport::Period;

const GOOD: &str = r#"
name = "good"
[clients]
count = 100
[events]
pattern = "broadcast"
rate = "5/s"
[phases]
measure = "10s"
[[transports]]
kind = "sse"
[[transports]]
kind = "short-polling"
interval = "1s"
"#;

fn faults_with(text: &str, overrides: &Overrides) -> String {
    match parse(text, "x.toml", overrides) {
        Ok(plan) => panic!("no fault in {plan:?}"),
        Err(faults) => faults.to_string(),
    }
}

fn faults(text: &str) -> String {
    faults_with(text, &Overrides::default())
}

#[test]
fn all_faults_are_listed_at_once() {
    let text = r#"nmae = "typo"
title = 5
[clients]
count = [100, 50]
connect_rate = "fast"
may_fail = "200%"
[events]
pattern = "stream"
rate = 5
size = { min = "1KiB", maximum = "2KiB" }
[phases]
warmup = "5 seconds"
measure = "10ms"
[[transports]]
kind = "short-poling"
[[transports]]
kind = "short-polling"
intervall = "1s"
interval = "0s"
connection = "closed"
[[transports]]
kind = "short-polling"
interval = 1
[[transports]]
label = "../etc"
kind = "websocket"
ping_interval = "1ms"
[[transports]]
label = "charts"
kind = "sse"
heartbeat = true
[thresholds]
latency_p99_us = "< 250ms"
latency_p50 = "< 250"
lost = "= 0"
[thresholds.websockets]
late = 0
[target]
url = "http://127.0.0.1"
ring = 0
[worker]
processes = 2
"#;
    assert_snapshot!(faults(text), @r#"
    x.toml:1: nmae: unknown key, allowed: name, network, seed, title, clients, events, phases, transports, thresholds, target, workers
      hint: did you mean `name`?
    x.toml:1: name: missing: lowercase letters, digits and hyphens
    x.toml:2: title: found integer `5`, expected text in quotes
    x.toml:4: clients.count[1]: 50 after 100: each is more than the one before
    x.toml:5: clients.connect_rate: `fast` is not a rate: a number and /s, /m or /h, such as "5/s"
    x.toml:6: clients.may_fail: `200%` is not a share: 0 to 100 and a percent sign, such as "1%"
    x.toml:8: events.pattern: unknown value `stream`, allowed: broadcast, topics
    x.toml:9: events.rate: found integer `5`, expected a rate such as "5/s"
    x.toml:10: events.size: unknown key `maximum`, allowed: min, max, p50, p99
    x.toml:12: phases.warmup: `5 seconds` is not a duration: a number and ns, us, ms, s, m or h, such as "250ms"
    x.toml:13: phases.measure: out of range: 1s to 24h
    x.toml:15: transports[0].kind: unknown value `short-poling`, allowed: short-polling, long-polling, sse, websocket
      hint: did you mean "short-polling"?
    x.toml:18: transports[1].intervall: unknown key, allowed: connection, interval, kind, reply_timeout, retry, label
      hint: did you mean `interval`?
    x.toml:19: transports[1].interval: out of range: at least 100us
    x.toml:20: transports[1].connection: unknown value `closed`, allowed: keep-alive, close
      hint: did you mean `close`?
    x.toml:21: transports[2].label: `short-polling` is taken by the entry of line 16, labels differ
      hint: the default label is the kind: add label = "…" to one of them
    x.toml:23: transports[2].interval: found integer `1`, expected text such as "1s"
    x.toml:25: transports[3].label: `../etc`: it becomes a folder's name: 1 to 64 lowercase letters, digits and hyphens, no hyphen first or last
    x.toml:27: transports[3].ping_interval: out of range: 0s, or at least 10ms
    x.toml:29: transports[4].label: `charts` is the name of the charts' folder, any other is allowed
    x.toml:31: transports[4].heartbeat: found boolean `true`, expected text such as "15s"
    x.toml:33: thresholds.latency_p99_us: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: did you mean `latency_p99`?
    x.toml:34: thresholds.latency_p50: `250` is no bound of this figure: a duration is allowed, such as "< 250ms"
    x.toml:35: thresholds.lost: `= 0` does not begin with <, <=, ==, !=, >= or >, such as "== 0"
    x.toml:37: thresholds.websockets.late: found an integer, expected a comparison such as "== 0"
    x.toml:39: target.url: unknown key, allowed: coalesce, inject, processes, ring
    x.toml:40: target.ring: out of range: 1 to 1000000 events
    x.toml:41: worker: unknown key, allowed: name, network, seed, title, clients, events, phases, transports, thresholds, target, workers
      hint: did you mean `workers`?
    "#);
}

#[test]
fn missing_things_are_named() {
    assert_snapshot!(faults(""), @r#"
    x.toml:1: name: missing: lowercase letters, digits and hyphens
    x.toml:1: clients.count: missing: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml:1: events.pattern: missing: "broadcast" or "topics"
    x.toml:1: events.rate: missing: a rate such as "5/s"
    x.toml:1: phases.measure: missing: a duration such as "30s"
    x.toml:1: transports: missing: at least one [[transports]]
    "#);
    assert_snapshot!(faults("[clients]\n\n[events]\npattern = \"topics\"\nrate = \"1/s\"\n[phases]\n[[transports]]\n"), @r#"
    x.toml:1: name: missing: lowercase letters, digits and hyphens
    x.toml:1: clients.count: missing: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml:3: events.topics: missing: a whole number from 1 to 1000000, or "clients" for one topic each
    x.toml:6: phases.measure: missing: a duration such as "30s"
    x.toml:7: transports[0].kind: missing: one of short-polling, long-polling, sse, websocket
    "#);
}

#[test]
fn text_that_is_not_toml_has_one_fault() {
    assert_snapshot!(faults("name = \"a\"\n\n[clients\ncount = 1\n[events"), @"x.toml:3: not TOML: unclosed table, expected `]`");
    assert_snapshot!(faults("name = \"a\"\nname = \"b\"\n"), @"x.toml:2: not TOML: duplicate key");
}

#[test]
fn a_table_of_the_wrong_shape_is_named() {
    let text = GOOD.replace("[[transports]]\nkind = \"sse\"\n[[transports]]", "[transports]");
    assert_snapshot!(faults(&text), @r"
    x.toml:10: transports: expected a list of tables, found a table
      hint: write [[transports]] with two brackets
    ");
    assert_snapshot!(faults("clients = 5\nevents = []\ntransports = [1]\nname = \"a\""), @r#"
    x.toml:1: clients: expected a table, found an integer
      hint: write [clients] on a line of its own and the keys below it
    x.toml:1: phases.measure: missing: a duration such as "30s"
    x.toml:2: events: expected a table, found an array
      hint: write [events] on a line of its own and the keys below it
    x.toml:3: transports[0]: expected a table, found an integer
    "#);
}

/// One line of a good file replaced, and what that gives.
#[test]
#[expect(clippy::too_many_lines, reason = "a table and its snapshot")]
fn each_value_has_its_bounds() {
    let table = [
        ("name = \"good\"", "name = \"../up\""),
        ("name = \"good\"", "name = \"compare\""),
        ("name = \"good\"", "name = \"good\"\nnetwork = \"vteh\""),
        ("count = 100", "count = 0"),
        ("count = 100", "count = 10000001"),
        ("count = 100", "count = []"),
        ("count = 100", "count = [1, 1]"),
        ("count = 100", "count = \"many\""),
        ("count = 100", "count = 100\nconnect_rate = \"0/s\""),
        ("rate = \"5/s\"", "rate = \"1000001/s\""),
        ("rate = \"5/s\"", "rate = \"5/s\"\ntopics = 5"),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = \"70B\""),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = \"2MiB\""),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = { min = \"2KiB\", max = \"1KiB\" }"),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = { p50 = \"2KiB\" }"),
        ("rate = \"5/s\"", "rate = \"5/s\"\narrival = \"random\""),
        ("pattern = \"broadcast\"", "pattern = \"topics\"\ntopics = 101"),
        ("pattern = \"broadcast\"", "pattern = \"topics\"\ntopics = 0"),
        ("pattern = \"broadcast\"", "pattern = \"topics\"\ntopics = \"each\""),
        ("count = 100", "count = 2000000\n[target]\nprocesses = 0"),
        ("measure = \"10s\"", "measure = \"25h\""),
        ("rate = \"5/s\"", "rate = \"1000000/s\""),
        ("measure = \"10s\"", "measure = \"10s\"\ndrain = \"1500ms\""),
        ("interval = \"1s\"", "interval = \"99h\""),
        ("interval = \"1s\"", "label = \"sse\""),
        ("kind = \"sse\"", "kind = \"sse\"\ninterval = \"1s\""),
        ("[phases]", "[thresholds.short-poling]\n[phases]"),
        ("[phases]", "[thresholds]\nlatency_p98 = \"< 1s\"\n[phases]"),
        ("[phases]", "[thresholds]\nlost = \"== 0ms\"\n[phases]"),
        ("[phases]", "[thresholds]\nempty_reply_share = \"< 101%\"\n[phases]"),
        ("name = \"good\"", "name = \"good\"\n\"a\\u001b\\nb\" = 1"),
    ];
    let listed = table.map(|(line, instead)| {
        assert!(GOOD.contains(line));
        let text = GOOD.replacen(line, instead, 1);
        format!("{}\n    {}", instead.replace('\n', "; "), faults(&text).replace('\n', "\n    "))
    });
    assert_snapshot!(listed.join("\n"), @r#"
    name = "../up"
        x.toml:2: name: `../up`: it becomes a folder's name: 1 to 64 lowercase letters, digits and hyphens, no hyphen first or last
    name = "compare"
        x.toml:2: name: `compare` is the name of the comparisons' folder, any other is allowed
    name = "good"; network = "vteh"
        x.toml:3: network: unknown value `vteh`, allowed: loopback, veth
          hint: did you mean `veth`?
    count = 0
        x.toml:4: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    count = 10000001
        x.toml:4: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    count = []
        x.toml:4: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    count = [1, 1]
        x.toml:4: clients.count[1]: 1 after 1: each is more than the one before
    count = "many"
        x.toml:4: clients.count: found string "many", expected a whole number from 1 to 10000000, or a rising list of such numbers
    count = 100; connect_rate = "0/s"
        x.toml:5: clients.connect_rate: out of range: more than 0/s, at most 1000000/s
    rate = "1000001/s"
        x.toml:7: events.rate: out of range: 0/s to 1000000/s
    rate = "5/s"; topics = 5
        x.toml:8: events.topics: not allowed with pattern = "broadcast"
          hint: leave it out, or write pattern = "topics"
    rate = "5/s"; size = "70B"
        x.toml:8: events.size: 70B is too small, at least 79B are needed
          hint: every event carries its number, two instants and its topic
    rate = "5/s"; size = "2MiB"
        x.toml:8: events.size: 2MiB is too large, at most 1MiB are accepted
    rate = "5/s"; size = { min = "2KiB", max = "1KiB" }
        x.toml:8: events.size: 2KiB is more than 1KiB: min <= max and p50 <= p99
    rate = "5/s"; size = { p50 = "2KiB" }
        x.toml:8: events.size: found neither min with max nor p50 with p99, expected a size such as "256B", { min = "…", max = "…" } or { p50 = "…", p99 = "…" }
    rate = "5/s"; arrival = "random"
        x.toml:8: events.arrival: unknown value `random`, allowed: constant, poisson
    pattern = "topics"; topics = 101
        x.toml:7: events.topics: 101 topics for 100 clients: no more topics than clients
          hint: write topics = "clients" for one topic each, at any number
    pattern = "topics"; topics = 0
        x.toml:7: events.topics: out of range: a whole number from 1 to 1000000, or "clients" for one topic each
    pattern = "topics"; topics = "each"
        x.toml:7: events.topics: found string "each", expected a whole number from 1 to 1000000, or "clients" for one topic each
    count = 2000000; [target]; processes = 0
        x.toml:6: target.processes: out of range: 1 to 1000 processes
    measure = "25h"
        x.toml:9: phases.measure: out of range: 1s to 24h
    rate = "1000000/s"
        x.toml:9: phases.measure: out of range: at most 10000000 events in all, 15000000 would be due: lower events.rate
    measure = "10s"; drain = "1500ms"
        x.toml:10: phases.drain: 1500ms is too short: an event may wait 1s in `short-polling`, so at least 2s is needed
          hint: write drain = "2s", or have `short-polling` wait less
    interval = "99h"
        x.toml:14: transports[1].interval: out of range: at most 24h
    label = "sse"
        x.toml:14: transports[1].label: `sse` is taken by the entry of line 10, labels differ
    kind = "sse"; interval = "1s"
        x.toml:12: transports[0].interval: unknown key, allowed: heartbeat, kind, reply_timeout, retry, label
    [thresholds.short-poling]; [phases]
        x.toml:8: thresholds.short-poling: no transport has the label `short-poling`, labels are sse, short-polling
          hint: did you mean `short-polling`?
    [thresholds]; latency_p98 = "< 1s"; [phases]
        x.toml:9: thresholds.latency_p98: unknown figure, allowed: the columns of summary.csv without `_us` at their end
          hint: did you mean `latency_p99`?
    [thresholds]; lost = "== 0ms"; [phases]
        x.toml:9: thresholds.lost: `0ms` is no bound of this figure: a bare number is allowed, such as "== 0"
    [thresholds]; empty_reply_share = "< 101%"; [phases]
        x.toml:9: thresholds.empty_reply_share: `101%` is no bound of this figure: a share is allowed, such as "> 90%"
    name = "good"; "a\u001b\nb" = 1
        x.toml:3: a\u{1b}\nb: unknown key, allowed: name, network, seed, title, clients, events, phases, transports, thresholds, target, workers
    "#);
}

#[test]
fn no_text_that_is_shown_controls_a_terminal() {
    for title in ["red\\u001b[31m", "two\\nlines", "bell\\u0007", "\\u009b31m", "\\u007f"] {
        assert_eq!(
            faults(&format!("title = \"{title}\"{GOOD}")),
            "x.toml:1: title: no control characters are allowed, such as escapes and line breaks"
        );
    }
    let text = GOOD.replace("[phases]", "[thresholds]\nlost = \"==\\n0\"\n[phases]");
    assert_eq!(
        faults(&text),
        "x.toml:9: thresholds.lost: no control characters are allowed, such as escapes and line breaks"
    );
    assert!(parse(&format!("title = \"žluťoučký – 你好\"{GOOD}"), "x.toml", &Overrides::default()).is_ok());
}

#[test]
fn a_key_of_a_transport_is_no_figure() {
    let text =
        "[thresholds]\nlabel = \"sse\"\nkind = \"sse\"\nheartbeat = \"< 1s\"\nlatr = \"== 0\"\n[phases]";
    assert_snapshot!(faults(&GOOD.replace("[phases]", text)), @"
    x.toml:9: thresholds.label: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: conditions for one label have a table of their own: [thresholds.LABEL]
    x.toml:10: thresholds.kind: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: conditions for one label have a table of their own: [thresholds.LABEL]
    x.toml:11: thresholds.heartbeat: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: conditions for one label have a table of their own: [thresholds.LABEL]
    x.toml:12: thresholds.latr: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: did you mean `late`?
    ");
}

#[test]
fn overrides_have_faults_without_a_line() {
    let overrides = Overrides {
        clients: Some(vec![0]),
        rate: "2000000/s".parse().ok(),
        duration: Some(Period::from_millis(1)),
        seed: None,
        repeat: Some(101),
        only: vec!["websocket".to_owned(), "short-pollin".to_owned()],
        inject: None,
    };
    assert_snapshot!(faults_with(GOOD, &overrides), @r"
    x.toml: --clients: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml: --rate: 2000000/s is out of range: 0/s to 1000000/s
    x.toml: --duration: 1ms is out of range: 1s to 24h
    x.toml: --repeat: 101 is out of range: 1 to 100 rounds
    x.toml: --only: no transport has the label `websocket`, labels are sse, short-polling
    x.toml: --only: no transport has the label `short-pollin`, labels are sse, short-polling
      hint: did you mean `short-polling`?
    ");
    let topics = GOOD.replace("\"broadcast\"", "\"topics\"\ntopics = 50");
    let fewer = Overrides { clients: Some(vec![20]), ..Overrides::default() };
    assert_snapshot!(faults_with(&topics, &fewer), @r#"
    x.toml:7: events.topics: 50 topics for 20 clients: no more topics than clients
      hint: write topics = "clients" for one topic each, at any number
    "#);
}

/// A good file with a part of it replaced by anything: most are still TOML, and many still half a scenario.
fn mutilated() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "\\PC{0,8}",
        "[0-9]{1,25}",
        prop::sample::select(vec![
            "\"",
            "\"\"",
            "-1",
            "nan",
            "1e400",
            "{}",
            "[]",
            "[[]]",
            "true",
            "\"9999999h\"",
            "=",
            "\n"
        ])
        .prop_map(str::to_owned),
    ];
    (prop::sample::subsequence((0..GOOD.len()).collect::<Vec<_>>(), 2), part)
        .prop_map(|(cut, part)| format!("{}{part}{}", &GOOD[..cut[0]], &GOOD[cut[1]..]))
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _ = parse(&text, "x.toml", &Overrides::default());
    }

    #[test]
    fn no_value_makes_the_checks_panic_and_each_fault_has_a_line(
        text in mutilated(),
        clients in prop::option::of(prop::collection::vec(any::<u32>(), 0..3)),
    ) {
        let lines = text.split('\n').count() as u32;
        if let Err(faults) = parse(&text, "x.toml", &Overrides { clients, ..Overrides::default() }) {
            prop_assert!(!faults.faults.is_empty());
            for fault in faults.faults {
                let of_command_line = fault.key.starts_with("--");
                prop_assert!(fault.line.map_or(of_command_line, |line| (1..=lines).contains(&line)), "{fault:?}");
            }
        }
    }

    #[test]
    fn no_single_value_of_a_good_file_makes_the_checks_panic(
        at in 0usize..8,
        value in prop_oneof![
            any::<i64>().prop_map(|value| value.to_string()),
            (0u64.., prop::sample::select(vec!["ns", "ms", "s", "h", "/s", "/h", "B", "MiB", "%"]))
                .prop_map(|(number, unit)| format!("\"{number}{unit}\"")),
        ],
    ) {
        let lines: Vec<String> = GOOD.lines().map(str::to_owned).collect();
        let keyed: Vec<usize> = (0..lines.len()).filter(|line| lines[*line].contains('=')).collect();
        let mut lines = lines.clone();
        let key = lines[keyed[at]].split('=').next().unwrap().to_owned();
        lines[keyed[at]] = format!("{key}= {value}");
        let _ = parse(&lines.join("\n"), "x.toml", &Overrides::default());
    }
}
