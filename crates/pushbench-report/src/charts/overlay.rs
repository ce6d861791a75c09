//! Of a comparison: delivery latency by percentile, all sides on one plot.

use pushbench_measure::Histogram;
use pushbench_measure::statistics::Basis;

use super::axes::AXIS_NAME;
use super::canvas::{Align, Canvas};
use super::frame::{plain_footer, surround};
use super::palette::{Ink, in_run, ink};
use super::percentiles::{Curve, DELIVERY, Source, draw_curves};
use crate::compare::{Comparison, Pair, Side, wording};
use crate::figures::{P50, P99, Percentile};
use crate::format::{grouped, time_us, typed};

const TITLE: &str = "Delivery latency by percentile, runs side by side: lower is better";
const SUBTITLE: &str = "Received − due. Solid: the baseline; dashed: other runs. Thin: fewer than 10/(1−p) publishes \
    behind it.";
const THEORY: &str = "Dotted: theory, a wait uniform over the poll interval.";
/// Runs that are named in the footer.
const NAMED: usize = 4;
/// More curves than this cannot be told apart.
const MOST: usize = 12;

pub(super) fn draw(canvas: &mut Canvas<'_>, comparison: &Comparison<'_>) {
    let mut sides = sides(comparison);
    let polls = sides.iter().any(|side| side.poll_interval_us.is_some());
    let subtitle = if polls { format!("{SUBTITLE} {THEORY}") } else { SUBTITLE.to_owned() };
    let room = surround(canvas, TITLE, &subtitle, &footer(comparison));
    if sides.len() > MOST {
        let text = format!("{} more curves are left out", sides.len() - MOST);
        canvas.text((room.right, room.top - 4.0), Align::Right, AXIS_NAME, &text);
        sides.truncate(MOST);
    }
    let histograms: Vec<Histogram> = sides.iter().map(|side| side.sample.histogram()).collect();
    let curves: Vec<Curve> = sides
        .iter()
        .zip(&histograms)
        .map(|(side, histogram)| {
            let figures = [P50, P99].iter().filter_map(|p| Some(format!("{} {}", p.name, figure(side, *p)?)));
            // Theory is the same for all runs: one line is enough.
            let of_baseline = side.run == comparison.runs[0].letter;
            Curve::new(Source {
                name: format!("{}{} {}", doubt_of([*side]), side.run, side.label),
                figures: figures.collect::<Vec<_>>().join(" · "),
                ink: ink_of(comparison, side),
                histogram: Some(histogram).filter(|histogram| !histogram.is_empty()),
                publishes: side.summary.publishes,
                poll_interval_us: side.poll_interval_us.filter(|_| of_baseline),
            })
        })
        .collect();
    draw_curves(canvas, room, &curves, &DELIVERY);
}

/// What stands before a name where a side is not to be believed.
pub(super) fn doubt_of<'a>(sides: impl IntoIterator<Item = &'a Side> + Clone) -> &'static str {
    let invalid = sides.clone().into_iter().any(|side| !side.invalid.is_empty());
    let cut = sides.clone().into_iter().any(|side| !side.complete);
    let doubted = sides.into_iter().any(Side::doubted);
    match (invalid, cut) {
        (true, _) => "invalid: ",
        (false, true) => "cut short: ",
        (false, false) if doubted => "incomplete: ",
        (false, false) => "",
    }
}

/// A percentile as the comparison has it.
fn figure(side: &Side, percentile: Percentile) -> Option<String> {
    let value = side.figures.get(percentile.column)?.value;
    let mark = if percentile.is_sure(&side.summary) { "" } else { "~" };
    Some(format!("{mark}{}", time_us(value)))
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
    let single = comparison.runs.iter().any(|run| run.basis == Basis::OneRound);
    let of = if single { " (of 1 run: of its seconds only)" } else { "" };
    format!(
        "{} {noun}{which} · intervals of 95 %{of} · within {}% of the baseline counts as no difference",
        grouped(clients.into()),
        typed(comparison.band * 100.0)
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
