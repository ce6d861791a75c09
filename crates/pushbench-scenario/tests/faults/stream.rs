//! Streams: what is told where answers cannot be, or have no room.

use insta::assert_snapshot;
use pushbench_scenario::{Law, Overrides, Parts, parse_beside};
use std::io;

use crate::{GOOD, faults, faults_with};

const STREAM: &str = r#"pattern = "stream"
parts = 20
gap = "50ms""#;

fn stream(from: &str, to: &str) -> String {
    let text = GOOD.replace(r#"pattern = "broadcast""#, STREAM);
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn each_key_of_a_stream_has_its_bounds() {
    let table = [
        ("parts = 20", "parts = 0"),
        ("parts = 20", "parts = { min = 5, max = 4 }"),
        ("parts = 20", "parts = { min = 5 }"),
        ("parts = 20", "parts = \"many\""),
        ("parts = 20\n", ""),
        ("gap = \"50ms\"", "gap = { p50 = \"50ms\", p99 = \"20ms\" }"),
        ("gap = \"50ms\"", "gap = { mean = \"0s\" }"),
        ("gap = \"50ms\"", "gap = { mean = \"1s\", max = \"2s\" }"),
        ("gap = \"50ms\"", "gap = \"2h\""),
        ("gap = \"50ms\"", "gap = \"50ms\"\nstall = \"0s\""),
        ("gap = \"50ms\"", "gap = \"50ms\"\nfirst = { file = \"\" }"),
        ("gap = \"50ms\"", "gap = \"50ms\"\ntopics = \"clients\""),
        ("pattern = \"stream\"", "pattern = \"broadcast\""),
    ];
    let listed = table.map(|(line, instead)| {
        let text = stream(line, instead);
        format!("{}\n    {}", instead.replace('\n', "; "), faults(&text).replace('\n', "\n    "))
    });
    assert_snapshot!(listed.join("\n"), @r#"
    parts = 0
        x.toml:7: events.parts: out of range: a whole number from 1 to 100000, or { min = …, max = … }
    parts = { min = 5, max = 4 }
        x.toml:7: events.parts: out of range: a whole number from 1 to 100000, or { min = …, max = … }
    parts = { min = 5 }
        x.toml:7: events.parts: missing field `max`
    parts = "many"
        x.toml:7: events.parts: found string "many", expected a whole number from 1 to 100000, or { min = …, max = … }

        x.toml:5: events.parts: missing: a whole number from 1 to 100000, or { min = …, max = … }
    gap = { p50 = "50ms", p99 = "20ms" }
        x.toml:8: events.gap: 50ms is more than 20ms: min <= max and p50 <= p99
    gap = { mean = "0s" }
        x.toml:8: events.gap: out of range: 1µs to 1h
    gap = { mean = "1s", max = "2s" }
        x.toml:8: events.gap: found keys that make no law, expected a duration such as "50ms", { mean = "…" }, { min = "…", max = "…" }, { p50 = "…", p99 = "…" } or { file = "….csv" }
    gap = "2h"
        x.toml:8: events.gap: out of range: 0s to 1h
    gap = "50ms"; stall = "0s"
        x.toml:9: events.stall: out of range: more than 0s, at most 1h
    gap = "50ms"; first = { file = "" }
        x.toml:9: events.first: the name of a CSV file is needed
    gap = "50ms"; topics = "clients"
        x.toml:9: events.topics: not allowed with pattern = "stream"
          hint: leave it out, or write pattern = "topics"
    pattern = "broadcast"
        x.toml:7: events.parts: not allowed with pattern = "broadcast"
          hint: leave it out, or write pattern = "stream"
        x.toml:8: events.gap: not allowed with pattern = "broadcast"
          hint: leave it out, or write pattern = "stream"
    "#);
}

#[test]
fn answers_need_clients_time_and_a_number_that_can_be_counted() {
    let table = [
        ("rate = \"5/s\"", "rate = \"200/s\""),
        ("rate = \"5/s\"", "rate = \"5/s\"\nfirst = \"10s\""),
        ("parts = 20", "parts = 100000"),
        ("rate = \"5/s\"\n[phases]\nmeasure = \"10s\"", "rate = \"10/s\"\n[phases]\nmeasure = \"24h\""),
    ];
    let listed = table.map(|(line, instead)| {
        let text = stream(line, instead);
        format!("{instead:?}\n    {}", faults(&text).replace('\n', "\n    "))
    });
    assert_snapshot!(listed.join("\n"), @r#"
    "rate = \"200/s\""
        x.toml:9: events.rate: 200 asks a second for answers of 0.95 s are 190 at once, and each of 100 clients asks for one at a time
          hint: at least 190 clients, or a lower rate
    "rate = \"5/s\"\nfirst = \"10s\""
        x.toml:11: phases.drain: 5s is too short: an event may wait 1s in `short-polling`, and an answer goes on for up to 10750ms after the measure phase, so at least 12750ms is needed
          hint: write drain = "12750ms", or have `short-polling` wait less
    "parts = 100000"
        x.toml:9: events.rate: 5 asks a second for answers of 4999.95 s are 25000 at once, and each of 100 clients asks for one at a time
          hint: at least 25000 clients, or a lower rate
    "rate = \"10/s\"\n[phases]\nmeasure = \"24h\""
        x.toml:11: phases.measure: out of range: at most 10000000 events in all, 17281000 would be due: lower events.rate
    "#);
    let few = Overrides { clients: Some(vec![4]), ..Overrides::default() };
    assert_snapshot!(faults_with(&stream("parts", "parts"), &few), @r#"
    x.toml:9: events.rate: 5 asks a second for answers of 0.95 s are 5 at once, and each of 4 clients asks for one at a time
      hint: at least 5 clients, or a lower rate
    "#);
}

#[test]
fn clients_are_enough_for_the_peak_of_the_rate() {
    let shape = "rate = \"50/s\"\nshape = [{ spike = \"300%\", for = \"1s\" }]";
    assert!(parse(&stream("rate = \"5/s\"", "rate = \"50/s\"")).is_ok());
    assert_snapshot!(faults(&stream("rate = \"5/s\"", shape)), @"
    x.toml:9: events.rate: 150 asks a second at the peak for answers of 0.95 s are 143 at once, and each of 100 clients asks for one at a time
      hint: at least 143 clients, or a lower rate
    ");
}

fn parse(text: &str) -> Result<pushbench_scenario::Plan, pushbench_scenario::Faults> {
    pushbench_scenario::parse(text, "x.toml", &Overrides::default())
}

fn recorded(rows: &'static str) -> Result<pushbench_scenario::Plan, pushbench_scenario::Faults> {
    let text = stream("gap = \"50ms\"", "gap = { file = \"gaps.csv\" }");
    let read = |name: &std::path::Path, _: u64| match name.to_str() {
        Some("gaps.csv") => Ok(rows.as_bytes().to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    parse_beside(&text, "x.toml", &Overrides::default(), &read)
}

#[test]
fn wrong_rows_of_a_recording_are_told_with_its_name_and_their_lines() {
    assert_snapshot!(recorded("gap\n50\n\n1ms\n7x\n").unwrap_err().to_string(), @r#"
    x.toml:8: events.gap: gaps.csv:2: `50` is not a duration such as "50ms"
    x.toml:8: events.gap: gaps.csv:5: `7x` is not a duration such as "50ms"
    "#);
    assert_snapshot!(faults(&stream("gap = \"50ms\"", "gap = { file = \"gaps.csv\" }")), @"x.toml:8: events.gap: gaps.csv: cannot be read: no file stands beside a text");
}

#[test]
fn a_recording_becomes_the_law() {
    let plan = recorded("gap_ms\n50\n0.5\n").unwrap();
    let answers = plan.events.answers().unwrap();
    assert_eq!(answers.gap, Law::Replay(vec![50_000_000, 500_000]));
    assert_eq!(
        (answers.parts, &answers.first, answers.stall_ns),
        (Parts::Fixed(20), &Law::Constant(0), 1_000_000_000)
    );
    assert!((plan.events.per_second() - 100.0).abs() < 1e-9, "5 asks a second, 20 parts each");
}
