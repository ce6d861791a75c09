//! Answers of known parts, known times apart: those times are what is measured, whatever the transport; and parts that the
//! target drops are missed by exactly those answers.

use pushbench_measure::results::{Run, Status};
use pushbench_measure::{Figure, Histogram};
use std::fs;
use std::path::PathBuf;

use super::{at_least, measured, usual_lateness_us};
use crate::folder::manifest;
use crate::process::Started;
use crate::scenario::{ALL_FOUR, Workshop, with_text};

/// Transports that push, and so have nothing to add but the way.
const PUSHING: [&str; 3] = ["long-polling", "sse", "websocket"];
/// Asks 2 to 17 of 8 a second are due in the measure phase.
const ASKS: u64 = 16;
const FIRST_US: u64 = 60_000;
/// Interval of the polls of `ALL_FOUR`.
const INTERVAL_US: u64 = 100_000;
/// Beyond what the run itself says of its lateness.
const MILLISECOND_US: u64 = 1_000;

/// Eight clients, each of which asks once a second, for answers of so many parts.
fn scenario(parts: u64, gap: &str) -> Workshop {
    with_text(&format!(
        r#"name = "tiny"
[clients]
count = 8
connect_rate = "400/s"
[events]
pattern = "stream"
rate = "8/s"
parts = {parts}
first = "60ms"
gap = {gap}
stall = "10s"
size = "200B"
[phases]
warmup = "200ms"
measure = "2s"
drain = "2500ms"
{ALL_FOUR}"#
    ))
}

/// A run that was started.
type UnderWay = (Workshop, Started);

fn start(workshop: Workshop, arguments: &[&str]) -> UnderWay {
    let started = workshop.start(&[&["run", "tiny.toml"], arguments].concat());
    (workshop, started)
}

/// What a whole run measured of its answers.
struct Streamed {
    run: Run,
    folder: PathBuf,
    _workshop: Workshop,
}

impl Streamed {
    /// What a run has left; nothing about a connection may go wrong.
    fn of((workshop, started): UnderWay) -> Self {
        let ended = started.ended();
        let folder = workshop.run_folder();
        let run = manifest(&folder);
        assert_eq!(run.status, Status::Complete, "{ended:?}");
        assert_eq!(run.scenario.setup.pattern, "stream");
        for row in run.results.iter().map(|result| &result.summary) {
            assert_eq!((row.errors, row.reconnects, row.answers), (Some(0), Some(0), Some(ASKS)), "{row:?}");
        }
        Self { run, folder, _workshop: workshop }
    }

    /// The same where every part of every answer came, once and in order.
    fn whole(under_way: UnderWay, parts: u64) -> Self {
        let streamed = Self::of(under_way);
        for row in streamed.run.results.iter().map(|result| &result.summary) {
            assert_eq!((row.expected, row.delivered), (Some(ASKS * parts), Some(ASKS * parts)), "{row:?}");
            let faults = [row.lost, row.duplicated, row.reordered, row.answers_cut_short, row.stalls];
            assert_eq!(faults, [Some(0); 5], "{row:?}");
            let of = |figure| streamed.measured(&row.label, figure).count();
            let counts = [Figure::FirstPart, Figure::PartGap, Figure::PerPart, Figure::Answer].map(of);
            assert_eq!(counts, [ASKS, ASKS * (parts - 1), ASKS, ASKS], "{row:?}");
        }
        streamed
    }

    fn measured(&self, label: &str, figure: Figure) -> Histogram {
        measured(&self.folder, label, figure)
    }

    /// How far a median may be off: each of two receptions may be as late as its timers were.
    fn allowed_us(&self, label: &str) -> u64 {
        MILLISECOND_US + 2 * usual_lateness_us(&self.folder, label)
    }

    /// A quantile of a figure is this, as far as the run's own lateness allows.
    fn assert_at(&self, label: &str, figure: Figure, quantile: f64, expected_us: u64) {
        let us = self.measured(label, figure).quantile(quantile).unwrap();
        let allowed_us = self.allowed_us(label);
        assert!(
            us.abs_diff(expected_us) <= allowed_us,
            "{label}: {figure:?} {quantile}: {us} us, not {expected_us} ± {allowed_us}"
        );
    }

    /// No value of a figure is less than this.
    fn assert_never_less(&self, label: &str, figure: Figure, least_us: u64) {
        let histogram = self.measured(label, figure);
        let lowest_us = histogram.inner().lowest_equivalent(least_us);
        assert_eq!(
            at_least(&histogram, lowest_us),
            histogram.count(),
            "{label}: {figure:?} below {least_us} us"
        );
    }
}

#[test]
fn known_gaps_and_those_of_a_recording_are_the_gaps_that_are_measured() {
    let known = start(scenario(KNOWN_PARTS, "\"40ms\""), &[]);
    let replay = scenario(REPLAYED_PARTS, "{ file = \"gaps.csv\" }");
    fs::write(replay.path().join("gaps.csv"), "gap\n20ms\n60ms\n0.1s\n").unwrap();
    let replayed = start(replay, &["--only", &PUSHING.join(",")]);
    assert_known(&Streamed::whole(known, KNOWN_PARTS));
    assert_replayed(&Streamed::whole(replayed, REPLAYED_PARTS));
}

const KNOWN_PARTS: u64 = 8;

fn assert_known(streamed: &Streamed) {
    const PARTS: u64 = KNOWN_PARTS;
    const GAP_US: u64 = 40_000;
    assert_eq!(streamed.run.results.len(), 4);
    for label in ["short-polling"].into_iter().chain(PUSHING) {
        // An ask is never early, and no part is due sooner.
        streamed.assert_never_less(label, Figure::FirstPart, FIRST_US);
        streamed.assert_never_less(label, Figure::Answer, FIRST_US + GAP_US * (PARTS - 1));
    }
    for label in PUSHING {
        streamed.assert_at(label, Figure::FirstPart, 0.5, FIRST_US);
        streamed.assert_at(label, Figure::PartGap, 0.5, GAP_US);
        streamed.assert_at(label, Figure::PerPart, 0.5, GAP_US);
        streamed.assert_at(label, Figure::Answer, 0.5, FIRST_US + GAP_US * (PARTS - 1));
    }
    assert_polled(streamed, GAP_US * (PARTS - 1));
}

/// Polling gathers the parts of an interval: gaps are nothing, or an interval long. An answer that goes on for `length_us` is
/// met by so many polls as there is room for, and by one more.
fn assert_polled(streamed: &Streamed, length_us: u64) {
    let label = "short-polling";
    let gaps = streamed.measured(label, Figure::PartGap);
    let apart = at_least(&gaps, 1 + MILLISECOND_US);
    let most = ASKS * length_us.div_ceil(INTERVAL_US);
    assert!((1..=most).contains(&apart), "{apart} gaps between replies, at most {most}");
    let allowed_us = streamed.allowed_us(label);
    let middle = 1.0 - apart as f64 / gaps.count() as f64 / 2.0;
    let median_us = gaps.quantile(middle).unwrap();
    assert!(median_us.abs_diff(INTERVAL_US) <= allowed_us, "{median_us} us between replies, ± {allowed_us}");
    // From the first part to the last: whole intervals, one more or less than the answer is long.
    let whole_us = streamed.measured(label, Figure::PerPart).quantile(0.5).unwrap() * 7;
    assert!(whole_us.abs_diff(length_us) <= INTERVAL_US + allowed_us, "{whole_us} us, not {length_us}");
    // The wait of the first part is uniform over the interval, as that of any event.
    let first_us = streamed.measured(label, Figure::FirstPart).quantile(0.5).unwrap();
    assert!((FIRST_US..=FIRST_US + INTERVAL_US + allowed_us).contains(&first_us), "{first_us} us");
}

/// Six gaps of three times: each twice, wherever in the recording an answer begins.
const REPLAYED_PARTS: u64 = 7;

fn assert_replayed(streamed: &Streamed) {
    for label in PUSHING {
        for (sixth, gap_us) in [(1.0, 20_000), (3.0, 60_000), (5.0, 100_000)] {
            streamed.assert_at(label, Figure::PartGap, sixth / 6.0, gap_us);
        }
        streamed.assert_at(label, Figure::PerPart, 0.5, 60_000);
    }
}

#[test]
fn dropped_parts_are_missed_exactly_and_cut_their_answers_short() {
    const PARTS: u64 = 8;
    let streamed = Streamed::of(start(scenario(PARTS, "\"20ms\""), &["--inject", "drop=4"]));
    assert_eq!(streamed.run.results.len(), 4);
    for row in streamed.run.results.iter().map(|result| &result.summary) {
        assert_eq!((row.expected, row.lost), (Some(ASKS * PARTS), Some(ASKS * 2)), "{row:?}");
        assert_eq!((row.delivered, row.duplicated), (Some(ASKS * (PARTS - 2)), Some(0)), "{row:?}");
        assert_eq!((row.answers, row.answers_cut_short), (Some(ASKS), Some(ASKS)), "{row:?}");
        // What is whole is measured as such, and nothing else is.
        assert_eq!(streamed.measured(&row.label, Figure::Answer).count(), 0);
        assert_eq!(streamed.measured(&row.label, Figure::FirstPart).count(), ASKS);
    }
}
