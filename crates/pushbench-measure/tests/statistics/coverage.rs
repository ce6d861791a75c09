//! Intervals hold the truth about as often as they say.

use crate::simulation::{World, false_alarms};

#[test]
fn intervals_of_five_rounds_hold_the_truth_as_often_as_they_say() {
    for quantile in [0.5, 0.9] {
        let (held, _) = World::usual().coverage(quantile, 100);
        assert!((0.90..=0.99).contains(&held), "p{quantile}: {held}");
    }
}

#[test]
fn differences_of_equal_worlds_hold_zero_as_often_as_they_say() {
    let held = World::usual().coverage_of_difference(0.9, 100);
    assert!((0.90..=0.99).contains(&held), "{held}");
}

#[test]
fn seconds_of_one_round_speak_of_that_round() {
    let alone = World { rounds: 1, of_round: 0.0, ..World::usual() };
    let (held, _) = alone.coverage(0.5, 100);
    assert!((0.88..=0.99).contains(&held), "{held}");
    // And not of what another round would show: this is why the basis is told.
    let (held, _) = World { rounds: 1, of_round: 0.3, ..World::usual() }.coverage(0.5, 100);
    assert!(held < 0.5, "{held}");
}

#[test]
fn a_series_without_a_change_seldom_looks_like_one() {
    assert!(false_alarms(30, 0.0, 0.2, 1_000) < 0.02);
    assert!(false_alarms(30, 0.5, 0.2, 1_000) < 0.10);
}
