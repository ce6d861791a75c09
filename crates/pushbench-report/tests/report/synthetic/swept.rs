//! Made-up sweeps: four transports whose costs follow from what they do, over cells of a rate and a number of clients.

use pushbench_measure::interval_log::Mark;
use pushbench_measure::results::{
    Confidence, Interval, PointRecord, RoundResult, Setup, StepResult, SweepRecord, SweptKey, ThresholdResult,
};
use pushbench_measure::verdict::{Bound, Condition, Finding, Level};
use pushbench_report::{LabelFiles, RunFolder};

use super::{Shape, folder};

/// The column that is ranked.
pub(crate) const COST: &str = "target_cpu_us_per_client_second";

/// Cells of these rates, at these numbers of clients; without any of these, a sweep over the rate alone.
pub(crate) fn swept(rates: &[f64], clients: &[u32], rounds: u32) -> RunFolder {
    let mut base = folder(&Shape { rounds, measure_s: 5, ..Shape::default() });
    let (keys, cells) = cells(rates, clients);
    let made: Vec<(StepResult, LabelFiles)> = base.run.results.drain(..).zip(base.labels.drain(..)).collect();
    let mut labels: Vec<LabelFiles> = vec![LabelFiles::default(); made.len()];
    for (number, (values, rate, clients)) in (1..).zip(cells) {
        let words: Vec<String> = values.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let name = words.join(" ");
        let setup =
            Setup { steps: vec![clients], events_per_second: rate, ..base.run.scenario.setup.clone() };
        let transports = base.run.transports.clone();
        base.run.scenario.points.push(PointRecord { name: name.clone(), values, setup, transports });
        for (at, ((result, files), all)) in made.iter().zip(&mut labels).enumerate() {
            base.run.results.push(at_point(result, at, &name, rate, clients));
            let row = |row: &Interval| Interval { point: name.clone(), step: clients, ..row.clone() };
            all.intervals.extend(files.intervals.iter().map(row));
            let mark = Mark { point: Some(number), step: None };
            all.delivery.extend(files.delivery.values().map(|sum| (mark, sum.clone())));
        }
    }
    base.run.scenario.sweep = Some(SweepRecord { keys, cheapest: COST.to_owned() });
    RunFolder::from_parts(base.run, labels)
}

type Values = Vec<(String, String)>;

fn cells(rates: &[f64], clients: &[u32]) -> (Vec<SweptKey>, Vec<(Values, f64, u32)>) {
    let rate_words: Vec<String> = rates.iter().map(|rate| format!("{rate}/s")).collect();
    let client_words: Vec<String> = clients.iter().map(u32::to_string).collect();
    let key = |key: &str, values: &[String]| SweptKey { key: key.to_owned(), values: values.to_vec() };
    let mut keys = vec![key("events.rate", &rate_words)];
    let mut cells = Vec::new();
    for (rate, rate_word) in rates.iter().zip(&rate_words) {
        let of_rate = ("events.rate".to_owned(), rate_word.clone());
        if clients.is_empty() {
            cells.push((vec![of_rate], *rate, 1000));
            continue;
        }
        for (count, word) in clients.iter().zip(&client_words) {
            let of_clients = ("clients.count".to_owned(), word.clone());
            cells.push((vec![of_rate.clone(), of_clients], *rate, *count));
        }
    }
    if !clients.is_empty() {
        keys.push(key("clients.count", &client_words));
    }
    (keys, cells)
}

/// A poll costs, or an event does.
fn cost(transport: usize, rate: f64) -> f64 {
    match transport {
        0 => 14.0 + 0.4 * rate,
        1 => 2.0 + 11.0 * rate.min(12.0),
        2 => 1.2 + 4.4 * rate,
        _ => 1.5 + 4.3 * rate,
    }
}

fn at_point(result: &StepResult, transport: usize, point: &str, rate: f64, clients: u32) -> StepResult {
    let value = cost(transport, rate);
    let mut result = result.clone();
    let rows = result.rounds.iter_mut().map(|RoundResult { summary, .. }| summary);
    for row in std::iter::once(&mut result.summary).chain(rows) {
        (row.point, row.clients, row.connected) = (Some(point.to_owned()), Some(clients), Some(clients));
        row.target_cpu_us_per_client_second = Some(value);
        row.latency_p99_us = row.latency_p99_us.map(|us| us + (rate * f64::from(clients) / 20.0) as u64);
    }
    if result.rounds.len() > 1 {
        let around = Confidence { lo: value * 0.93, hi: value * 1.08 };
        result.intervals.insert(COST.to_owned(), around);
    }
    result.thresholds = vec![ThresholdResult {
        figure: "latency_p99".to_owned(),
        condition: "< 1500ms".to_owned(),
        measured: Some(1e5),
        met: true,
    }];
    result
}

/// A sweep with cells of every kind: invalid ones, ones that miss the threshold, ones without the figure, one that was not reached.
pub(crate) fn patchy() -> RunFolder {
    let mut folder = swept(&[0.2, 1.0, 5.0, 20.0, 50.0], &[100, 1_000, 10_000], 1);
    let invalid = |result: &mut StepResult| {
        let bound = Bound { condition: Condition::WorkerBusy, warning: 0.8, breach: 0.95 };
        let fact = "busiest worker 99 % busy".to_owned();
        result.findings = vec![Finding::new(&bound, Level::Breach, 0.99, fact, None)];
    };
    let results = &mut folder.run.results;
    let of = |cell: usize| cell * 4..cell * 4 + 4;
    results[of(14)].iter_mut().for_each(invalid);
    results[of(11)][1..].iter_mut().for_each(invalid);
    results[of(8)][2..].iter_mut().for_each(invalid);
    for result in &mut results[of(13)] {
        result.thresholds[0].met = false;
    }
    results[of(7)][3].summary.target_cpu_us_per_client_second = None;
    results[of(10)].iter_mut().for_each(|result| result.summary.target_cpu_us_per_client_second = None);
    results.drain(of(12));
    folder
}
