//! What the verdict needs of a measure phase, taken in as processes report: each process by itself, second by second.
//!
//! Among many processes one that is held up is lost in their sum; so here nothing is summed over processes.

use pushbench_measure::phase::TICK_NS;
use pushbench_measure::results::Interval;
use pushbench_measure::statistics::{ChangePoint, Steadiness, steadiness};
use pushbench_measure::verdict::Lateness;
use pushbench_measure::{Figure, Histogram, Histograms, Phase, PhaseEdges};

/// What was seen until now.
#[derive(Debug)]
pub(crate) struct Watch {
    /// How late each worker's timers fired.
    timers_late: Vec<Histogram>,
    /// How late each target published.
    slips: Vec<Histogram>,
    /// How late it was each worker's turn to send what its clients publish.
    send_slips: Vec<Histogram>,
    /// Mean wait of a worker for a CPU in the worst second, microseconds per turn.
    pub(crate) run_queue_peak_us: Option<u64>,
    /// Seconds of the measure phase, counted from its begin, with the median of what was received in each.
    medians: Vec<(u64, f64)>,
}

impl Watch {
    pub(crate) fn new(targets: usize, workers: usize) -> Self {
        Self {
            timers_late: vec![Histogram::new(); workers],
            slips: vec![Histogram::new(); targets],
            send_slips: vec![Histogram::new(); workers],
            run_queue_peak_us: None,
            medians: Vec::new(),
        }
    }

    /// Takes in a worker's report.
    pub(crate) fn worker(&mut self, worker: usize, report: &Histograms) {
        add_measured(&mut self.timers_late[worker], report, Figure::TimerLate);
        add_measured(&mut self.send_slips[worker], report, Figure::Slip);
    }

    /// Takes in a target's report.
    pub(crate) fn target(&mut self, target: usize, report: &Histograms) {
        add_measured(&mut self.slips[target], report, Figure::Slip);
    }

    /// Takes in a second that is put together.
    pub(crate) fn second(&mut self, edges: Option<PhaseEdges>, tick_ns: u64, row: &Interval) {
        let Some(edges) = edges.filter(|_| row.phase() == Some(Phase::Measure)) else { return };
        self.run_queue_peak_us = self.run_queue_peak_us.max(row.worker_run_queue_us);
        let second = tick_ns.saturating_sub(TICK_NS + edges.measure_ns) / TICK_NS;
        self.medians.extend(row.latency_p50_us.map(|median_us| (second, median_us as f64)));
    }

    /// How late the timers of the worker whose timers were latest fired.
    pub(crate) fn timers_late(&self) -> Option<Lateness> {
        Lateness::of_latest(&self.timers_late)
    }

    /// How late the target that was latest published; `None` where clients publish.
    pub(crate) fn slip(&self) -> Option<Lateness> {
        Lateness::of_latest(&self.slips)
    }

    /// How late the worker that was latest was to send what its clients publish; `None` where they publish nothing.
    pub(crate) fn send_slip(&self) -> Option<Lateness> {
        Lateness::of_latest(&self.send_slips)
    }

    /// Whether the median of a second moved within the measure phase; `None` where that is too short to tell.
    pub(crate) fn steadiness(&self) -> Option<Steadiness> {
        let medians: Vec<f64> = self.medians.iter().map(|(_, median_us)| *median_us).collect();
        Some(match steadiness(&medians)? {
            // A second without enough events to have a median is not in the series, and counts nevertheless.
            Steadiness::Changed(change) => {
                Steadiness::Changed(ChangePoint { at: self.medians[change.at].0 as usize, ..change })
            }
            Steadiness::Steady => Steadiness::Steady,
        })
    }
}

/// Adds what was due in the measure phase.
fn add_measured(sum: &mut Histogram, report: &Histograms, figure: Figure) {
    if let Some(measured) = report.get(figure, Phase::Measure) {
        sum.add(measured);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = TICK_NS;

    #[test]
    fn a_process_that_is_held_up_is_not_lost_among_those_that_are_not() {
        let mut watch = Watch::new(2, 2);
        let mut together = Histograms::new();
        for (at, (values, late_us)) in [(2_000, 10), (5, 30_000)].into_iter().enumerate() {
            let mut report = Histograms::new();
            for _ in 0..values {
                report.record(Figure::TimerLate, Phase::Measure, late_us);
                report.record(Figure::Slip, Phase::Measure, late_us);
            }
            // What is not measured is not judged.
            report.record(Figure::TimerLate, Phase::Warmup, 9_000_000);
            watch.worker(at, &report);
            watch.target(at, &report);
            together.add(&report);
        }
        assert_eq!(together.of(Figure::TimerLate, Phase::Measure).quantile(0.99), Some(10));
        let near = |late: Option<Lateness>| late.is_some_and(|late| (late.p99_us - 30_000.0).abs() < 50.0);
        assert!(near(watch.timers_late()) && near(watch.slip()) && near(watch.send_slip()), "{watch:?}");
    }

    #[test]
    fn whoever_publishes_late_is_told_from_who_does_not() {
        let mut late = Histograms::new();
        late.record(Figure::Slip, Phase::Measure, 30_000);
        let (mut chat, mut feed) = (Watch::new(1, 1), Watch::new(1, 1));
        chat.worker(0, &late);
        feed.target(0, &late);
        let seen = |watch: &Watch| [watch.slip(), watch.send_slip()].map(|late| late.is_some());
        assert_eq!((seen(&chat), seen(&feed)), ([false, true], [true, false]));
    }

    #[test]
    fn a_change_is_told_by_its_second_of_the_measure_phase() {
        let mut watch = Watch::new(1, 1);
        // A second of warm-up, twenty that are measured, two of drain.
        let edges = PhaseEdges { start_ns: 0, measure_ns: S, drain_ns: 21 * S, end_ns: 23 * S };
        for tick in 1..=23 {
            let median_us = if tick <= 13 { 1_000 } else { 4_000 } + tick * 7 % 5;
            let row = Interval {
                phase: edges.phase_at(tick * S - 1).name().to_owned(),
                // One second has too few events to have a median.
                latency_p50_us: (tick != 5).then_some(median_us),
                worker_run_queue_us: Some(if tick == 23 { 900 } else { tick }),
                ..Interval::default()
            };
            watch.second(Some(edges), tick * S, &row);
        }
        let Some(Steadiness::Changed(change)) = watch.steadiness() else { panic!("not seen") };
        assert_eq!(change.at, 12, "the thirteenth second is the first that is slow");
        assert!((1_000.0..1_005.0).contains(&change.before), "{change:?}");
        assert!((4_000.0..4_005.0).contains(&change.after), "{change:?}");
        assert_eq!(watch.run_queue_peak_us, Some(21), "the drain is not judged");
    }
}
