//! Of a comparison: delivery latency by percentile, all sides on one plot.

use pushbench_measure::Histogram;

use super::canvas::Canvas;
use super::frame::{plain_footer, surround};
use super::palette::{Ink, in_run, ink};
use super::percentiles::{Curve, Source, draw_curves};
use crate::compare::{Comparison, Pair, Side, wording};
use crate::figures::{P50, P99};

const TITLE: &str = "Delivery latency by percentile, runs side by side: lower is better";
const SUBTITLE: &str = "Received − due. Solid: the baseline; dashed: other runs. Thin: fewer than 10/(1−p) publishes \
    behind it. Dotted: theory, a wait uniform over the poll interval.";
/// Runs that are named in the footer.
const NAMED: usize = 4;

pub(super) fn draw(canvas: &mut Canvas<'_>, comparison: &Comparison<'_>) {
    let room = surround(canvas, TITLE, SUBTITLE, &footer(comparison));
    let sides = sides(comparison);
    let histograms: Vec<Histogram> = sides.iter().map(|side| side.sample.histogram()).collect();
    let curves: Vec<Curve> = sides
        .iter()
        .zip(&histograms)
        .map(|(side, histogram)| {
            let summary = &side.summary;
            let figures = [P50, P99].iter().filter_map(|p| Some(format!("{} {}", p.name, p.of(summary)?)));
            let invalid = if side.invalid.is_empty() { "" } else { "invalid: " };
            // Theory is the same for all runs: one line is enough.
            let of_baseline = side.run == comparison.runs[0].letter;
            Curve::new(Source {
                name: format!("{invalid}{} {}", side.run, side.label),
                figures: figures.collect::<Vec<_>>().join(" · "),
                ink: ink_of(comparison, side),
                histogram: Some(histogram).filter(|histogram| !histogram.is_empty()),
                publishes: summary.publishes,
                poll_interval_us: side.poll_interval_us.filter(|_| of_baseline),
            })
        })
        .collect();
    draw_curves(canvas, room, &curves);
}

/// What is said below the charts of a comparison: the runs, and what keeps them from being believed.
pub(super) fn footer(comparison: &Comparison<'_>) -> Vec<(String, super::font::Type)> {
    let mut facts = vec![conditions(comparison)];
    facts.extend(comparison.runs.iter().take(NAMED).enumerate().map(|(at, run)| wording::run(run, at == 0)));
    let more = comparison.runs.len().saturating_sub(NAMED);
    if more > 0 {
        facts.push(format!("and {more} more"));
    }
    let of_runs =
        comparison.runs.iter().flat_map(|run| run.notes.iter().map(|note| format!("{}: {note}", run.letter)));
    let differs = comparison.runs.iter().any(|run| !run.differs.is_empty());
    let differs = differs.then(|| "the runs were made in different ways: see the table's notes".to_owned());
    plain_footer(&facts, &of_runs.chain(differs).collect::<Vec<_>>())
}

fn conditions(comparison: &Comparison<'_>) -> String {
    let clients = clients(comparison);
    let steps = comparison.pairs.iter().any(|pair| pair.base.clients != clients);
    let which = if steps { " (largest of several numbers)" } else { "" };
    let noun = if clients == 1 { "client" } else { "clients" };
    let band = crate::format::typed(comparison.band * 100.0);
    format!(
        "{} {noun}{which} · intervals of 95% · within {band}% of the baseline counts as equal",
        crate::format::grouped(clients.into())
    )
}

/// The number of clients that is drawn: the largest.
fn clients(comparison: &Comparison<'_>) -> u32 {
    comparison.pairs.iter().map(|pair| pair.base.clients).max().unwrap_or(0)
}

/// The pairs that are drawn.
pub(super) fn pairs<'c, 'a>(comparison: &'c Comparison<'a>) -> impl Iterator<Item = &'c Pair<'a>> {
    let clients = clients(comparison);
    comparison.pairs.iter().filter(move |pair| pair.base.clients == clients)
}

/// Sides in the order of the baseline's transports, each followed by its partners.
fn sides<'a>(comparison: &Comparison<'a>) -> Vec<&'a Side> {
    let mut sides: Vec<&Side> = Vec::new();
    for pair in pairs(comparison) {
        let base = sides.iter().position(|side| std::ptr::eq(*side, pair.base));
        match base {
            Some(at) => {
                let partners = sides[at + 1..].iter().take_while(|side| side.run != pair.base.run).count();
                sides.insert(at + 1 + partners, pair.other);
            }
            None => sides.extend([pair.base, pair.other]),
        }
    }
    sides
}

/// The ink of a side: the hue is the kind's, lightness and dash tell the runs apart.
pub(super) fn ink_of(comparison: &Comparison<'_>, side: &Side) -> Ink {
    let run = comparison.runs.iter().position(|run| run.letter == side.run).unwrap_or(0);
    let mut labels: Vec<&str> = Vec::new();
    for of_kind in
        comparison.runs.iter().flat_map(|run| run.sides).filter(|of| of.kind_index == side.kind_index)
    {
        if !labels.contains(&of_kind.label.as_str()) {
            labels.push(&of_kind.label);
        }
    }
    let variant = labels.iter().position(|label| *label == side.label).unwrap_or(0);
    in_run(ink(side.kind_index, variant), run)
}
