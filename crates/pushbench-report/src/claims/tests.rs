use pushbench_measure::results::{PointRecord, Run, ScenarioRecord, Setup, StepResult, Summary};
use pushbench_measure::verdict::{BOUNDS, Condition, Finding, Level};
use serde_json::{Map, Value, json};

use super::evidence::Evidence;
use super::{Verdict, every, long_polling, markdown, render, rows, short_polling, sse, websocket, wrapped};
use crate::table::Style;
use verdicts::VERDICTS;

mod verdicts;

/// Made-up figures of a run in which most of what is said is as one would expect: case and label, then columns.
const TYPICAL: &str = "
    rare poll: latency_p50_us=510000 latency_max_us=1000000 empty_reply_share=0.95 wire_down_bytes_per_event=4000 wire_up_bytes_per_event=3000 target_cpu_us_per_event=400 target_cpu_us_per_client_second=20 opened_per_second=0 delivered=200
    rare poll-2s: latency_p50_us=990000 latency_max_us=1990000 target_cpu_us_per_client_second=10
    rare poll-close: opened_per_second=400 delivered=200
    rare long-poll: latency_p50_us=200 latency_p90_us=900 wire_down_bytes_per_event=1500 wire_up_bytes_per_event=1000 wire_down_framing_bytes_per_event=900 wire_up_framing_bytes_per_event=900 opened_per_second=0 delivered=200 wire_down_payload_bytes_per_event=260
    rare long-poll-close: opened_per_second=100 delivered=200
    rare long-poll-check: latency_p50_us=50000
    rare sse: latency_p90_us=800 wire_down_bytes_per_event=400 wire_up_bytes_per_event=50 wire_down_framing_bytes_per_event=100 wire_up_framing_bytes_per_event=50 target_cpu_us_per_event=10 target_cpu_us_per_client_second=1 wire_down_payload_bytes_per_event=260
    rare websocket: latency_p90_us=700 wire_down_bytes_per_event=380 wire_up_bytes_per_event=50 target_cpu_us_per_event=10 target_cpu_us_per_client_second=1
    few poll-2s: clients=20 target_cpu_us_per_client_second=10
    few long-poll: clients=20 target_cpu_us_per_client_second=4
    few sse: clients=20 target_cpu_us_per_client_second=1
    few websocket: clients=20 target_cpu_us_per_client_second=1.02
    busy poll: empty_reply_share=0 wire_down_bytes_per_event=310 wire_up_bytes_per_event=20 target_cpu_us_per_event=3 target_cpu_us_per_client_second=150
    busy long-poll: latency_p50_us=800 latency_p99_us=3000 wire_down_bytes_per_event=700 wire_up_bytes_per_event=400 wire_down_framing_bytes_per_event=400 wire_up_framing_bytes_per_event=400 target_cpu_us_per_event=30 events_per_read=1 wire_down_payload_bytes_per_event=260
    busy sse: clients=100 opened=100 requests_per_event=0.0001 latency_p99_us=2000 wire_down_bytes_per_event=350 wire_up_bytes_per_event=52 wire_down_framing_bytes_per_event=90 wire_up_framing_bytes_per_event=52 target_cpu_us_per_event=6 wire_down_payload_bytes_per_event=260 target_cpu_us_per_client_second=300
    busy websocket: latency_p99_us=2000 wire_down_bytes_per_event=320 wire_up_bytes_per_event=52 target_cpu_us_per_event=6
    flood long-poll: target_cpu_us_per_event=20 events_per_read=2
    flood sse: target_cpu_us_per_event=5
    idle poll: idle_target_cpu_us_per_client_second=18 target_bytes_per_client=900 kernel_bytes_per_client=15000
    idle long-poll: idle_target_cpu_us_per_client_second=4 idle_wire_bytes_per_client_minute=6000 target_bytes_per_client=900 kernel_bytes_per_client=15000
    idle long-poll-short: opened=400 clients=400 idle_wire_bytes_per_client_minute=30000
    idle long-poll-check: idle_target_cpu_us_per_client_second=40
    idle sse: idle_target_cpu_us_per_client_second=0.4 idle_wire_bytes_per_client_minute=900 target_bytes_per_client=900 kernel_bytes_per_client=15000
    idle websocket: idle_target_cpu_us_per_client_second=0.4 target_bytes_per_client=950 kernel_bytes_per_client=15000
    idle-close long-poll-close: opened=4000 clients=400 idle_wire_bytes_per_client_minute=40000
    many poll-200ms: clients=500 lost=0 latency_p99_us=210000 target_cpu_us_per_client_second=100
    many poll-200ms: clients=2000 lost=0 latency_p99_us=900000 target_cpu_us_per_client_second=100
    many long-poll: clients=2000 lost=0 latency_p99_us=90000 target_cpu_us_per_client_second=50
    many sse: clients=2000 lost=0 latency_p99_us=30000 target_cpu_us_per_client_second=15
    many websocket: clients=2000 lost=0 latency_p99_us=30000 target_cpu_us_per_client_second=15
    many sse: clients=500 lost=0 latency_p99_us=20000 target_cpu_us_per_client_second=15
    many websocket: clients=500 lost=0 latency_p99_us=20000 target_cpu_us_per_client_second=15
    binary-sse sse: wire_down_bytes_per_event=4300
    binary-websocket websocket: wire_down_bytes_per_event=3200
    stream sse: first_part_p50_us=52000 answer_p50_us=1000000
    stream websocket: first_part_p50_us=51000 answer_p50_us=1000000
    stream poll-200ms: first_part_p50_us=150000 answer_p50_us=1100000
    chat sse: latency_p99_us=3000 target_cpu_us_per_event=20 wire_up_bytes_per_event=120 wire_down_bytes_per_event=420 publishes=100 delivered=1000
    chat websocket: latency_p99_us=1000 target_cpu_us_per_event=8 wire_up_bytes_per_event=55 wire_down_bytes_per_event=330 publishes=100 delivered=1000
    chat-fast sse: latency_p99_us=9000 target_cpu_us_per_event=20
    chat-fast websocket: latency_p99_us=4000 target_cpu_us_per_event=8
    storm-resume sse: dropped=100 back=100 back_p50_us=3000000 missed=0 lost=0 duplicated=0
    storm-resume websocket: missed=0 lost=0 duplicated=0
    storm-forget sse: missed=800 lost=800 duplicated=0
    storm-forget websocket: missed=500 lost=500 duplicated=0
    job poll: wire_down_bytes_per_event=900 wire_up_bytes_per_event=600 requests_per_event=1.2 answer_p50_us=3000000
    job sse: wire_down_bytes_per_event=300 wire_up_bytes_per_event=50 requests_per_event=0.17 answer_p50_us=2500000
";

const ALL_NUMBERS: [u8; 24] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24];

fn result(line: &str) -> StepResult {
    let (place, figures) = line.split_once(':').unwrap();
    let (case, label) = place.trim().split_once(' ').unwrap();
    let mut row = Map::from_iter([
        ("point".to_owned(), json!(case)),
        ("label".to_owned(), json!(label)),
        ("clients".to_owned(), json!(400)),
        ("publishes".to_owned(), json!(10_000)),
    ]);
    for figure in figures.split_whitespace() {
        let (column, value) = figure.split_once('=').unwrap();
        assert!(Summary::FIGURES.contains(&column), "{column}");
        row.insert(column.to_owned(), serde_json::from_str(value).unwrap());
    }
    StepResult {
        complete: true,
        summary: serde_json::from_value(Value::Object(row)).unwrap(),
        intervals: std::collections::BTreeMap::new(),
        rounds: Vec::new(),
        processes: (1, 1),
        findings: Vec::new(),
        thresholds: Vec::new(),
    }
}

fn run_of(lines: &str) -> Run {
    let results: Vec<StepResult> = lines.lines().filter(|line| !line.trim().is_empty()).map(result).collect();
    let transport = |label: &str, settings: &str, us: Option<u64>| json!({ "label": label, "kind": label, "kind_index": 0, "settings": settings, "poll_interval_us": us });
    let polling = |label: &str, us| transport(label, "", Some(us));
    let setup = Setup { measure_s: 5.0, ..Setup::default() };
    let scenario = ScenarioRecord { setup, ..ScenarioRecord::default() };
    let run = json!({
        "format": 2, "version": "0", "commit": null, "command": [], "started": "2026-01-01T00:00:00Z", "finished": null,
        "status": "complete", "reason": null, "scenario": scenario,
        "host": pushbench_measure::results::Host::default(), "calibration": null,
        "transports": [
            polling("poll", 1_000_000), polling("poll-2s", 2_000_000), polling("poll-200ms", 200_000),
            transport("sse", "heartbeat 5s", None), transport("websocket", "text messages, ping 7s", None)
        ],
        "results": results
    });
    serde_json::from_value(run).unwrap()
}

/// The typical run with one figure of one row changed.
fn with(changes: &[(&str, &str, &str)]) -> Run {
    let mut text = TYPICAL.to_owned();
    for (place, column, value) in changes {
        let line =
            text.lines().find(|line| line.trim().starts_with(&format!("{place}:"))).unwrap().to_owned();
        let figure = line.split_whitespace().find(|word| word.starts_with(&format!("{column}="))).unwrap();
        let changed = line.replacen(&format!(" {figure}"), &format!(" {column}={value}"), 1);
        text = text.replacen(&line, &changed, 1);
    }
    run_of(&text)
}

fn verdict(run: &Run, number: u8) -> Verdict {
    let claims = [short_polling::CLAIMS, long_polling::CLAIMS, sse::CLAIMS, websocket::CLAIMS, every::CLAIMS];
    let claim = claims.into_iter().flatten().find(|claim| claim.number == number).unwrap();
    (claim.answer)(&Evidence::new(run)).unwrap_or_else(|gap| panic!("{number}: {gap}")).verdict
}

#[test]
fn every_verdict_follows_from_its_figures() {
    for &(number, changes, expected) in VERDICTS {
        let found = verdict(&with(changes), number).to_string();
        assert!(found.starts_with(expected), "claim {number} with {changes:?}: {found}");
    }
    for number in [18, 19, 20, 21, 22, 24] {
        assert_eq!(verdict(&with(&[]), number), Verdict::Confirmed, "{number}");
    }
}

/// Figures of the typical run that the row of several rounds has as their sum.
const COUNTS: [&str; 8] =
    ["delivered", "duplicated", "lost", "publishes", "opened", "dropped", "back", "missed"];

/// The same, measured in so many rounds that are all alike.
fn repeated(run: &Run, rounds: u32) -> Run {
    let mut run = run.clone();
    for result in &mut run.results {
        let of_one = result.summary.clone();
        let mut row = serde_json::to_value(&of_one).unwrap();
        for count in COUNTS {
            if let Some(of_each) = row[count].as_u64() {
                row[count] = json!(of_each * u64::from(rounds));
            }
        }
        result.summary = serde_json::from_value(row).unwrap();
        let round = |round| json!({ "round": round, "complete": true, "summary": of_one, "findings": [] });
        let rounds: Vec<Value> = (1..=rounds).map(round).collect();
        result.rounds = serde_json::from_value(json!(rounds)).unwrap();
    }
    run
}

#[test]
fn rounds_that_are_alike_say_what_one_of_them_says() {
    let answers = |run: &Run| -> Vec<(u8, String, String)> {
        rows(run).into_iter().map(|row| (row.number, row.verdict.text, row.measured)).collect()
    };
    let one = with(&[]);
    assert_eq!(answers(&one).len(), ALL_NUMBERS.len());
    for rounds in [1, 2, 3] {
        let several = repeated(&one, rounds);
        let opened = |run: &Run| run.results.iter().filter_map(|row| row.summary.opened).sum::<u64>();
        assert_eq!(opened(&several), opened(&one) * u64::from(rounds));
        assert_eq!(answers(&several), answers(&one), "{rounds} rounds");
    }
}

#[test]
fn what_went_wrong_in_one_round_of_several_is_not_rounded_away() {
    let mut run = repeated(&with(&[]), 3);
    let is = |row: &&mut StepResult| row.summary.point.as_deref() == Some("storm-resume");
    let row = run.results.iter_mut().find(is).unwrap();
    (row.summary.back, row.summary.missed) = (Some(299), Some(1));
    let row = &rows(&run)[15];
    assert!(row.measured.starts_with("99 of 100 dropped clients back"), "{}", row.measured);
    assert!(row.measured.contains("1 events missed, 0 doubled"), "{}", row.measured);
    assert_eq!(row.verdict.text, "refuted");
}

#[test]
fn all_claims_have_a_row_in_order_and_words() {
    let run = with(&[]);
    let rows = rows(&run);
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), ALL_NUMBERS);
    for row in &rows {
        assert_ne!(row.verdict.text, "not measured", "{}: {}", row.number, row.measured);
        assert!(!row.measured.contains(['–', '∞']), "{}: {}", row.number, row.measured);
    }
    let text = render(&run, Style { color: false, width: Some(80) });
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let table = markdown(&run);
    assert_eq!(table.lines().filter(|line| line.starts_with("| ")).count(), 26, "{table}");
}

#[test]
fn what_is_not_there_or_not_valid_is_not_measured_and_it_is_said_why() {
    let answers = |run: &Run| -> Vec<(String, String)> {
        rows(run).into_iter().map(|row| (row.verdict.text, row.measured)).collect()
    };
    let mut run = with(&[]);
    run.results.retain(|result| result.summary.label != "poll-2s");
    let at = |case: &str, label: &str, run: &Run| {
        let is = |row: &StepResult| row.summary.point.as_deref() == Some(case) && row.summary.label == label;
        run.results.iter().position(is).unwrap()
    };
    let storm = at("storm-forget", "sse", &run);
    run.results[storm].complete = false;
    let stream = at("stream", "sse", &run);
    run.results[stream].summary.first_part_p50_us = None;
    let lost = Finding::new(&BOUNDS[0], Level::Breach, 1.0, "3 events lost".to_owned(), None);
    let busy = at("busy", "long-poll", &run);
    run.results[busy].findings.push(lost);
    let said = answers(&run);
    let not = |why: &str| ("not measured".to_owned(), why.to_owned());
    assert_eq!(said[0], not("poll-2s was not measured in case rare"));
    assert_eq!(said[6], not("long-poll is not valid in case busy: 3 events lost"));
    assert_eq!(said[15], not("sse was cut short in case storm-forget"));
    assert_eq!(said[17], not("sse has no first_part_p50_us in case stream"));
}

#[test]
fn a_generator_that_gives_out_says_at_least_so_many_and_confirms_nothing() {
    let mut run = with(&[]);
    let at = run.results.iter().position(|row| row.summary.latency_p99_us == Some(900_000)).unwrap();
    let finding = |condition, level, value| {
        let bound = BOUNDS.iter().find(|bound| bound.condition == condition).unwrap();
        Finding::new(bound, level, value, "seen".to_owned(), None)
    };
    // A worker that is busier than the target counts as well where the limit is missed, and a machine that holds up the publisher.
    let gave_out = [
        vec![finding(Condition::WorkerBusy, Level::Breach, 0.99)],
        vec![
            finding(Condition::WorkerBusy, Level::Warning, 0.9),
            finding(Condition::TargetBusy, Level::Ok, 0.5),
        ],
        vec![finding(Condition::PublishSlip, Level::Breach, 5e4)],
    ];
    for findings in gave_out {
        run.results[at].findings = findings;
        let row = &rows(&run)[3];
        assert!(
            row.measured.starts_with("within 250 ms: at least 500 clients that poll"),
            "{}",
            row.measured
        );
        // CPU is compared where all of them are valid.
        let doubted = run.results[at].validity() == Level::Breach;
        assert_eq!(row.measured.contains("the target with 500 of"), doubted, "{}", row.measured);
        assert_eq!(
            row.verdict.text,
            "depends on a larger machine: something other than the transport gave out first"
        );
    }
    run.results[at].findings = vec![finding(Condition::TargetBusy, Level::Warning, 0.9)];
    let row = &rows(&run)[3];
    assert!(row.measured.starts_with("within 250 ms: 500 clients"), "{}", row.measured);
    assert_eq!(row.verdict.text, "confirmed");
}

#[test]
fn percentiles_that_few_publishes_stand_behind_are_marked() {
    let number_of = |run: &Run, claim: usize| rows(run)[claim - 1].measured.clone();
    let few = with(&[("chat sse", "publishes", "150")]);
    assert!(number_of(&with(&[]), 7).contains("p99 3.00 ms (push 2.00 ms)"), "{}", number_of(&with(&[]), 7));
    assert!(number_of(&few, 21).contains("(SSE with POST ~3.00 ms"), "{}", number_of(&few, 21));
}

#[test]
fn what_push_costs_while_nothing_happens_is_told_with_its_heartbeats() {
    let said = |run: &Run| rows(run)[2].measured.clone();
    let begins = |run: &Run, beginning: &str| {
        let said = said(run);
        assert!(
            said.starts_with(&format!("idle client-second: 18.0 µs polling every 1 s ({beginning}); ")),
            "{said}"
        );
    };
    begins(&with(&[]), "push, ping 7s: 0.4 µs");
    let dearer = [("idle sse", "idle_target_cpu_us_per_client_second", "0.5")];
    begins(&with(&dearer), "push, heartbeat 5s: 0.5 µs");
    let mut unknown = with(&[]);
    unknown.transports.iter_mut().for_each(|transport| transport.settings.clear());
    begins(&unknown, "push: 0.4 µs");
}

#[test]
fn events_are_said_to_share_replies_only_where_they_do() {
    let said = |reads: &'static str| {
        let dear = ("busy long-poll", "target_cpu_us_per_event", "9");
        verdict(&with(&[dear, ("flood long-poll", "events_per_read", reads)]), 12).to_string()
    };
    let shared = "depends on the rate and what may be paid: where more happens, events share a reply";
    assert_eq!(
        (said("1.25").as_str(), said("1.24").as_str()),
        (shared, "depends on the rate, and what may be paid")
    );
}

#[test]
fn memory_without_the_kernel_s_share_is_not_measured() {
    let mut run = with(&[]);
    for row in &mut run.results {
        row.summary.kernel_bytes_per_client = None;
    }
    let row = &rows(&run)[22];
    assert_eq!(row.verdict.text, "not measured");
    assert_eq!(row.measured, "poll has no kernel_bytes_per_client in case idle");
}

#[test]
fn a_polling_interval_is_that_of_its_case() {
    let mut run = with(&[]);
    let mut transports = run.transports.clone();
    transports[0].poll_interval_us = Some(3_000_000);
    let setup = Setup { measure_s: 50.0, ..Setup::default() };
    let name = "rare".to_owned();
    run.scenario.points = vec![PointRecord { name, setup, transports, ..PointRecord::default() }];
    let rows = rows(&run);
    assert!(
        rows[0].measured.starts_with("every 3 s: p50 510 ms (theory, half of it: 1.5 s)"),
        "{}",
        rows[0].measured
    );
    assert_eq!(rows[0].verdict.text, "refuted");
    assert_eq!(
        rows[4].measured,
        "sockets per event, rare events: 100 with Connection: close, 0 with keep-alive"
    );
}

#[test]
fn a_run_that_is_not_one_of_claims_has_no_such_table() {
    let mut run = with(&[]);
    run.results.retain(|row| ["rare", "busy"].contains(&row.summary.point.as_deref().unwrap()));
    assert_eq!((render(&run, Style::default()), markdown(&run)), (String::new(), String::new()));
    for result in &mut run.results {
        result.summary.point = None;
    }
    assert!(rows(&run).is_empty());
}

#[test]
fn words_are_wrapped_and_a_long_one_has_a_line_of_its_own() {
    assert_eq!(wrapped("   one two three", 10, 3), ["   one two", "   three"]);
    assert_eq!(wrapped("1 overlongword x", 8, 2), ["1", "  overlongword", "  x"]);
}
