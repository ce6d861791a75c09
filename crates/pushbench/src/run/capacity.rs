//! A capacity search: transport by transport, probe by probe, until each has its answer.
//!
//! What is tried next the search itself knows, and why a probe failed the verdict does. Here a probe becomes a place that is
//! measured like any other, and its outcome a line of the manifest.

use pushbench_measure::results::{CapacityRecord, ProbeRecord, RoundResult, Vary};
use pushbench_measure::verdict::{Cause, TooMuch, too_much};
use pushbench_report::format::{grouped, time_us};
use pushbench_scenario::capacity::{Answer, Capacity, Next, Outcome, Taken};
use pushbench_scenario::needs::{Machine, needs_of};
use pushbench_scenario::plan::Plan;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::places::{Measuring, Place};
use super::step::Ended;
use crate::exit::Failure;

/// Searches the capacity of every transport, one after the other. What is known when it ends early is kept.
pub(super) async fn search_all(
    plan: &Plan,
    capacity: &Capacity,
    machine: &Machine,
    measuring: &mut Measuring<'_>,
) -> Result<Option<Ended>, Failure> {
    for transport in 0..plan.transports.len() {
        let search = Searching { plan, capacity, machine, transport, places: BTreeMap::new() };
        if let Some(ended) = search.run(measuring).await? {
            return Ok(Some(ended));
        }
    }
    Ok(None)
}

/// The search of one transport.
struct Searching<'p> {
    plan: &'p Plan,
    capacity: &'p Capacity,
    machine: &'p Machine,
    transport: usize,
    /// Where each value was measured, and whether its measure phase was capped.
    places: BTreeMap<u64, Probed>,
}

#[derive(Debug, Clone)]
struct Probed {
    place: usize,
    /// The name of its point, where it has one.
    point: Option<String>,
    /// How often it was measured.
    rounds: u32,
    measure_s: f64,
    capped: bool,
}

impl Searching<'_> {
    fn label(&self) -> &str {
        &self.plan.transports[self.transport].label
    }

    async fn run(mut self, measuring: &mut Measuring<'_>) -> Result<Option<Ended>, Failure> {
        let mut search = self.capacity.search();
        let mut record = self.begun();
        loop {
            let (Next::Probe(units) | Next::Repeat(units)) = search.next() else {
                self.close(&mut record, search.answer());
                measuring.say(sentence(&record, self.capacity));
                measuring.keep(&record);
                return Ok(None);
            };
            let outcome = self.probe(units, &mut record, measuring).await?;
            if let Ok(outcome) = outcome
                && search.tell(outcome) == Taken::AsChance
            {
                measuring.forget_newest(self.places[&units].place);
            }
            self.note(&mut record, search.answer());
            measuring.keep(&record);
            if let Err(ended) = outcome {
                return Ok(Some(ended));
            }
        }
    }

    /// Measures so much once, and notes what it came to; an inner error ends the run.
    async fn probe(
        &mut self,
        units: u64,
        record: &mut CapacityRecord,
        measuring: &mut Measuring<'_>,
    ) -> Result<Result<Outcome, Ended>, Failure> {
        let probed = self.next_round(units, measuring)?;
        let Probed { place, rounds, .. } = probed;
        match measuring.measure(place, rounds).await {
            // More than the machine had is an answer of a search, where it ends any other run.
            Ok(()) | Err(Ended::Exhausted { .. }) => {}
            Err(ended) => return Ok(Err(ended)),
        }
        let shown = measuring.shown(place, rounds);
        let too_much = self.judged(shown);
        let outcome = match &too_much {
            None => Outcome::Passed,
            Some(too_much) if too_much.by_chance => Outcome::FailedByChance,
            Some(_) => Outcome::Failed,
        };
        let probe = self.told(units, probed, too_much, shown);
        measuring.say(line(self.label(), &probe, self.capacity));
        record.probes.push(probe);
        Ok(Ok(outcome))
    }

    /// The record of a search before its first probe.
    fn begun(&self) -> CapacityRecord {
        let Capacity { vary, from, to, precision, .. } = *self.capacity;
        let of_label = self.plan.thresholds.iter().filter(|threshold| threshold.label == self.label());
        CapacityRecord {
            label: self.label().to_owned(),
            vary,
            from,
            to: to.unwrap_or(from),
            precision,
            limits: of_label.map(|limit| format!("{} {}", limit.figure, limit.condition)).collect(),
            complete: false,
            found: None,
            at_least: true,
            confirmed: false,
            failed_at: None,
            cause: None,
            why: String::new(),
            probes: Vec::new(),
        }
    }

    /// The place where so much is measured, made where there is none yet, with one round more than before.
    fn next_round(&mut self, units: u64, measuring: &mut Measuring<'_>) -> Result<Probed, Failure> {
        if let Some(probed) = self.places.get_mut(&units) {
            probed.rounds += 1;
            return Ok(probed.clone());
        }
        let probe = self.capacity.probe(self.plan, self.label(), units);
        let measure_s = probe.plan.phases.measure.as_secs_f64();
        let needs = needs_of(&probe.plan, self.machine, self.transport, probe.clients);
        let number = measuring.add_point(&probe.plan);
        let point = number.map(|_| probe.plan.point.name.clone());
        let place = Place::with(&Rc::new(probe.plan), number, self.transport, probe.clients, Some(&needs));
        let place = measuring.add(place)?;
        let probed = Probed { place, point, rounds: 1, measure_s, capped: probe.capped };
        self.places.insert(units, probed.clone());
        Ok(probed)
    }

    /// What was too much about a round; `None` where it passed.
    fn judged(&self, round: Option<&RoundResult>) -> Option<TooMuch> {
        let Some(round) = round else {
            let why = "it ended before anything was measured".to_owned();
            return Some(TooMuch { cause: Cause::Process, why, by_chance: false });
        };
        let of_label = self.plan.thresholds.iter().filter(|threshold| threshold.label == self.label());
        let thresholds: Vec<_> = of_label.map(|threshold| threshold.judge(&round.summary)).collect();
        too_much(&round.findings, &thresholds)
    }

    fn told(
        &self,
        units: u64,
        Probed { point, rounds: round, measure_s, capped, .. }: Probed,
        too_much: Option<TooMuch>,
        result: Option<&RoundResult>,
    ) -> ProbeRecord {
        let value = self.capacity.value(units);
        let (passed, cause, why) = match too_much {
            None => (true, None, result.map_or_else(String::new, latency)),
            Some(TooMuch { cause, why, .. }) => (false, Some(cause), why),
        };
        ProbeRecord { value, point, round, passed, cause, why, measure_s, capped }
    }

    /// Writes into the record what is known by now.
    fn note(&self, record: &mut CapacityRecord, answer: Answer) {
        record.found = answer.found.map(|units| self.capacity.value(units));
        record.failed_at = answer.failed.map(|units| self.capacity.value(units));
        record.confirmed = answer.confirmed;
        let failure = record.failed_at.and_then(|at| {
            record.probes.iter().rev().find(|probe| !probe.passed && probe.value.total_cmp(&at).is_eq())
        });
        if let Some(failure) = failure {
            (record.cause, record.why) = (failure.cause, failure.why.clone());
        }
        record.at_least = !answer.close || record.cause.is_none_or(Cause::leaves_more);
    }

    /// The same at the end of the search.
    fn close(&self, record: &mut CapacityRecord, answer: Answer) {
        self.note(record, answer);
        record.complete = true;
        if !answer.close {
            record.cause = Some(Cause::Probes);
            record.why = format!("{} probes were not enough", record.probes.len());
        } else if answer.failed.is_none() {
            record.cause = Some(Cause::UpperEnd);
            record.why = format!("nothing above {} was tried", in_words(self.capacity, record.to));
        }
    }
}

/// `p99 3.1 ms`; the median where there is too little for that.
fn latency(round: &RoundResult) -> String {
    let row = &round.summary;
    let figure = row.latency_p99_us.map(|us| ("p99", us)).or(row.latency_p50_us.map(|us| ("p50", us)));
    figure.map_or_else(
        || "every threshold met".to_owned(),
        |(name, us)| format!("{name} {}", time_us(us as f64)),
    )
}

/// A value with its unit, for people: `1,600 clients`.
fn in_words(capacity: &Capacity, value: f64) -> String {
    match capacity.vary {
        Vary::Clients => format!("{} clients", grouped(value as u64)),
        Vary::Rate => capacity.in_words(value),
    }
}

/// What came of a probe, in a line: `sse: 800 clients: ok (p99 3.1 ms)`.
fn line(label: &str, probe: &ProbeRecord, capacity: &Capacity) -> String {
    let value = in_words(capacity, probe.value);
    let again = if probe.round > 1 { " again" } else { "" };
    let capped = if probe.capped { ", measured for less than its percentile needs" } else { "" };
    let why = if probe.passed { format!("ok ({})", probe.why) } else { probe.why.clone() };
    format!("{label}: {value}{again}: {why}{capped}")
}

/// What came of a search, in a line.
fn sentence(record: &CapacityRecord, capacity: &Capacity) -> String {
    let label = &record.label;
    let Some(found) = record.found else {
        let from = in_words(capacity, record.from);
        return match record.cause {
            Some(cause) if cause.leaves_more() => {
                format!("{label}: nothing found, at {from} already: {}, {}", cause.in_words(), record.why)
            }
            _ => format!("{label}: nothing found, {from} are too much already: {}", record.why),
        };
    };
    let least = if record.at_least { "at least " } else { "" };
    let unconfirmed = if record.confirmed { "" } else { " (no repeat confirmed it)" };
    format!("{label}: {least}{}{unconfirmed}; then {}", in_words(capacity, found), record.why)
}
