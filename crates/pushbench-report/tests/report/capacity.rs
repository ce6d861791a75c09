//! What is shown of a capacity search: what was found first, and of the way there what belongs to it.

use pushbench_measure::results::{
    CapacityRecord, PointRecord, ProbeRecord, Run, Setup, Status, ThresholdResult, Vary,
};
use pushbench_measure::verdict::{Cause, Observed, judge};
use pushbench_report::RunFolder;
use pushbench_report::table::{Style, markdown, render};

use crate::charts::{BLUE, drawn};
use crate::synthetic::{Shape, folder};

fn record(label: &str, found: Option<f64>, cause: Cause) -> CapacityRecord {
    let probe = |value, passed| ProbeRecord {
        value,
        point: None,
        round: 1,
        passed,
        cause: (!passed).then_some(cause),
        why: String::new(),
        measure_s: 3.0,
        capped: false,
    };
    CapacityRecord {
        label: label.to_owned(),
        vary: Vary::Clients,
        from: 100.0,
        to: 10_000.0,
        precision: 0.05,
        limits: vec!["latency_p99 < 20ms".to_owned()],
        complete: true,
        found,
        at_least: cause.leaves_more(),
        confirmed: found.is_some(),
        failed_at: Some(10_000.0),
        cause: Some(cause),
        why: "latency_p99 < 20ms, measured 98.0 ms".to_owned(),
        probes: vec![probe(100.0, found.is_some()), probe(10_000.0, false)],
    }
}

/// Three transports at 100 and 10,000 clients, of which the latter were too many.
fn searched() -> RunFolder {
    let mut folder =
        folder(&Shape { transports: 3, steps: vec![100, 10_000], measure_s: 3, ..Shape::default() });
    let labels: Vec<String> = folder.run.transports.iter().map(|transport| transport.label.clone()).collect();
    folder.run.capacity = vec![
        record(&labels[0], None, Cause::Latency),
        record(&labels[1], Some(100.0), Cause::Latency),
        record(&labels[2], Some(100.0), Cause::Generator),
    ];
    for result in &mut folder.run.results {
        if result.summary.step == Some(10_000) {
            let missed = ("latency_p99".to_owned(), "< 20ms".to_owned());
            let missed =
                ThresholdResult { figure: missed.0, condition: missed.1, measured: Some(9.8e4), met: false };
            result.thresholds = vec![missed];
            result.findings = judge(&Observed { worker_busy: Some(0.99), ..Observed::default() });
        }
    }
    folder
}

fn table(run: &Run) -> String {
    render(run, Style::default())
}

#[test]
fn what_was_found_stands_first_and_what_was_too_much_is_no_doubt_about_it() {
    let run = searched().run;
    let text = table(&run);
    let begin = text.find("capacity within").unwrap();
    let end = text.find("Below: ").unwrap();
    insta::assert_snapshot!(text[begin..end].trim_end(), @r"
    capacity within its thresholds                   bears                          limited by  too much  confirmed  probes
    short-polling                   fewer than 100 clients                             latency    10,000         no       2
    long-polling                               100 clients                             latency    10,000        yes       2
    sse                               at least 100 clients  the load generator is at its limit    10,000        yes       2

    thresholds: latency_p99 < 20ms
    short-polling: at 10,000 clients latency_p99 < 20ms, measured 98.0 ms
    long-polling: at 10,000 clients latency_p99 < 20ms, measured 98.0 ms
    sse: at 10,000 clients latency_p99 < 20ms, measured 98.0 ms
    ");
    assert!(
        !text.contains("INVALID") && !text.contains("MISSED") && !text.contains("10,000 clients is"),
        "{text}"
    );
    let rows = text.lines().filter(|line| line.starts_with("short-polling ") && line.contains('/'));
    assert_eq!(rows.count(), 0, "nothing was found for it: {text}");
    let markdown = markdown(&run);
    assert!(
        markdown.contains("| sse | at least 100 clients | the load generator is at its limit |"),
        "{markdown}"
    );
}

#[test]
fn probes_that_were_too_short_are_told_of_whether_they_passed_or_not() {
    let mut run = searched().run;
    let labels: Vec<String> = run.capacity.iter().map(|record| record.label.clone()).collect();
    let is_told =
        |text: &str, label: &str| text.contains(&format!("{label}, warning: probes were too short"));
    assert!(labels.iter().all(|label| !is_told(&table(&run), label)));
    run.capacity[0] = record(&labels[0], None, Cause::NotMeasured);
    // The first search has none that passed.
    for (record, place) in run.capacity.iter_mut().zip([0, 0, 1]) {
        record.probes[place].capped = true;
    }
    let text = table(&run);
    assert!(labels.iter().all(|label| is_told(&text, label)), "{text}");
    let row = text.lines().find(|line| line.starts_with("short-polling ")).unwrap_or_default();
    assert!(row.contains(" unknown ") && row.contains(" not measured "), "{text}");
}

#[test]
fn a_search_that_was_cut_short_says_so() {
    let mut run = searched().run;
    (run.status, run.reason) = (Status::Partial, Some("interrupted".to_owned()));
    let last = run.capacity.last_mut().unwrap();
    (last.complete, last.at_least) = (false, true);
    let text = table(&run);
    assert!(text.contains("PARTIAL RUN: interrupted") && text.contains("cut short"), "{text}");
}

#[test]
fn the_charts_of_a_search_are_what_was_found_and_the_way_there() {
    let pictures = drawn(&searched());
    assert_eq!(pictures.keys().collect::<Vec<_>>(), ["capacity-found.png", "capacity.png"]);
    // The bar of SSE, and nothing of one that was not found.
    assert!(pictures["capacity-found.png"].count(BLUE) > 10_000);
    let mut nothing = searched();
    nothing.run.capacity[2] = record("sse", None, Cause::Generator);
    assert!(drawn(&nothing)["capacity-found.png"].count(BLUE) < 2_000);
}

/// A search of SSE for a rate: 5/s passed, 10/s was too much. A point of it has so many events a second more.
fn searched_for_a_rate(pattern: &str, members: Option<u32>, times: f64) -> RunFolder {
    let mut folder = folder(&Shape { transports: 3, measure_s: 3, ..Shape::default() });
    let scenario = &mut folder.run.scenario;
    (scenario.setup.pattern, scenario.setup.members) = (pattern.to_owned(), members);
    let tried = [5.0, 10.0];
    let name = |rate: f64| format!("{rate}/s");
    let setup = scenario.setup.clone();
    let setup = |rate: f64| Setup { events_per_second: rate * times, ..setup.clone() };
    let point = |rate| PointRecord { name: name(rate), setup: setup(rate), ..PointRecord::default() };
    scenario.points = tried.map(point).to_vec();
    let result = folder.run.results.swap_remove(2);
    folder.run.results = tried.map(|_| result.clone()).to_vec();
    let label = result.summary.label;
    let mut record = CapacityRecord {
        vary: Vary::Rate,
        from: 5.0,
        to: 10.0,
        failed_at: Some(10.0),
        ..record(&label, Some(5.0), Cause::Loss)
    };
    for ((rate, probe), result) in tried.into_iter().zip(&mut record.probes).zip(&mut folder.run.results) {
        (probe.value, probe.point) = (rate, Some(name(rate)));
        result.summary.point = Some(name(rate));
    }
    folder.run.capacity = vec![record];
    folder
}

#[test]
fn a_search_for_a_rate_is_drawn_against_the_rate() {
    let folder = searched_for_a_rate("broadcast", None, 1.0);
    let text = table(&folder.run);
    assert!(text.contains("5 events/s") && !text.contains("points, over"), "{text}");
    assert!(drawn(&folder)["capacity.png"].count(BLUE) > 200);
}

#[test]
fn a_rate_is_counted_as_its_pattern_does_and_the_row_at_what_was_found_is_shown() {
    let table_of = [
        ("broadcast", None, 1.0, "5 events/s", "events of 256 B"),
        ("stream", None, 20.0, "5 asks/s", "parts of 256 B"),
        ("chat", Some(10), 1_000.0, "5 messages/s of each member", "messages of 256 B"),
    ];
    for (pattern, members, times, found, of_size) in table_of {
        let folder = searched_for_a_rate(pattern, members, times);
        let text = table(&folder.run);
        let (above, below) = text.split_once("Below: ").unwrap();
        assert!(above.lines().any(|line| line.starts_with("sse ") && line.contains(found)), "{text}");
        let row = |rate: &str| below.lines().filter(|line| line.starts_with(rate)).count();
        // One in each of the blocks below, and none of what was too much.
        assert!(row("5/s ") > 1 && row("10/s ") == 0, "{text}");
        assert!(text.contains(of_size), "{text}");
        assert!(drawn(&folder)["capacity.png"].count(BLUE) > 200, "{pattern}");
    }
}
