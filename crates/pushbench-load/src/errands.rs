//! What a worker does at instants of its own, between its clients: it notes the counters at the edges of the measure phase,
//! has the sockets read, and looks around.
//!
//! It looks how late its own timer is, which is part of the run's own verdict, and how old what its clients hold is. It does
//! not wait: whoever drives it asks when there is something to do next.

use pushbench_measure::wire::READINGS;
use pushbench_measure::{Counters, Figure, PhaseEdges, micros};
use pushbench_scenario::schedule::looks;
use pushbench_transport::meter::{Meter, Readings};
use std::rc::Rc;

use crate::recorder::Recorder;
use crate::thread::Left;

/// How often a worker looks around: once in each slot of this length, at any instant of it. Regular instants would keep step
/// with a regular publisher, and every look would meet the same age.
const LOOK_SLOT_NS: u64 = 20_000_000;

/// The errands of a worker in a step.
pub(crate) struct Errands {
    looks: Looks,
    edges: Option<PhaseEdges>,
    /// Counters at the begin and the end of the measure phase, once these have come.
    at_edges: [Option<Counters>; 2],
    readings: Option<Readings>,
    /// Counters at the readings of all sockets.
    at_readings: [Counters; READINGS],
}

impl Errands {
    /// The errands of worker `worker` in a step whose first client is due at `start_ns`.
    pub(crate) fn new(seed: u64, worker: u32, start_ns: u64) -> Self {
        Self {
            looks: Looks::new(looks(seed, worker), start_ns),
            edges: None,
            at_edges: [None; 2],
            readings: None,
            at_readings: [Counters::default(); READINGS],
        }
    }

    /// Makes the phases known.
    pub(crate) fn begin(&mut self, edges: PhaseEdges, meter: &Rc<Meter>) {
        self.edges = Some(edges);
        self.readings = Some(meter.readings(edges));
    }

    /// The counters at the begin and the end of the measure phase, as far as these have come.
    pub(crate) fn at_edges(&self) -> [Option<Counters>; 2] {
        self.at_edges
    }

    /// The counters at the readings of all sockets.
    pub(crate) fn at_readings(&self) -> [Counters; READINGS] {
        self.at_readings
    }

    /// Whether sockets are still to be read.
    pub(crate) fn has_readings(&self) -> bool {
        self.readings.as_ref().is_some_and(|readings| readings.next_ns().is_some())
    }

    /// When there is something to do next.
    pub(crate) fn next_ns(&self) -> u64 {
        let reading_ns = self.readings.as_ref().and_then(Readings::next_ns);
        let edge_ns = self.next_edge().map(|(_, edge_ns)| edge_ns);
        [reading_ns, edge_ns].into_iter().flatten().fold(self.looks.next_ns, u64::min)
    }

    /// Does one of each that is due: others shall have their turn in between.
    pub(crate) fn run(&mut self, now_ns: u64, recorder: &mut Recorder) -> Left {
        if let Some((edge, _)) = self.next_edge().filter(|(_, edge_ns)| *edge_ns <= now_ns) {
            self.at_edges[edge] = Some(recorder.counters);
        }
        self.looks.look(now_ns, recorder);
        let readings = self.readings.as_mut();
        if let Some(readings) = readings.filter(|readings| readings.next_ns().is_some_and(|at| at <= now_ns))
        {
            readings.advance(|at| self.at_readings[at] = recorder.counters);
        }
        if self.next_ns() <= now_ns { Left::More } else { Left::Nothing }
    }

    /// The edge that is noted next, by its place, and its instant.
    fn next_edge(&self) -> Option<(usize, u64)> {
        let edges = self.edges?;
        let next = self.at_edges.iter().position(Option::is_none)?;
        Some((next, [edges.measure_ns, edges.drain_ns][next]))
    }
}

/// Looks at random instants, one in each slot.
struct Looks {
    /// Where in its slot each look is, in parts of the slot.
    places: Box<dyn Iterator<Item = f64>>,
    /// Begin of the slot of the next look.
    slot_ns: u64,
    next_ns: u64,
}

impl Looks {
    fn new(places: impl Iterator<Item = f64> + 'static, start_ns: u64) -> Self {
        let mut looks = Self { places: Box::new(places), slot_ns: start_ns, next_ns: 0 };
        looks.place();
        looks
    }

    fn place(&mut self) {
        let at = self.places.next().unwrap_or_default();
        self.next_ns = self.slot_ns + (at * LOOK_SLOT_NS as f64) as u64;
    }

    fn look(&mut self, now_ns: u64, recorder: &mut Recorder) {
        if now_ns < self.next_ns {
            return;
        }
        let phase = recorder.phase_at(self.next_ns);
        recorder.histograms.record(Figure::TimerLate, phase, micros(now_ns - self.next_ns));
        recorder.look_at_ages(now_ns);
        self.slot_ns += LOOK_SLOT_NS;
        self.place();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_measure::wire::Opened;

    const MS: u64 = 1_000_000;
    const EDGES: PhaseEdges =
        PhaseEdges { start_ns: 100 * MS, measure_ns: 200 * MS, drain_ns: 300 * MS, end_ns: 400 * MS };

    fn errands() -> (Errands, Recorder, Rc<Meter>) {
        let meter = Rc::new(Meter::new(Opened::Here, "127.0.0.1:1".parse().unwrap()));
        (Errands::new(1, 0, 0), Recorder { edges: Some(EDGES), ..Recorder::default() }, meter)
    }

    /// Does what is due whenever there is something, the counters being those of `events_at`.
    fn run(errands: &mut Errands, recorder: &mut Recorder, until_ns: u64, events_at: impl Fn(u64) -> u64) {
        while errands.next_ns() < until_ns {
            let now_ns = errands.next_ns();
            recorder.counters.events = events_at(now_ns);
            while errands.run(now_ns, recorder) == Left::More {}
            assert!(errands.next_ns() > now_ns);
        }
    }

    #[test]
    fn counters_are_noted_at_the_edges_and_at_the_readings() {
        let (mut errands, mut recorder, meter) = errands();
        errands.begin(EDGES, &meter);
        assert!(errands.has_readings());
        run(&mut errands, &mut recorder, 401 * MS, |now_ns| now_ns / MS);
        assert_eq!(errands.at_edges().map(|noted| noted.unwrap().events), [200, 300]);
        let [before, after, idle, end] = errands.at_readings().map(|counters| counters.events);
        assert!(before < 200 && after > 300 && idle == 350 && end == 400, "{before} {after} {idle}");
        assert!(!errands.has_readings());
    }

    #[test]
    fn there_is_one_look_in_each_slot_and_a_late_one_is_late() {
        let (mut errands, mut recorder, _) = errands();
        run(&mut errands, &mut recorder, 1_000 * MS, |_| 0);
        let late = recorder.histograms.all_phases(Figure::TimerLate);
        assert_eq!((late.count(), late.max()), (50, Some(0)));
        // Fifty slots later: each look is made up for, as late as it is.
        let now_ns = 2_000 * MS;
        while errands.next_ns() <= now_ns {
            errands.run(now_ns, &mut recorder);
        }
        let late = recorder.histograms.all_phases(Figure::TimerLate);
        assert_eq!(late.count(), 100);
        assert!(late.max() > Some(970_000), "{:?}", late.max());
    }
}
