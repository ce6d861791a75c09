//! Loads that change while they are measured.

use pushbench_measure::results::Status;

use crate::folder::{intervals, manifest};
use crate::scenario::{ALL_FOUR, tiny_but};

#[test]
fn as_many_events_are_published_and_delivered_as_the_shape_says() {
    let shape = "[{ step = \"50%\" }, { hold = \"500ms\" }, { spike = \"200%\", for = \"250ms\" }, { step = \"0%\" }]";
    let rate = format!("rate = \"40/s\"\nshape = {shape}");
    let workshop = tiny_but(&[("rate = \"40/s\"", &rate)], ALL_FOUR);
    let checked = workshop.run(&["check", "tiny.toml"]);
    let told = "  shape       rate: 50%, at 500ms 200%, at 750ms 0%\n";
    assert!(checked.out.contains(told), "{}", checked.out);
    let ended = workshop.run(&["run", "tiny.toml"]);
    let run = manifest(&workshop.run_folder());
    assert_eq!((run.status, &run.reason), (Status::Complete, &None), "{ended:?}");
    for result in &run.results {
        // 20/s for half a second, 80/s for a quarter, nothing for the rest; 8 clients.
        let row = &result.summary;
        assert_eq!((row.publishes, row.expected, row.delivered), (Some(30), Some(240), Some(240)), "{row:?}");
        // And 20/s in the warm-up.
        let published: u64 =
            intervals(&workshop.run_folder(), &row.label).iter().map(|row| row.published).sum();
        assert_eq!(published, 34, "{}", row.label);
    }
}
