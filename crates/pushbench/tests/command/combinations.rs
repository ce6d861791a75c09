//! Parts of a scenario in one file: what does not go together is refused, what does is kept apart.

use pushbench_measure::results::{Run, Status};
use pushbench_measure::{Figure, Phase, interval_log};
use std::path::Path;

use crate::folder::{files, histograms, intervals, manifest, sound_but_for_lateness};
use crate::scenario::{ALL_FOUR, SSE, tiny, tiny_but, with_text};

const STREAM: &str = "\"stream\"\nparts = 3\ngap = \"20ms\"\nfirst = \"10ms\"";

#[test]
fn what_does_not_go_together_is_refused_before_anything_runs() {
    let slow = "[slow]\nshare = \"25%\"\nread = \"8KiB/s\"\n";
    let restart = "[life]\nrestart = { at = \"100ms\", for = \"200ms\" }\n";
    let two = "[target]\nprocesses = 2\n";
    let storm = "[life]\nstorm = { at = \"100ms\", share = \"50%\" }\n";
    let pattern = |pattern| ("\"broadcast\"", pattern);
    let chat = pattern("\"chat\"\nmembers = 4");
    let table = [
        // Who is cut off for reading slowly, and who is dropped, are counted apart: there are no clients that are both.
        (
            &[][..],
            format!("{slow}{storm}"),
            "slow: not allowed beside [life] or clients.shape: slow readers stay",
        ),
        (&[][..], format!("{slow}{restart}"), "slow: not allowed beside [life] or clients.shape"),
        // Whoever sends has something to do while its target is away.
        (
            &[chat][..],
            format!("{restart}{two}"),
            "life: not allowed with pattern = \"chat\": broadcast, topics",
        ),
        (
            &[pattern(STREAM)][..],
            storm.to_owned(),
            "life: not allowed with pattern = \"stream\": broadcast, topics",
        ),
        (&[pattern(STREAM)][..], slow.to_owned(), "slow: not allowed with pattern = \"stream\""),
    ];
    for (changes, tables, why) in table {
        let workshop = tiny_but(changes, &format!("{tables}{ALL_FOUR}"));
        for command in ["check", "run"] {
            let ended = workshop.run(&[command, "tiny.toml"]);
            assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{command} {tables}: {ended:?}");
            assert!(ended.err.contains(why), "{command}: no `{why}` in {}", ended.err);
            assert_eq!(files(workshop.path()), ["tiny.toml"], "{command} opens nothing");
        }
    }
}

#[test]
fn a_rate_is_searched_for_of_chats_and_streams_too() {
    for (pattern, said) in [("\"chat\"\nmembers = 4", "1/s of each client"), (STREAM, "1/s asks")] {
        let search =
            "[thresholds]\nlost = \"== 0\"\n[capacity]\nvary = \"rate\"\nfrom = \"1/s\"\nto = \"4/s\"\n";
        let changes = [("\"broadcast\"", pattern), ("rate = \"40/s\"", "rate = \"1/s\"")];
        let checked = tiny_but(&changes, &format!("{SSE}{search}")).run(&["check", "tiny.toml"]);
        assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""), "{checked:?}");
        assert!(checked.out.contains(&format!("  events      {said} evenly, ")), "{}", checked.out);
        assert!(checked.out.contains("  search "), "{}", checked.out);
    }
}

#[test]
fn a_sweep_over_the_share_of_slow_readers_draws_them() {
    let slow = "[slow]\nread = \"8KiB/s\"\n[sweep]\n\"slow.share\" = [\"0%\", \"25%\"]\n";
    let workshop = tiny(&format!("{SSE}{slow}"));
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!((run.status, run.results.len()), (Status::Complete, 2), "{ended:?}");
    assert!(run.results.iter().all(sound_but_for_lateness), "{ended:?}");
    let slow: Vec<Option<u32>> = run.results.iter().map(|result| result.summary.slow_clients).collect();
    assert_eq!(slow[1], Some(2), "{slow:?}");
    assert_eq!(files(&folder.join("charts")), ["slow-readers.png", "sweep.png"]);
}

/// The same transport with events for all, with answers to asks and with messages of a room.
const CASES: &str = r#"
[[cases]]
name = "feed"
[cases.events]
pattern = "broadcast"
rate = "40/s"

[[cases]]
name = "answers"
[cases.events]
pattern = "stream"
rate = "8/s"
parts = 3
gap = "20ms"
first = "10ms"

[[cases]]
name = "room"
[cases.events]
pattern = "chat"
members = 4
rate = "2/s"
"#;

const HEAD: &str = r#"name = "tiny"
[clients]
count = 8
connect_rate = "400/s"
[phases]
warmup = "200ms"
measure = "1s"
drain = "1500ms"
[[transports]]
kind = "websocket"
[thresholds]
lost = "== 0"
"#;

#[test]
fn a_feed_answers_and_a_room_in_one_file_are_kept_apart() {
    let workshop = with_text(&format!("{HEAD}{CASES}"));
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!((run.status, run.results.len()), (Status::Complete, 3), "{ended:?}");
    assert!(run.results.iter().all(sound_but_for_lateness), "{ended:?}");
    assert_rows(&run);
    assert_histograms(&folder, &run);
    for case in ["feed", "answers", "room"] {
        let rows = intervals(&folder, "websocket");
        assert!(rows.iter().any(|row| row.point == case && row.delivered > 0), "{case}");
        assert!(ended.out.contains(case), "{}", ended.out);
    }
    let drawn = |case| files(&folder.join("charts").join(case));
    assert_eq!(files(&folder.join("charts")), ["1-feed", "2-answers", "3-room"]);
    let is_stream = |case| drawn(case).iter().any(|chart| chart == "stream.png");
    assert_eq!(
        ["1-feed", "2-answers", "3-room"].map(is_stream),
        [false, true, false],
        "{:?}",
        drawn("2-answers")
    );
    let again = workshop.run(&["report", folder.to_str().unwrap()]);
    assert_eq!((again.code, &again.out), (Some(0), &ended.out));
}

/// What only one of the three has stands in its row alone.
fn assert_rows(run: &Run) {
    let [feed, answers, room] = [0, 1, 2].map(|at| &run.results[at].summary);
    // 40 events for each of 8; 8 answers of 3 parts; 16 messages for each of 4.
    assert_eq!((feed.expected, feed.delivered), (Some(320), Some(320)), "{feed:?}");
    assert_eq!((answers.expected, answers.delivered), (Some(24), Some(24)), "{answers:?}");
    assert_eq!((room.expected, room.delivered), (Some(64), Some(64)), "{room:?}");
    let of_answers = [feed, answers, room].map(|row| (row.answers, row.answers_cut_short));
    assert_eq!(of_answers, [(None, None), (Some(8), Some(0)), (None, None)]);
    let of_rooms = [feed, answers, room].map(|row| row.messages_late.is_some());
    assert_eq!(of_rooms, [false, false, true]);
}

fn assert_histograms(folder: &Path, run: &Run) {
    let lines = histograms(folder, "websocket");
    let table = [(Figure::Delivery, [320, 24, 48]), (Figure::Answer, [0, 8, 0]), (Figure::Echo, [0, 0, 16])];
    for (figure, counts) in table {
        let of_point = |point| {
            let mark = interval_log::Mark { point: Some(point), step: None };
            interval_log::sum(&lines, figure, Phase::Measure, mark).count()
        };
        assert_eq!([1, 2, 3].map(of_point), counts, "{figure:?}");
    }
    assert_eq!(run.scenario.points.len(), 3);
}
