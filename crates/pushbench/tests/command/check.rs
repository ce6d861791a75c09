//! What is refused before anything begins.

use insta::assert_snapshot;
use std::fs;
use std::path::Path;

use crate::folder::files;
use crate::process::{run, start, start_with_files};
use crate::scenario::{SSE, tiny, with_text};

#[test]
fn every_shipped_scenario_passes() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let shipped: Vec<String> =
        files(&scenarios).into_iter().filter(|name| name.strip_suffix(".toml").is_some()).collect();
    assert!(shipped.len() >= 6, "{shipped:?}");
    for name in shipped {
        let mut ended = start(&scenarios, &["check", &name]).ended();
        let text = fs::read_to_string(scenarios.join(&name)).unwrap();
        if text.contains("\n# Needs:") && ended.code == Some(3) {
            // A machine without room for all of it has room for some.
            assert!(ended.err.contains("--clients max takes as many as fit"), "{}", ended.err);
            ended = start(&scenarios, &["check", &name, "--clients", "max"]).ended();
            assert!(ended.err.starts_with(&format!("{name}: --clients max is ")), "{}", ended.err);
            ended.err.clear();
        }
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{name}");
        let scenario = name.trim_end_matches(".toml");
        assert!(ended.out.starts_with(&format!("{scenario}: ")), "{}", ended.out);
    }
}

/// A stream whose gaps are replayed.
const REPLAYED: &str = r#"name = "tiny"
[clients]
count = 8
[events]
pattern = "stream"
rate = "1/s"
parts = 5
gap = { file = "gaps.csv" }
[phases]
measure = "1s"
[[transports]]
kind = "sse"
"#;

#[test]
fn wrong_rows_of_a_recording_are_told_with_their_lines_before_anything_runs() {
    let workshop = with_text(REPLAYED);
    fs::write(workshop.path().join("gaps.csv"), "gap_ms\n40\n\n40ms\n5000000\n").unwrap();
    let said = ["check", "run"].map(|command| {
        let ended = workshop.run(&[command, "tiny.toml"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{command}");
        assert_eq!(files(workshop.path()), ["gaps.csv", "tiny.toml"], "{command} opens nothing");
        ended.err
    });
    assert_eq!(said[0], said[1]);
    assert_snapshot!(said[0], @r#"
    error: tiny.toml:8: events.gap: gaps.csv:4: `40ms` is not a number of milliseconds such as 50 or 12.5
    tiny.toml:8: events.gap: gaps.csv:5: `5000000` is out of range: up to 1h
    "#);
}

/// Three faults in one file.
const FAULTY: &str = r#"nmae = "tiny"
[clients]
count = 0
[events]
pattern = "broadcast"
rate = 5
[phases]
measure = "1s"
[[transports]]
kind = "sse"
"#;

#[test]
fn every_fault_of_every_file_is_listed_and_nothing_is_made() {
    let workshop = with_text(FAULTY);
    fs::write(workshop.path().join("other.toml"), "name = \"Other\"\n").unwrap();
    let said = ["check", "run"].map(|command| {
        let ended = workshop.run(&[command, "tiny.toml", "other.toml", "gone.toml"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{command}");
        assert_eq!(files(workshop.path()), ["other.toml", "tiny.toml"], "{command} opens nothing");
        ended.err
    });
    assert_eq!(said[0], said[1]);
    assert_snapshot!(said[0], @r#"
    error: tiny.toml:1: nmae: unknown key, allowed: name, network, seed, title, clients, events, phases, life, slow, transports, thresholds, target, workers, capacity, sweep, cases
      hint: did you mean `name`?
    tiny.toml:1: name: missing: lowercase letters, digits and hyphens
    tiny.toml:3: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    tiny.toml:6: events.rate: found integer `5`, expected a rate such as "5/s"
    other.toml:1: name: `Other`: it becomes a folder's name: 1 to 64 lowercase letters, digits and hyphens, no hyphen first or last
    other.toml:1: clients.count: missing: a whole number from 1 to 10000000, or a rising list of such numbers
    other.toml:1: events.pattern: missing: "broadcast", "topics", "stream" or "chat"
    other.toml:1: events.rate: missing: a rate such as "5/s"
    other.toml:1: phases.measure: missing: a duration such as "30s"
    other.toml:1: transports: missing: at least one [[transports]]
    gone.toml: cannot be read: No such file or directory (os error 2)
    "#);
}

#[test]
fn a_threshold_on_an_unknown_figure_is_refused_with_the_nearest_name() {
    let ended =
        tiny(&format!("{SSE}[thresholds]\nlatency_p98 = \"< 5ms\"\n[thresholds.sse]\nlosst = \"== 0\"\n"))
            .run(&["run", "tiny.toml"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert_snapshot!(ended.err, @r"
    error: tiny.toml:16: thresholds.latency_p98: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: did you mean `latency_p99`?
    tiny.toml:18: thresholds.sse.losst: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: did you mean `lost`?
    ");
}

#[test]
fn a_label_that_does_not_exist_is_named() {
    let ended = tiny(SSE).run(&["run", "tiny.toml", "--only", "ssse"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert_snapshot!(ended.err, @r"
    error: tiny.toml: --only: no transport has the label `ssse`, labels are sse
      hint: did you mean `sse`?
    ");
}

#[test]
fn more_clients_than_the_machine_has_room_for_are_refused() {
    let workshop = tiny(SSE);
    for command in ["check", "run"] {
        let ended = workshop.run(&[command, "tiny.toml", "--clients", "10000000"]);
        assert_eq!(ended.code, Some(3), "{command}");
        assert!(ended.err.starts_with("error: tiny.toml: "), "{}", ended.err);
        for part in [" here, ", " needed for 10000000 clients of `sse`; ", " would fit\n", "hint: "] {
            assert!(ended.err.contains(part), "{command}: no `{part}` in {}", ended.err);
        }
        assert_eq!(files(workshop.path()), ["tiny.toml"], "{command} opens nothing");
    }
}

#[test]
fn max_is_as_many_clients_as_fit_in_one_step_and_it_is_said_why() {
    let workshop = tiny(&format!("{SSE}[target]\nprocesses = 1\n[workers]\nprocesses = 1\n"));
    let max = |files: u32| {
        let arguments = ["check", "tiny.toml", "--clients", "max"];
        start_with_files(workshop.path(), files, &arguments).ended()
    };
    let all = max(1000);
    assert_eq!(
        (all.code, all.err.as_str()),
        (Some(0), "tiny.toml: --clients max is 8: the scenario's largest step fits\n")
    );
    // Nine tenths of 225 files less 200.
    let some = max(225);
    assert_eq!(some.code, Some(0), "{}", some.err);
    assert_eq!(
        some.err,
        "tiny.toml: --clients max is 2: open files of a target process forbids more of `sse`\n"
    );
    assert!(some.out.contains("  changed by  --clients 2\n"), "{}", some.out);
    let none = max(100);
    assert_eq!(none.code, Some(3));
    assert!(none.err.contains("; 0 would fit\n"), "{}", none.err);
}

#[test]
fn a_results_folder_that_cannot_be_is_refused_before_anything_starts() {
    let workshop = tiny(SSE);
    fs::write(workshop.path().join("taken"), "").unwrap();
    for out in ["taken", "taken/below"] {
        let ended = workshop.run(&["run", "tiny.toml", "--out", out]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""), "{out}");
        assert_eq!(
            ended.err,
            format!(
                "error: cannot make a results folder in {out}: Not a directory (os error 20)\n\
                 hint: choose another with --out DIR\n"
            )
        );
    }
    assert_eq!(files(workshop.path()), ["taken", "tiny.toml"]);
}

#[test]
fn a_folder_that_is_no_run_cannot_be_reported() {
    let workshop = tiny(SSE);
    for folder in [".", "nowhere"] {
        let ended = workshop.run(&["report", folder]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""), "{folder}");
        assert!(ended.err.contains("run.json"), "{}", ended.err);
    }
    assert_eq!(files(workshop.path()), ["tiny.toml"], "report makes nothing where there is no run");
    assert_eq!(run(&["report"]).code, Some(2));
}
