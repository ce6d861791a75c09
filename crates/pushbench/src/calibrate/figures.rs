//! From what was measured to figures, their ratios, and doubts about them.

use pushbench_measure::results::{CalibratedFigure, Through};

use super::bare::Bare;
use super::definitions::{Definition, FIGURES, From, Kind, ratio};
use super::through::Shown;

/// Repetitions that differ by more than that share of their median were disturbed.
const STEADY: f64 = 0.25;

/// All figures with their ratios. Differences are left out where the connections are too few for them.
pub(super) fn figures(bare: &Bare, shown: &[Shown], enough_for_differences: bool) -> Vec<CalibratedFigure> {
    let measured = |definition: &&Definition| enough_for_differences || definition.kind == Kind::PerMessage;
    let one = |definition: &Definition| {
        let floor = Some(definition).filter(measured).and_then(|definition| (definition.bare)(bare));
        let through = shown.iter().filter_map(|shown| {
            let (value, shot) = match definition.through {
                From::Neither => return None,
                From::Run(work, of) => {
                    let shot = shown.of(work)?;
                    (of(shot), shot)
                }
            };
            let value = value.filter(|_| measured(&definition));
            Some(Through {
                label: shown.label.clone(),
                value,
                ratio: value.zip(floor).and_then(|(value, floor)| ratio(value, floor.median)),
                valid: shot.run.is_valid(),
            })
        });
        CalibratedFigure {
            name: definition.name.to_owned(),
            title: definition.title.to_owned(),
            unit: definition.unit.to_owned(),
            meaning: definition.meaning.to_owned(),
            bare: floor,
            through: through.collect(),
        }
    };
    FIGURES.iter().map(one).collect()
}

/// What the figures themselves give reason to doubt.
pub(super) fn doubts(figures: &[CalibratedFigure]) -> Vec<String> {
    let spread = |figure: &CalibratedFigure| {
        let width = figure.bare?.relative_width();
        (width > STEADY).then(|| {
            format!(
                "{}: the repetitions differ by {:.0} % of their median; was the machine busy?",
                figure.title,
                width * 100.0
            )
        })
    };
    figures.iter().filter_map(spread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::through::Shot;
    use crate::calibrate::work::Work;
    use pushbench_floor::{FanOut, Opening, Repetition};
    use pushbench_measure::Histogram;
    use pushbench_measure::results::{CalibrationRun, Summary, calibrated};

    fn repetition(send_us: u64) -> Repetition {
        let fan_out = FanOut {
            sent: 100,
            received: 100,
            reads: 100,
            elapsed_ns: 1_000_000,
            sending_cpu_ns: send_us * 100_000,
            receiving_cpu_ns: 400_000,
        };
        let opening = Opening {
            connections: 100,
            elapsed_ns: 10_000_000,
            connecting_cpu_ns: 3_000_000,
            accepting_cpu_ns: 1_000_000,
        };
        Repetition { opening, kernel_bytes: Some(770_000), paced: fan_out, flat_out: fan_out }
    }

    fn bare() -> Bare {
        let mut round_trips = Histogram::new();
        for _ in 0..99 {
            round_trips.record(60_000);
        }
        Bare { repetitions: vec![repetition(5), repetition(9), repetition(6)], round_trips }
    }

    fn shot(work: Work, verdict: &str) -> Shot {
        Shot {
            work,
            rate: 50.0,
            summary: Summary {
                connected: Some(100),
                // Eleven events, of which the last was due 200 ms after the first.
                delivered: Some(1_100),
                latency_max_us: Some(20_000),
                target_cpu_us_per_event: Some(9.0),
                worker_cpu_us_per_event: Some(5.0),
                uncorrected_p50_us: Some(45),
                // The slowest of the clients took twice as long.
                connect_p50_us: Some(10_000),
                connect_p99_us: Some(10_000),
                ..Summary::default()
            },
            ramp_cpu_us: Some(8_000),
            opening_ns: Some(20_000_000),
            events_and_reads: (1_100, 220),
            run: CalibrationRun {
                label: "sse".to_owned(),
                job: work.name().to_owned(),
                verdict: verdict.to_owned(),
                reasons: Vec::new(),
            },
        }
    }

    fn all(enough: bool, flat_out: &str) -> Vec<CalibratedFigure> {
        let shown = Shown {
            label: "sse".to_owned(),
            shots: vec![
                shot(Work::FanOut, "valid"),
                shot(Work::OneWay, "invalid"),
                shot(Work::FlatOut, flat_out),
            ],
        };
        figures(&bare(), &[shown], enough)
    }

    /// Median with bare sockets, figure through pushbench, ratio.
    fn line(figures: &[CalibratedFigure], name: &str) -> (Option<f64>, Option<f64>, Option<f64>) {
        let figure = figures.iter().find(|figure| figure.name == name).unwrap();
        let through = figure.through.first();
        let round = |value: f64| (value * 1e3).round() / 1e3;
        (
            figure.bare.map(|bare| round(bare.median)),
            through.and_then(|through| through.value).map(round),
            through.and_then(|through| through.ratio).map(round),
        )
    }

    #[test]
    fn figures_and_ratios_follow_from_what_was_measured() {
        let figures = all(true, "valid");
        let table = [
            (calibrated::SEND_CPU_US, (Some(6.0), Some(9.0), Some(1.5))),
            (calibrated::RECEIVE_CPU_US, (Some(4.0), Some(5.0), Some(1.25))),
            (calibrated::DELIVERIES_PER_SECOND, (Some(100_000.0), Some(5_000.0), Some(0.05))),
            (calibrated::EVENTS_PER_READ, (Some(1.0), Some(5.0), Some(5.0))),
            // 99 round trips are enough for the median, not for the 90th percentile.
            (calibrated::ROUND_TRIP_P90_US, (None, None, None)),
            (calibrated::CONNECTS_PER_SECOND, (Some(10_000.0), Some(5_000.0), Some(0.5))),
            (calibrated::CONNECT_CPU_US, (Some(40.0), Some(80.0), Some(2.0))),
            (calibrated::KERNEL_BYTES_PER_CONNECTION, (Some(7_700.0), None, None)),
            (calibrated::TARGET_BYTES_PER_CLIENT, (None, None, None)),
        ];
        for (name, expected) in table {
            assert_eq!(line(&figures, name), expected, "{name}");
        }
        let (half, one_way, times) = line(&figures, calibrated::ONE_WAY_P50_US);
        assert!((half.unwrap() - 30.0).abs() < 0.1 && one_way == Some(45.0), "{half:?}");
        assert!((times.unwrap() - 1.5).abs() < 0.01, "{times:?}");
    }

    #[test]
    fn a_figure_of_an_invalid_run_is_marked() {
        let figures = all(true, "valid");
        let valid = |name: &str| {
            figures.iter().find(|figure| figure.name == name).map(|figure| figure.through[0].valid)
        };
        assert_eq!(valid(calibrated::SEND_CPU_US), Some(true));
        assert_eq!(valid(calibrated::ONE_WAY_P50_US), Some(false));
    }

    #[test]
    fn flat_out_there_is_no_figure_unless_all_arrived() {
        let floor = Some(100_000.0);
        assert_eq!(line(&all(true, "invalid"), calibrated::DELIVERIES_PER_SECOND), (floor, None, None));
    }

    #[test]
    fn with_few_connections_differences_are_unknown_and_the_rest_is_not() {
        let figures = all(false, "valid");
        assert_eq!(line(&figures, calibrated::CONNECT_CPU_US), (None, None, None));
        assert_eq!(line(&figures, calibrated::KERNEL_BYTES_PER_CONNECTION), (None, None, None));
        assert_eq!(line(&figures, calibrated::SEND_CPU_US), (Some(6.0), Some(9.0), Some(1.5)));
    }

    #[test]
    fn repetitions_that_differ_are_doubted() {
        let doubts = doubts(&all(true, "valid"));
        assert_eq!(
            doubts,
            ["CPU per send: the repetitions differ by 67 % of their median; was the machine busy?"]
        );
    }

    #[test]
    fn names_occur_once() {
        let mut names: Vec<_> = FIGURES.iter().map(|figure| figure.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FIGURES.len());
    }
}
