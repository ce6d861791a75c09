//! Which columns `summary.csv` has in a run, and what stands in them.

use crate::statistics::{HEADLINES, Source};

use super::{ScenarioRecord, StepResult, Summary};

/// The columns of one run's `summary.csv`: `point` where it has several, `step` where it has several numbers of clients,
/// and where it has several rounds their number, and the ends of its interval behind every figure that gets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pointed: bool,
    stepped: bool,
    /// Figures with an interval; `None` in a run of one round.
    intervals: Option<Vec<&'static str>>,
}

impl Columns {
    /// The columns of a run of that scenario.
    #[must_use]
    pub fn of(scenario: &ScenarioRecord) -> Self {
        let intervals = (scenario.rounds > 1).then(|| with_intervals(scenario).collect());
        Self { pointed: !scenario.points.is_empty(), stepped: scenario.is_stepped(), intervals }
    }

    /// Their names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = vec!["label".to_owned(), "kind".to_owned()];
        names.extend(self.pointed.then(|| "point".to_owned()));
        names.extend(self.stepped.then(|| "step".to_owned()));
        names.extend(self.intervals.is_some().then(|| "rounds".to_owned()));
        for figure in Summary::FIGURES {
            names.push((*figure).to_owned());
            if self.has_interval(figure) {
                names.extend([format!("{figure}_lo"), format!("{figure}_hi")]);
            }
        }
        names.push("verdict".to_owned());
        names
    }

    /// A row in the order of [`Self::names`]; fractions have three decimals, what is unknown is empty.
    #[must_use]
    pub fn record(&self, result: &StepResult) -> Vec<String> {
        let summary = &result.summary;
        let mut fields = vec![summary.label.clone(), summary.kind.clone()];
        let step = || summary.step.map_or_else(String::new, |step| step.to_string());
        fields.extend(self.pointed.then(|| summary.point.clone().unwrap_or_default()));
        fields.extend(self.stepped.then(step));
        fields.extend(self.intervals.is_some().then(|| result.complete_rounds().to_string()));
        for figure in Summary::FIGURES {
            fields.push(summary.figure(figure).map_or_else(String::new, number));
            if self.has_interval(figure) {
                let interval = result.intervals.get(*figure);
                let ends = [interval.map(|interval| interval.lo), interval.map(|interval| interval.hi)];
                fields.extend(ends.map(|end| end.map_or_else(String::new, number)));
            }
        }
        fields.push(summary.verdict.clone());
        fields
    }

    fn has_interval(&self, figure: &str) -> bool {
        self.intervals.as_ref().is_some_and(|figures| figures.contains(&figure))
    }
}

/// Figures that get an interval where there are several rounds: headlines, and what a sweep ranks by.
fn with_intervals(scenario: &ScenarioRecord) -> impl Iterator<Item = &'static str> {
    let headlines = HEADLINES.iter().filter(|headline| headline.source != Source::Counts);
    let is_ranked = |figure: &&str| scenario.sweep.as_ref().is_some_and(|sweep| sweep.cheapest == *figure);
    let ranked = Summary::FIGURES.iter().copied().filter(is_ranked);
    headlines.map(|headline| headline.column).chain(ranked)
}

fn number(value: f64) -> String {
    ((value * 1e3).round() / 1e3).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Confidence, RoundResult, Setup, SweepRecord};

    fn result() -> StepResult {
        let summary = Summary {
            label: "sse".to_owned(),
            kind: "sse".to_owned(),
            lost: Some(0),
            latency_p50_us: Some(900),
            latency_mean_us: Some(1.23456),
            verdict: "valid".to_owned(),
            ..Summary::default()
        };
        let round = |round, complete| RoundResult {
            round,
            complete,
            summary: Summary::default(),
            latencies: None,
            findings: Vec::new(),
            ports: Vec::new(),
            wire: None,
            resources: None,
        };
        StepResult {
            complete: false,
            summary,
            intervals: [("latency_p50_us".to_owned(), Confidence { lo: 870.0, hi: 931.2 })].into(),
            rounds: vec![round(1, true), round(2, true), round(3, false)],
            processes: (1, 1),
            findings: Vec::new(),
            thresholds: Vec::new(),
        }
    }

    fn scenario(steps: &[u32], rounds: u32) -> ScenarioRecord {
        let setup = Setup { steps: steps.to_vec(), ..Setup::default() };
        ScenarioRecord { rounds, setup, ..ScenarioRecord::default() }
    }

    #[test]
    fn a_row_has_a_field_for_every_column_and_nothing_for_the_unknown() {
        for (steps, rounds) in [(&[5][..], 1), (&[5, 10], 1), (&[5], 3), (&[5, 10], 3)] {
            let columns = Columns::of(&scenario(steps, rounds));
            let (names, record) = (columns.names(), columns.record(&result()));
            assert_eq!(names.len(), record.len());
            let of = |name: &str| {
                let at = names.iter().position(|column| column == name);
                at.map(|at| record[at].as_str())
            };
            assert_eq!((of("lost"), of("expected")), (Some("0"), Some("")));
            assert_eq!((of("latency_mean_us"), of("verdict")), (Some("1.235"), Some("valid")));
            assert_eq!(of("step").is_some(), steps.len() > 1);
            let repeated = rounds > 1;
            assert_eq!(of("rounds"), repeated.then_some("2"), "those measured to their end");
            assert_eq!(of("latency_p50_us_lo"), repeated.then_some("870"));
            assert_eq!(of("latency_p50_us_hi"), repeated.then_some("931.2"));
            assert_eq!(of("latency_p99_us_lo"), repeated.then_some(""));
            assert_eq!(of("lost_lo"), None);
        }
    }

    #[test]
    fn what_a_sweep_ranks_by_has_an_interval_whatever_it_is() {
        let ranked_by = |column: &str| {
            let sweep = SweepRecord { cheapest: column.to_owned(), ..SweepRecord::default() };
            ScenarioRecord { sweep: Some(sweep), ..scenario(&[5], 2) }
        };
        let names_of = |column: &str| {
            let names = Columns::of(&ranked_by(column)).names();
            names.into_iter().filter(|name| name.starts_with(column)).collect::<Vec<_>>()
        };
        assert_eq!(names_of("lost"), ["lost", "lost_lo", "lost_hi"]);
        let default = "target_cpu_us_per_client_second";
        assert_eq!(names_of(default), [default, &format!("{default}_lo"), &format!("{default}_hi")]);
    }

    #[test]
    fn one_round_has_the_columns_of_the_figures_and_no_more() {
        let names = Columns::of(&scenario(&[5], 1)).names();
        assert_eq!(names.len(), Summary::FIGURES.len() + 3);
        assert_eq!((names[0].as_str(), names[2].as_str()), ("label", "clients"));
    }
}
