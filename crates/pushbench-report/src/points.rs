//! One point of a run of several, as a run of its own.

use pushbench_measure::Histogram;
use pushbench_measure::interval_log::Mark;
use pushbench_measure::results::{PointRecord, Run, ScenarioRecord};

use std::collections::BTreeMap;

use crate::{LabelFiles, RunFolder};

impl RunFolder {
    /// The point of that number, from 1, as a run that has no other; `None` where there is none.
    #[must_use]
    pub fn point(&self, number: usize) -> Option<Self> {
        let point = self.run.scenario.points.get(number.checked_sub(1)?)?;
        Some(self.of_point(number as u32, point))
    }

    /// Numbers of the points that a word means, as on the command line of a run: a name, a number, or a value.
    #[must_use]
    pub fn numbers_of(&self, word: &str) -> Vec<usize> {
        let points = (1..).zip(&self.run.scenario.points);
        let meant = |(number, point): &(usize, &PointRecord)| {
            let has = |(key, value): &(String, String)| {
                word.split_once('=').is_some_and(|(of, wanted)| (of, wanted) == (key, value))
            };
            word == point.name || word.parse() == Ok(*number) || point.values.iter().any(has)
        };
        points.filter(meant).map(|(number, _)| number).collect()
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
            capacity: Vec::new(),
            ..self.run.clone()
        };
        Self { run, labels: labels.map(Option::unwrap_or_default).collect() }
    }
}

impl LabelFiles {
    fn of_point(&self, number: u32, name: &str) -> Self {
        let of_point = |sums: &BTreeMap<Mark, Histogram>| {
            let own = sums.iter().filter(|(mark, _)| mark.point == Some(number));
            own.map(|(mark, sum)| (Mark::from(mark.step), sum.clone())).collect()
        };
        let answers = self.answers.iter().filter(|((_, mark), _)| mark.point == Some(number));
        Self {
            intervals: self.intervals.iter().filter(|row| row.point == name).cloned().collect(),
            delivery: of_point(&self.delivery),
            back: of_point(&self.back),
            answers: answers
                .map(|((figure, mark), sum)| ((*figure, Mark::from(mark.step)), sum.clone()))
                .collect(),
            clients: self.clients.iter().filter(|row| row.point == name).cloned().collect(),
            missing: self.missing.clone(),
        }
    }
}
