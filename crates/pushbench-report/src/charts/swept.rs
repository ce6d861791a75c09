//! What the charts of a sweep share: its cells, colours, and words for what is compared.

use plotters::style::RGBColor;
use pushbench_measure::results::{Run, Status, StepResult, Summary};
use pushbench_measure::verdict::Level;
use std::collections::BTreeMap;

use super::axes::TICK;
use super::canvas::{Align, Canvas, SIZE};
use super::font::{self, Type};
use super::frame::{FOOTER, MARGIN, host, plain_footer};
use super::layout::{Point, Rect};
use super::palette::{Ink, PAPER, ink, mix};
use crate::compare::wording::unit_of;
use crate::crossover::{Answer, Map};
use crate::format::typed;
use crate::table::notes::faults;
use crate::table::settings::{self, Setting};
use crate::table::validity::name;

/// A sweep to be drawn.
pub(super) struct Swept<'a> {
    pub(super) run: &'a Run,
    pub(super) map: Map<'a>,
    inks: BTreeMap<&'a str, Ink>,
}

impl<'a> Swept<'a> {
    /// `None` where the run is of no sweep.
    pub(super) fn of(run: &'a Run) -> Option<Self> {
        let mut of_kind: BTreeMap<usize, usize> = BTreeMap::new();
        let mut inks = BTreeMap::new();
        for transport in &run.transports {
            let variant = of_kind.entry(transport.kind_index).or_default();
            inks.insert(transport.label.as_str(), ink(transport.kind_index, *variant));
            *variant += 1;
        }
        Some(Self { run, map: Map::of(run)?, inks })
    }

    pub(super) fn ink(&self, label: &str) -> Ink {
        self.inks.get(label).copied().unwrap_or_else(|| ink(0, 0))
    }

    pub(super) fn color(&self, label: &str) -> RGBColor {
        self.ink(label).color
    }

    /// The column that is compared.
    pub(super) fn column(&self) -> &'a str {
        &self.map.sweep.cheapest
    }

    /// A cost with its unit.
    pub(super) fn worded(&self, cost: f64) -> String {
        unit_of(self.column())(cost)
    }

    /// What is compared: `target CPU time per client and second`.
    pub(super) fn cost_in_words(&self) -> String {
        match self.column() {
            "target_cpu_us_per_client_second" => "target CPU time per client and second".to_owned(),
            "worker_cpu_us_per_client_second" => "worker CPU time per client and second".to_owned(),
            column => Summary::name_of(column).replace('_', " ").replace("cpu us", "CPU time"),
        }
    }

    /// What a transport has to do to be ranked: `meet latency_p99 < 2s and lost == 0`.
    pub(super) fn thresholds_in_words(&self) -> String {
        const NAMED: usize = 3;
        let mut conditions: Vec<String> = Vec::new();
        for threshold in self.run.results.iter().flat_map(|result| &result.thresholds) {
            let words = format!("{} {}", threshold.figure, threshold.condition);
            if !conditions.contains(&words) {
                conditions.push(words);
            }
        }
        match conditions.len() {
            0 => "were measured".to_owned(),
            1..=NAMED => format!("meet {}", conditions.join(" and ")),
            _ => "meet the thresholds".to_owned(),
        }
    }

    /// Names of the transports in the colours of their cells.
    pub(super) fn draw_legend(&self, canvas: &mut Canvas<'_>, (mut x, y): Point) {
        for transport in &self.run.transports {
            canvas.fill(Rect::new(x, y - 10.0, x + 30.0, y + 10.0), pale(self.color(&transport.label)));
            canvas.text((x + 40.0, y), Align::Left, TICK, &transport.label);
            x += 40.0 + font::width(&transport.label, TICK) + 34.0;
        }
    }
}

/// Colours that dark words are read on.
pub(super) fn pale(color: RGBColor) -> RGBColor {
    mix(color, PAPER, 0.45)
}

/// Conditions, what may not be believed, and the machine.
pub(super) fn footer(swept: &Swept<'_>) -> Vec<(String, Type)> {
    let run = swept.run;
    let (scenario, setup) = (&run.scenario, &run.scenario.setup);
    let rounds = match scenario.rounds {
        0 | 1 => "1 run of each".to_owned(),
        rounds => format!("{rounds} rounds of each"),
    };
    let coalesced = settings::values(run, Setting::Coalesce);
    let coalesced: Vec<String> =
        coalesced.iter().map(|mode| format!(", coalesced ({}){}", mode.value, mode.place)).collect();
    let coalesced = coalesced.concat();
    let conditions = format!(
        "{} · {} points · {}, {}{coalesced} · {} s measured in each · {} · {rounds}",
        scenario.name,
        scenario.points.len(),
        setup.pattern,
        setup.event_size,
        typed(setup.measure_s),
        setup.network_in_words(),
    );
    let mut alarms = Vec::new();
    match run.status {
        Status::Complete => {}
        Status::Partial => {
            alarms.push(format!("PARTIAL RUN: {}", run.reason.as_deref().unwrap_or("it ended early")));
        }
        Status::Running => alarms.push("UNFINISHED RUN: still under way, or it was killed".to_owned()),
    }
    let of = run.results.len();
    let invalid = run.results.iter().filter(|result| result.validity() == Level::Breach).count();
    if invalid > 0 {
        alarms.push(format!("INVALID, not ranked: {invalid} of {of} measurements ({})", why(run)));
    }
    let holes = swept.map.cells.iter().filter(|cell| cell.answer == Answer::NoneValid).count();
    let mut facts = vec![conditions];
    if alarms.is_empty() {
        facts.push(format!("valid: every check of {of} measurements inside its bounds, warnings aside"));
    } else if holes > 0 {
        let noun = if holes == 1 { "cell" } else { "cells" };
        alarms.push(format!("{holes} {noun} without a valid measurement"));
    }
    let alarms: Vec<String> = faults(run).into_iter().chain(alarms).collect();
    let mut lines = plain_footer(&facts, &alarms);
    let width = f64::from(SIZE.0) - 2.0 * MARGIN;
    lines.push((font::fit(&host(run), FOOTER, width), FOOTER));
    lines
}

/// Why measurements are not valid, the most frequent reason first.
fn why(run: &Run) -> String {
    let breaches = |result: &StepResult| -> Vec<&'static str> {
        let of = result.findings.iter().filter(|finding| finding.level == Level::Breach);
        of.map(|finding| name(finding.condition)).collect()
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in run.results.iter().flat_map(breaches) {
        *counts.entry(reason).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
        .into_iter()
        .map(|(reason, count)| format!("{count}\u{a0}×\u{a0}{}", reason.replace(' ', "\u{a0}")))
        .collect::<Vec<_>>()
        .join(", ")
}
