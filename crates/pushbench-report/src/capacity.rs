//! What a capacity search found, in words; and which rows of its run are at what was found.

use pushbench_measure::results::{CapacityRecord, Run, StepResult, Vary};

use crate::folder::step_of;
use crate::format::{STREAM, grouped, typed};

/// What a search varied, as people count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Varied {
    Clients,
    /// Of a broadcast or topics.
    Events,
    /// Of a stream, whatever the number of parts.
    Asks,
    /// Of a chat, whatever the number of clients.
    Messages,
}

impl Varied {
    /// That of a run; `None` where nothing was searched for.
    pub(crate) fn of(run: &Run) -> Option<Self> {
        let scenario = &run.scenario;
        Some(match run.capacity.first()?.vary {
            Vary::Clients => Self::Clients,
            Vary::Rate if scenario.setup.pattern == STREAM => Self::Asks,
            Vary::Rate if scenario.setup.members.is_some() => Self::Messages,
            Vary::Rate => Self::Events,
        })
    }

    /// A value of it: `1,600 clients`, `1,200 events/s`.
    pub(crate) fn amount(self, value: f64) -> String {
        let unit = match self {
            Self::Clients => "clients",
            Self::Events => "events/s",
            Self::Asks => "asks/s",
            Self::Messages => "messages/s of each member",
        };
        format!("{} {unit}", self.bare(value))
    }

    /// The same without its unit.
    pub(crate) fn bare(self, value: f64) -> String {
        if self == Self::Clients || value >= 1_000.0 { grouped(value.round() as u64) } else { typed(value) }
    }

    /// Its name on an axis.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Events => "events per second",
            Self::Asks => "asks per second",
            Self::Messages => "messages per second of each member",
        }
    }

    /// What a transport bears: `at least 1,600 clients`, `fewer than 100 clients`, `unknown`.
    pub(crate) fn answer(self, record: &CapacityRecord) -> String {
        self.answer_with(record, Self::amount)
    }

    /// The same without its unit, for a place where that is known: `at least 1,600`.
    pub(crate) fn bare_answer(self, record: &CapacityRecord) -> String {
        self.answer_with(record, Self::bare)
    }

    fn answer_with(self, record: &CapacityRecord, word: fn(Self, f64) -> String) -> String {
        match record.found {
            Some(found) if record.at_least => format!("at least {}", word(self, found)),
            Some(found) => word(self, found),
            None if is_known(record) => {
                let less = if self == Self::Clients { "fewer" } else { "less" };
                format!("{less} than {}", word(self, record.from))
            }
            None => "unknown".to_owned(),
        }
    }
}

/// Whether a search tells anything of its transport. Below the first probe nothing was tried, and where that failed by a
/// load generator at its limit nothing is known.
pub(crate) fn is_known(record: &CapacityRecord) -> bool {
    record.found.is_some() || (record.complete && record.cause.is_some_and(|cause| !cause.leaves_more()))
}

/// What ended the search, in a few words: `target CPU`.
pub(crate) fn cause(record: &CapacityRecord) -> &'static str {
    match record.cause {
        _ if !record.complete => "cut short",
        Some(cause) => cause.in_words(),
        None => "–",
    }
}

/// The thresholds of all transports: `latency_p99 < 250ms and lost == 0`; `None` where they differ.
pub(crate) fn limits(run: &Run) -> Option<String> {
    let first = run.capacity.first()?;
    let alike = run.capacity.iter().all(|record| record.limits == first.limits);
    alike.then(|| first.limits.join(" and "))
}

/// The thresholds of each transport, those with the same ones together: `lost == 0 for sse, websocket; …`.
pub(crate) fn limits_of_each(run: &Run) -> String {
    if let Some(limits) = limits(run) {
        return limits;
    }
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for record in &run.capacity {
        let mut limits = record.limits.clone();
        limits.sort();
        let limits = limits.join(" and ");
        match groups.iter_mut().find(|(known, _)| *known == limits) {
            Some((_, labels)) => labels.push(&record.label),
            None => groups.push((limits, vec![&record.label])),
        }
    }
    let words: Vec<String> =
        groups.iter().map(|(limits, labels)| format!("{limits} for {}", labels.join(", "))).collect();
    words.join("; ")
}

/// From the first value that any transport was tried with to the last: `100 to 24,000 clients`.
pub(crate) fn range(run: &Run) -> Option<String> {
    let varied = Varied::of(run)?;
    let values = || run.capacity.iter().flat_map(|record| &record.probes).map(|probe| probe.value);
    let (first, last) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
    Some(if first < last {
        format!("{} to {}", varied.bare(first), varied.amount(last))
    } else {
        varied.amount(last)
    })
}

/// The shortest and the longest measure phase of a probe, in seconds.
pub(crate) fn measured_s(run: &Run) -> Option<(f64, f64)> {
    let lengths = || run.capacity.iter().flat_map(|record| &record.probes).map(|probe| probe.measure_s);
    Some((lengths().reduce(f64::min)?, lengths().reduce(f64::max)?))
}

/// Whether a result is at what was found for its transport. Of a run that searched for nothing, every result is.
pub(crate) fn is_at_capacity(run: &Run, result: &StepResult) -> bool {
    match run.capacity.iter().find(|record| record.label == result.summary.label) {
        None => run.capacity.is_empty(),
        Some(record) => record.found.is_some() && value_of(run, result) == record.found,
    }
}

/// How much of what was varied a result is at; `None` where nothing was searched for.
pub(crate) fn value_of(run: &Run, result: &StepResult) -> Option<f64> {
    match run.capacity.first()?.vary {
        Vary::Clients => step_of(run, result).map(f64::from),
        Vary::Rate => {
            // The point's own rate counts parts, or what all members send: not what was varied.
            let point = result.summary.point.as_ref()?;
            let mut probes = run.capacity.iter().flat_map(|record| &record.probes);
            probes.find(|probe| probe.point.as_ref() == Some(point)).map(|probe| probe.value)
        }
    }
}

/// The run with those rows alone that are at what was found: the others are steps of the search, and no result.
pub(crate) fn at_capacity(run: &Run) -> Run {
    let results = run.results.iter().filter(|result| is_at_capacity(run, result)).cloned().collect();
    let mut shown = Run { results, ..run.clone() };
    let is_shown =
        |name: &str| shown.results.iter().any(|result| result.summary.point.as_deref() == Some(name));
    shown.scenario.points.retain(|point| is_shown(&point.name));
    if let Some((_, longest)) = measured_s(run) {
        shown.scenario.setup.measure_s = longest;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_measure::verdict::Cause;

    #[test]
    fn an_answer_says_how_sure_it_is() {
        let record = |found, at_least, cause| CapacityRecord {
            label: "sse".to_owned(),
            vary: Vary::Clients,
            from: 100.0,
            to: 5_000.0,
            precision: 0.05,
            limits: Vec::new(),
            complete: true,
            found,
            at_least,
            confirmed: true,
            failed_at: None,
            cause: Some(cause),
            why: String::new(),
            probes: Vec::new(),
        };
        let table = [
            (Varied::Clients, record(Some(1_600.0), false, Cause::TargetCpu), "1,600 clients", "target CPU"),
            (
                Varied::Clients,
                record(Some(1_600.0), true, Cause::Generator),
                "at least 1,600 clients",
                "the load generator is at its limit",
            ),
            (Varied::Clients, record(None, true, Cause::Latency), "fewer than 100 clients", "latency"),
            (
                Varied::Clients,
                record(None, true, Cause::Generator),
                "unknown",
                "the load generator is at its limit",
            ),
            (Varied::Clients, record(None, true, Cause::NotMeasured), "unknown", "not measured"),
            (
                Varied::Clients,
                record(Some(200.0), true, Cause::NotMeasured),
                "at least 200 clients",
                "not measured",
            ),
            (
                Varied::Clients,
                CapacityRecord { complete: false, ..record(Some(200.0), true, Cause::Latency) },
                "at least 200 clients",
                "cut short",
            ),
            (Varied::Events, record(Some(12.5), false, Cause::Loss), "12.5 events/s", "loss"),
            (Varied::Asks, record(Some(1_250.0), false, Cause::Loss), "1,250 asks/s", "loss"),
            (
                Varied::Messages,
                record(None, true, Cause::Loss),
                "less than 100 messages/s of each member",
                "loss",
            ),
        ];
        for (varied, record, expected, why) in table {
            assert_eq!((varied.answer(&record).as_str(), cause(&record)), (expected, why));
        }
    }
}
