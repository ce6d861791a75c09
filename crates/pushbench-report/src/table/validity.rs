//! What was checked and what was seen: a row a condition, a column a transport. Judges nothing.

use pushbench_measure::results::{Run, StepResult};
use pushbench_measure::verdict::{BOUNDS, Condition, Finding, Level};

use super::grid::{Cell, Paint};
use crate::format::{grouped, share, time_us, without_trailing_zeros};

/// The block below the figures.
pub(super) struct Validity {
    /// Heading of the conditions, then the transports.
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// Conditions that ask for a zero and had it everywhere, in one line.
    pub(super) zeros: Option<String>,
}

/// What was checked; `None` where nothing was, as in a run that ended before its first transport did.
pub(super) fn block(run: &Run) -> Option<Validity> {
    let shown: Vec<&str> = (run.transports.iter().map(|transport| transport.label.as_str()))
        .filter(|label| run.results.iter().any(|result| result.summary.label == *label))
        .collect();
    let (mut rows, mut zeros) = (Vec::new(), Vec::new());
    for bound in BOUNDS {
        let seen: Vec<Option<&Finding>> =
            shown.iter().map(|label| worst(run, label, bound.condition)).collect();
        let Some(any) = seen.iter().flatten().next() else { continue };
        if bound.warning == 0.0 && seen.iter().flatten().all(|finding| finding.value == 0.0) {
            zeros.push(name(bound.condition));
            continue;
        }
        let mut row = vec![Cell::plain(head(any))];
        row.extend(seen.iter().map(|finding| finding.map_or_else(|| Cell::plain("–"), cell)));
        rows.push(row);
    }
    if rows.is_empty() && zeros.is_empty() {
        return None;
    }
    let of_what = match (super::has_points(run), run.scenario.is_stepped()) {
        (true, _) => "check of the worst point",
        (false, true) => "check of the worst step",
        (false, false) => "check",
    };
    let heads = std::iter::once(format!("{of_what} (warning* / breach! above)"));
    Some(Validity {
        heads: heads.chain(shown.iter().map(|label| (*label).to_owned())).collect(),
        rows,
        zeros: (!zeros.is_empty()).then(|| format!("checked and 0 everywhere: {}", zeros.join(", "))),
    })
}

/// Of all steps of a transport the worst: the highest level, then the highest value.
fn worst<'a>(run: &'a Run, label: &str, condition: Condition) -> Option<&'a Finding> {
    let of_label = |result: &&StepResult| result.summary.label == label;
    let findings = run.results.iter().filter(of_label).flat_map(|result| &result.findings);
    findings
        .filter(|finding| finding.condition == condition)
        .max_by(|a, b| a.level.cmp(&b.level).then(a.value.total_cmp(&b.value)))
}

/// `busiest worker (80 % / 95 %)`: the condition with its bounds.
fn head(finding: &Finding) -> String {
    let bound =
        |bound: Option<f64>| bound.map_or_else(|| "–".to_owned(), |bound| worded(finding.condition, bound));
    format!("{} ({} / {})", name(finding.condition), bound(finding.warning), bound(finding.breach))
}

/// The value, marked where it is beyond a bound; with `~` where it is beyond that of a breach and no breach, as too few samples
/// stand behind it.
fn cell(finding: &Finding) -> Cell {
    let beyond = finding.breach.is_some_and(|breach| finding.value > breach);
    let few = if beyond && finding.level < Level::Breach { "~" } else { "" };
    let value = format!("{few}{}", worded(finding.condition, finding.value));
    match finding.level {
        Level::Ok => Cell::plain(value),
        Level::Warning => Cell::new(format!("{value} *"), Paint::Care),
        Level::Breach => Cell::new(format!("{value} !"), Paint::Bad),
    }
}

pub(crate) fn name(condition: Condition) -> &'static str {
    match condition {
        Condition::PublishSlip => "publish slip p99",
        Condition::WorkerBusy => "busiest worker",
        Condition::TargetBusy => "busiest target",
        Condition::CpuShared => "shared CPUs, both sides",
        Condition::WorkerTimer => "worker timers late p99",
        Condition::WorkerRunQueue => "worker's wait for a CPU",
        Condition::SendSlip => "send slip p99",
        Condition::HostSteal => "CPU time stolen",
        Condition::NeverConnected => "clients never connected",
        Condition::PublishesSkipped => "publishes skipped",
        Condition::ListenOverflows => "listen overflows",
        Condition::Lost => "events lost",
        Condition::CutOff => "clients cut off as slow",
        Condition::LimitReached => "limits reached",
        Condition::WireDisagreement => "wire, one end against the other",
        Condition::Unsteady => "median moved by",
    }
}

/// A value or a bound in the unit of its condition.
fn worded(condition: Condition, value: f64) -> String {
    match condition {
        Condition::PublishSlip | Condition::SendSlip | Condition::WorkerTimer | Condition::WorkerRunQueue => {
            without_trailing_zeros(&time_us(value))
        }
        Condition::WorkerBusy
        | Condition::TargetBusy
        | Condition::CpuShared
        | Condition::HostSteal
        | Condition::WireDisagreement
        | Condition::Unsteady => share(value),
        Condition::NeverConnected
        | Condition::PublishesSkipped
        | Condition::ListenOverflows
        | Condition::Lost
        | Condition::CutOff
        | Condition::LimitReached => grouped(value as u64),
    }
}
