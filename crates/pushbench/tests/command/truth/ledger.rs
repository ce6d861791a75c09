//! Known events dropped, doubled and swapped: the ledger counts exactly those, whatever the transport.

use pushbench_measure::results::Status;
use pushbench_measure::verdict::{Condition, Level};

use super::run_with;
use crate::scenario::{ALL_FOUR, tiny};

#[test]
fn dropped_doubled_and_swapped_events_are_counted_exactly() {
    let workshop = tiny(ALL_FOUR);
    // Events 1 to 8 are due in the warm-up, 9 to 48 in the measure phase; 8 clients get each.
    // Dropped: 10, 20, 30, 40. Doubled: 7, 14, 21, 28, 35, 42. Held for their successors: 12, 24, 36, and 48, which
    // has none. No event is in two of these, and no successor is dropped.
    let (run, ended) = run_with(&workshop, "drop=10,duplicate=7,reorder=12");
    assert_eq!((run.status, run.results.len()), (Status::Complete, 4), "{ended:?}");
    for result in &run.results {
        let row = &result.summary;
        assert_eq!(
            (row.publishes, row.expected, row.expected_of_all),
            (Some(40), Some(320), Some(320)),
            "{row:?}"
        );
        assert_eq!((row.delivered, row.lost), (Some(8 * 36), Some(8 * 4)), "{row:?}");
        // These two are of the whole step: one of the doubled ones was due in the warm-up.
        assert_eq!((row.duplicated, row.reordered), (Some(8 * 6), Some(8 * 3)), "{row:?}");
        assert_eq!((row.errors, row.reconnects), (Some(0), Some(0)), "a client may not notice: {row:?}");
        let lost = result.findings.iter().find(|finding| finding.condition == Condition::Lost).unwrap();
        assert_eq!((lost.level, lost.value), (Level::Warning, 32.0), "{lost:?}");
    }
    let losses: Vec<String> = ["short-polling", "long-polling", "sse", "websocket"]
        .map(|label| format!("{label} 32 of 320"))
        .into();
    let told = format!("LOST EVENTS: {}", losses.join(", "));
    // On a busy machine the same line also says that the run is not valid.
    assert!(ended.out.lines().next().unwrap().contains(&told), "{}", ended.out);
}
