//! One point of a run of several, as a run of its own.

use pushbench_measure::interval_log::Mark;
use pushbench_measure::results::{PointRecord, Run, ScenarioRecord};

use crate::{LabelFiles, RunFolder};

impl RunFolder {
    /// Every point of the run as a run that has no other; none where it has no points.
    pub fn points(&self) -> impl Iterator<Item = Self> {
        let points = self.run.scenario.points.iter();
        (1..).zip(points).map(|(number, point)| self.of_point(number, point))
    }

    fn of_point(&self, number: u32, point: &PointRecord) -> Self {
        let scenario = point.alone(&self.run.scenario);
        let of_point = |name: &Option<String>| name.as_deref() == Some(&point.name);
        let results = self.run.results.iter().filter(|result| of_point(&result.summary.point));
        let labels = point.transports.iter().map(|transport| {
            let (_, files) = self.transports().find(|(of, _)| of.label == transport.label)?;
            Some(files.of_point(number, &point.name))
        });
        let run = Run {
            scenario: ScenarioRecord { name: format!("{}, {}", scenario.name, point.name), ..scenario },
            transports: point.transports.clone(),
            results: results.cloned().collect(),
            ..self.run.clone()
        };
        Self { run, labels: labels.map(Option::unwrap_or_default).collect() }
    }
}

impl LabelFiles {
    fn of_point(&self, number: u32, name: &str) -> Self {
        let delivery = self.delivery.iter().filter(|(mark, _)| mark.point == Some(number));
        Self {
            intervals: self.intervals.iter().filter(|row| row.point == name).cloned().collect(),
            delivery: delivery.map(|(mark, sum)| (Mark::from(mark.step), sum.clone())).collect(),
            clients: self.clients.iter().filter(|row| row.point == name).cloned().collect(),
            missing: self.missing.clone(),
        }
    }
}
