//! How old what clients hold is, where it is known at every instant.

use pushbench_measure::{Figure, Histogram};

use super::{measured, usual_lateness_us, worst_lateness_us};
use crate::scenario::{SSE, tiny_but};

/// An event every 20 ms, as often as a worker looks: the age climbs from nothing to 20 ms and falls back, and whoever looks
/// at any moment finds each age between as often as any other. Looks that keep step with the publisher find always the
/// same.
#[test]
fn ages_of_a_regular_publisher_are_those_of_a_uniform_saw_tooth() {
    let changes = [("rate = \"40/s\"", "rate = \"50/s\""), ("measure = \"1s\"", "measure = \"6s\"")];
    let workshop = tiny_but(&changes, SSE);
    let ended = workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    let [age, delivery] = [Figure::Age, Figure::Delivery].map(|figure| measured(&folder, "sse", figure));
    assert!(age.count() >= 2_000, "{} of 300 looks at 8 clients: {ended:?}", age.count());
    let at = |histogram: &Histogram, share| histogram.quantile(share).unwrap();
    // The middle of 300 random instants lies within 2.5 ms (four deviations) of the middle of the saw tooth.
    let late_us = at(&delivery, 0.99) + usual_lateness_us(&folder, "sse");
    let median = at(&age, 0.5);
    assert!(median + late_us >= 7_500 && median <= 12_500 + late_us, "{median}, late {late_us}");
    let late_us = delivery.max().unwrap() + worst_lateness_us(&folder, "sse");
    let p99 = at(&age, 0.99);
    assert!((18_500..=20_100 + late_us).contains(&p99), "{p99}, late {late_us}");
}
