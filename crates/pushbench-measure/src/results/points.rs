//! What `run.json` tells of the points of a scenario that varies keys.

use serde::{Deserialize, Serialize};

use crate::verdict::Level;

use super::{CapacityRecord, Run, ScenarioRecord, Setup, StepResult, TransportRecord};

/// One variant of a scenario, with everything in which it may differ from another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PointRecord {
    /// Its name: unique in the run, and in column `point` of the result files.
    pub name: String,
    /// Keys that vary, with their values as the scenario words them.
    pub values: Vec<(String, String)>,
    /// What its transports were measured under.
    #[serde(flatten)]
    pub setup: Setup,
    /// Its transports: a label has the same kind in all points, and may have other settings.
    pub transports: Vec<TransportRecord>,
}

/// Up to two keys, of which every value of one meets every value of the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// The keys, in the order of the file.
    pub keys: Vec<SweptKey>,
    /// The column of the summary by which transports are ranked: lowest is cheapest.
    pub cheapest: String,
}

/// A key of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweptKey {
    /// Its path, such as `events.rate`.
    pub key: String,
    /// Its values as the scenario words them, in the order of the file.
    pub values: Vec<String>,
}

impl PointRecord {
    /// The record of a scenario that has this point and no other.
    #[must_use]
    pub fn alone(&self, scenario: &ScenarioRecord) -> ScenarioRecord {
        ScenarioRecord { setup: self.setup.clone(), points: Vec::new(), sweep: None, ..scenario.clone() }
    }
}

impl ScenarioRecord {
    /// Whether any point has several numbers of clients.
    #[must_use]
    pub fn is_stepped(&self) -> bool {
        let mut setups = std::iter::once(&self.setup).chain(self.points.iter().map(|point| &point.setup));
        setups.any(|setup| setup.steps.len() > 1)
    }

    /// The number of a point, from 1, by its name.
    #[must_use]
    pub fn number_of(&self, point: &str) -> Option<u32> {
        self.points.iter().position(|of| of.name == point).map(|at| at as u32 + 1)
    }

    /// The setup of a point, by its name; the scenario's own where there is no such point.
    #[must_use]
    pub fn setup_of(&self, point: Option<&str>) -> &Setup {
        let of = point.and_then(|name| self.points.iter().find(|point| point.name == name));
        of.map_or(&self.setup, |point| &point.setup)
    }
}

impl Run {
    /// Whether a complete run answers what it was asked. Where something is compared that is one whose figures may all be
    /// believed and that met every threshold. A sweep looks for where a transport fails or is too slow, so it only needs a
    /// valid measurement at every point; so does a capacity search, which needs an answer for every transport.
    #[must_use]
    pub fn answers(&self) -> bool {
        if !self.capacity.is_empty() {
            return self.capacity.iter().all(CapacityRecord::is_answered);
        }
        if self.scenario.sweep.is_none() {
            return self.level() < Level::Breach;
        }
        let valid = |point: &PointRecord| {
            let mut of_point = self.results.iter().filter(|result| result.is_of(point));
            of_point.any(|result| result.complete && result.validity() < Level::Breach)
        };
        self.scenario.points.iter().all(valid)
    }

    /// The transport that a result is of, with the settings that it has at the result's point.
    #[must_use]
    pub fn transport_of(&self, result: &StepResult) -> Option<&TransportRecord> {
        let point = result.summary.point.as_deref();
        let point = self.scenario.points.iter().find(|of| Some(of.name.as_str()) == point);
        let transports = point.map_or(&self.transports, |point| &point.transports);
        transports.iter().find(|transport| transport.label == result.summary.label)
    }
}

impl StepResult {
    /// Whether it was measured at this point.
    #[must_use]
    pub fn is_of(&self, point: &PointRecord) -> bool {
        self.summary.point.as_deref() == Some(&point.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::results::{Host, Status, Summary, ThresholdResult};
    use crate::verdict::exhausted;
    use crate::verdict::{Scarce, Scarcity};

    fn result(point: &str, valid: bool, met: bool) -> StepResult {
        let scarcity = Scarcity { what: Scarce::Memory, used: 1, allowed: 1 };
        StepResult {
            complete: true,
            summary: Summary { point: Some(point.to_owned()), ..Summary::default() },
            intervals: BTreeMap::new(),
            rounds: Vec::new(),
            processes: (1, 1),
            findings: if valid { Vec::new() } else { exhausted(scarcity) },
            thresholds: vec![ThresholdResult {
                figure: "lost".to_owned(),
                condition: "== 0".to_owned(),
                measured: Some(0.0),
                met,
            }],
        }
    }

    #[test]
    fn a_sweep_answers_where_every_point_has_a_valid_measurement() {
        let point = |name: &str| PointRecord { name: name.to_owned(), ..PointRecord::default() };
        let run = |sweep: bool, results: &[StepResult]| Run {
            format: 0,
            version: String::new(),
            commit: None,
            command: Vec::new(),
            started: String::new(),
            finished: None,
            status: Status::Complete,
            reason: None,
            scenario: ScenarioRecord {
                points: vec![point("a"), point("b")],
                sweep: sweep.then(SweepRecord::default),
                ..ScenarioRecord::default()
            },
            host: Host::default(),
            calibration: None,
            transports: Vec::new(),
            results: results.to_vec(),
            capacity: Vec::new(),
        };
        let (good, bad) = (|point| result(point, true, true), |point| result(point, false, true));
        let missed = |point| result(point, true, false);
        let table: [(&[StepResult], bool, bool); 5] = [
            (&[good("a"), good("b")], true, true),
            (&[good("a"), bad("a"), good("b")], true, false),
            (&[missed("a"), good("b")], true, false),
            (&[good("a"), bad("b")], false, false),
            (&[good("a")], false, true),
        ];
        for (results, sweep, cases) in table {
            assert_eq!(
                (run(true, results).answers(), run(false, results).answers()),
                (sweep, cases),
                "{results:?}"
            );
        }
    }
}
