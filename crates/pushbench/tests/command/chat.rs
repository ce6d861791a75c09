//! Chats by the whole program: members of a room that are in several workers and at one of several targets.

use pushbench_measure::{Figure, Phase, interval_log};

use crate::folder::{histograms, intervals, manifest, sound_but_for_lateness};
use crate::scenario::{ALL_FOUR, tiny_but};

/// Eight clients in two rooms of four, 40 messages a second of all: 8 in the warm-up, 40 that are measured.
const CHAT: [(&str, &str); 2] =
    [("\"broadcast\"", "\"chat\"\nmembers = 4"), ("rate = \"40/s\"", "rate = \"300/m\"")];

#[test]
fn a_tiny_chat_is_counted_to_the_message_over_every_transport() {
    let processes = "[target]\nprocesses = 2\n[workers]\nprocesses = 2\n";
    let workshop = tiny_but(&CHAT, &format!("{ALL_FOUR}{processes}"));
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let run = manifest(&folder);
    assert_eq!(run.results.len(), 4, "{ended:?}");
    for result in &run.results {
        let row = &result.summary;
        assert!(sound_but_for_lateness(result), "{:?}", result.findings);
        assert_eq!((row.publishes, row.expected, row.delivered), (Some(40), Some(160), Some(160)), "{row:?}");
        assert_eq!((row.lost, row.duplicated, row.errors), (Some(0), Some(0), Some(0)), "{row:?}");
        assert!(row.messages_late.is_some(), "{row:?}");
        let lines = histograms(&folder, &row.label);
        let count = |figure| interval_log::sum(&lines, figure, Phase::Measure, None).count();
        assert_eq!(
            (count(Figure::Echo), count(Figure::Delivery), count(Figure::Slip)),
            (40, 120, 40),
            "{row:?}"
        );
        // Each target publishes what its own clients send, so no second has a message twice.
        let published: u64 = intervals(&folder, &row.label).iter().map(|second| second.published).sum();
        assert_eq!(published, 48, "{row:?}");
        let connections = if row.kind == "websocket" { 8 } else { 16 };
        assert_eq!(row.opened, Some(connections), "{row:?}");
    }
    assert!(ended.out.contains("tiny: chat: 2 rooms of 4, 40 messages/s of 200 B"), "{}", ended.out);
    assert!(ended.out.contains("echo to the sender"), "{}", ended.out);
}

#[test]
fn a_room_larger_than_all_clients_ends_before_anything_runs() {
    let workshop = tiny_but(&[CHAT[0], CHAT[1], ("members = 4", "members = 9")], ALL_FOUR);
    let ended = workshop.run(&["run", "tiny.toml"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("events.members: a room of 9 is larger than all 8 clients"), "{}", ended.err);
    assert!(workshop.run_folders().is_empty());
}
