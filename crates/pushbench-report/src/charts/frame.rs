//! What every chart has around it: a title that says what is seen and what is better, and a footer that says
//! under which conditions it was measured and whether it may be believed.

use pushbench_measure::results::{Run, Status, StepResult, ThresholdResult, Vary};
use pushbench_measure::verdict::{Finding, Level};

use super::canvas::{Align, Canvas, SIZE};
use super::font::{self, Type};
use super::layout::Rect;
use super::palette::{ALARM, AXIS, FAINT_TEXT, TEXT};
use super::view::View;
use crate::capacity;
use crate::format::{grouped, minute, noun, rate_in_words, typed};
use crate::table::notes::measured;

/// Room at the left and right edge.
pub(super) const MARGIN: f64 = 44.0;
const TITLE: Type = Type::medium(40.0, TEXT);
const SUBTITLE: Type = Type::regular(25.0, FAINT_TEXT);
/// What stands below a chart.
pub(super) const FOOTER: Type = Type::regular(22.0, FAINT_TEXT);
const FOOTER_LINE: f64 = 31.0;

/// Which results a chart shows, for its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The largest number of clients only.
    OneStep,
    /// The same, and of several rounds one.
    OneRound,
    /// Every number of clients.
    AllSteps,
}

/// Draws title and footer; returns the room between them.
pub(super) fn frame(
    canvas: &mut Canvas<'_>,
    view: &View<'_>,
    extent: Extent,
    title: &str,
    subtitle: &str,
) -> Rect {
    frame_with(canvas, view, extent, [title, subtitle], None)
}

/// The same with more said in the footer.
pub(super) fn frame_with(
    canvas: &mut Canvas<'_>,
    view: &View<'_>,
    extent: Extent,
    [title, subtitle]: [&str; 2],
    line: Option<&str>,
) -> Rect {
    let width = f64::from(SIZE.0) - 2.0 * MARGIN;
    let mut lines = footer(view, extent, width);
    let more = line.map(|line| font::wrap(line, FOOTER, width, 2)).unwrap_or_default();
    lines.extend(more.into_iter().map(|line| (line, FOOTER)));
    surround(canvas, title, subtitle, &lines)
}

/// Draws a title and the lines of a footer; returns the room between them.
pub(super) fn surround(
    canvas: &mut Canvas<'_>,
    title: &str,
    subtitle: &str,
    lines: &[(String, Type)],
) -> Rect {
    let width = f64::from(SIZE.0) - 2.0 * MARGIN;
    canvas.text((MARGIN, 52.0), Align::Left, TITLE, &font::fit(title, TITLE, width));
    for (at, line) in font::wrap(subtitle, SUBTITLE, width, 2).iter().enumerate() {
        canvas.text((MARGIN, 100.0 + 33.0 * at as f64), Align::Left, SUBTITLE, line);
    }
    let top = f64::from(SIZE.1) - 22.0 - lines.len() as f64 * FOOTER_LINE;
    canvas.fill(Rect::new(MARGIN, top - 14.0, MARGIN + width, top - 12.5), AXIS);
    for (at, (line, face)) in lines.iter().enumerate() {
        canvas.text((MARGIN, top + (at as f64 + 0.5) * FOOTER_LINE), Align::Left, *face, line);
    }
    Rect::new(MARGIN, 166.0, MARGIN + width, top - 30.0)
}

/// The lines of a footer that are not about one run: facts, and what calls for the alarm colour.
pub(super) fn plain_footer(facts: &[String], alarms: &[String]) -> Vec<(String, Type)> {
    let width = f64::from(SIZE.0) - 2.0 * MARGIN;
    let mut lines: Vec<(String, Type)> =
        facts.iter().map(|fact| (font::fit(fact, FOOTER, width), FOOTER)).collect();
    if !alarms.is_empty() {
        let face = Type::medium(FOOTER.size, ALARM);
        lines.extend(font::wrap(&alarms.join(" · "), face, width, 2).into_iter().map(|line| (line, face)));
    }
    lines
}

fn footer(view: &View<'_>, extent: Extent, width: f64) -> Vec<(String, Type)> {
    let mut lines = vec![(font::fit(&conditions(view, extent), FOOTER, width), FOOTER)];
    if let Some(inject) = &view.run.scenario.setup.inject {
        let face = Type::medium(FOOTER.size, ALARM);
        lines.push((font::fit(&format!("faults injected: {inject}"), face, width), face));
    }
    let (text, alarming) = verdict(view, extent);
    let face = if alarming { Type::medium(FOOTER.size, ALARM) } else { FOOTER };
    lines.extend(font::wrap(&text, face, width, 2).into_iter().map(|line| (line, face)));
    lines.push((font::fit(&host(view.run), FOOTER, width), FOOTER));
    lines
}

fn conditions(view: &View<'_>, extent: Extent) -> String {
    let (scenario, setup) = (&view.run.scenario, &view.run.scenario.setup);
    let clients = match extent {
        Extent::OneStep | Extent::OneRound if view.has_steps() => {
            let largest = setup.steps.iter().max() == Some(&view.step);
            let which = if largest { "largest" } else { "one" };
            format!("{} clients ({which} of {} steps)", grouped(view.step.into()), setup.steps.len())
        }
        Extent::AllSteps if view.has_steps() => {
            let ends = (setup.steps.iter().min(), setup.steps.iter().max());
            let [first, last] = [ends.0, ends.1].map(|step| grouped(step.copied().unwrap_or(0).into()));
            format!("{first} to {last} clients in {} steps", setup.steps.len())
        }
        _ => format!("{} clients", grouped(view.step.into())),
    };
    let clients = capacity::range(view.run).map_or(clients, |range| format!("{range} tried"));
    let rate = match view.run.capacity.first().map(|record| record.vary) {
        Some(Vary::Rate) => format!("{}s of {}", noun(setup), setup.event_size),
        _ => format!("{} of {}", rate_in_words(setup), setup.event_size),
    };
    let coalesced = setup.coalesce.as_ref().map(|mode| format!(", coalesced ({mode})")).unwrap_or_default();
    format!(
        "{} · {clients} · {}, {rate}{coalesced} · {} · {} · {}",
        scenario.name,
        setup.pattern,
        duration(view.run),
        setup.network_in_words(),
        rounds(view, extent),
    )
}

/// How often it was measured, and which of the rounds is shown.
fn rounds(view: &View<'_>, extent: Extent) -> String {
    let asked = view.run.scenario.rounds;
    if asked < 2 {
        return "1 run".to_owned();
    }
    if extent == Extent::OneRound {
        return format!("round {} of {asked}, the nearest to the medians of all", view.round);
    }
    let fewest = shown(view, extent).iter().map(|result| result.complete_rounds()).min().unwrap_or(0);
    if fewest < asked as usize { format!("{fewest} of {asked} rounds") } else { format!("{asked} rounds") }
}

/// The results that a chart shows.
fn shown<'a>(view: &View<'a>, extent: Extent) -> Vec<&'a StepResult> {
    match extent {
        Extent::OneStep | Extent::OneRound => view.series.iter().filter_map(|series| series.result).collect(),
        Extent::AllSteps => {
            // What failed on the way of a search is no doubt about it.
            view.run.results.iter().filter(|result| capacity::is_at_capacity(view.run, result)).collect()
        }
    }
}

/// The length of the measure phase: of a run that ended early, or has not ended, only the plan is known.
fn duration(run: &Run) -> String {
    if let Some((shortest, longest)) = capacity::measured_s(run) {
        let from = if shortest < longest { format!("{} to ", typed(shortest)) } else { String::new() };
        return format!("{from}{} s measured each", typed(longest));
    }
    let word = if run.status == Status::Complete { "measured" } else { "planned" };
    format!("{} s {word}", typed(run.scenario.setup.measure_s))
}

/// The verdict in words, and whether it calls for the alarm colour.
fn verdict(view: &View<'_>, extent: Extent) -> (String, bool) {
    let shown = shown(view, extent);
    let mut alarms: Vec<String> = Vec::new();
    match view.run.status {
        Status::Complete => {}
        Status::Partial => {
            alarms.push(format!("PARTIAL RUN: {}", view.run.reason.as_deref().unwrap_or("it ended early")));
        }
        Status::Running => alarms.push("UNFINISHED RUN: still under way, or it was killed".to_owned()),
    }
    let short = reasons(&shown, extent, |result| not_whole(view.run, result));
    if !short.is_empty() {
        alarms.push(format!("CUT SHORT: {short}"));
    }
    let lost = reasons(&shown, extent, |result| {
        result.summary.lost.filter(|lost| *lost > 0).map(|lost| format!("{} events", grouped(lost)))
    });
    if !lost.is_empty() {
        alarms.push(format!("LOST: {lost}"));
    }
    let invalid = reasons(&shown, extent, |result| facts(result, Level::Breach));
    if !invalid.is_empty() {
        alarms.push(format!("INVALID, not to be compared: {invalid}"));
    }
    let missed = reasons(&shown, extent, misses);
    if !missed.is_empty() {
        alarms.push(format!("THRESHOLDS MISSED: {missed}"));
    }
    if !alarms.is_empty() {
        return (alarms.join(" · "), true);
    }
    let warnings = reasons(&shown, extent, |result| facts(result, Level::Warning));
    match (shown.is_empty(), warnings.is_empty()) {
        (true, _) => ("no result".to_owned(), true),
        (_, true) => ("valid: every check inside its bounds".to_owned(), false),
        (_, false) => (format!("valid, with warnings: {warnings}"), false),
    }
}

fn reasons(shown: &[&StepResult], extent: Extent, reason: impl Fn(&StepResult) -> Option<String>) -> String {
    let parts = shown.iter().filter_map(|result| {
        let reason = reason(result)?;
        let label = &result.summary.label;
        Some(match result.summary.step.filter(|_| extent == Extent::AllSteps) {
            Some(step) => format!("{label} at {} clients: {reason}", grouped(step.into())),
            None => format!("{label}: {reason}"),
        })
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Thresholds of the scenario that a result missed.
fn misses(result: &StepResult) -> Option<String> {
    let missed =
        result.thresholds.iter().filter(|threshold| !threshold.met).map(|missed| miss(result, missed));
    let words: Vec<String> = missed.collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Every finding of a level, its value without what follows from it: a footer is short, and the table says it.
fn facts(result: &StepResult, level: Level) -> Option<String> {
    let of_level = result.findings.iter().filter(|finding| finding.level == level);
    let facts: Vec<&str> = of_level.map(Finding::fact).collect();
    (!facts.is_empty()).then(|| facts.join(", "))
}

/// What a result that is not of all that was asked for is of.
fn not_whole(run: &Run, result: &StepResult) -> Option<String> {
    let words = || match result.complete_rounds() {
        0 => "figures of the time until then".to_owned(),
        measured => format!("{measured} of {} rounds", run.scenario.rounds),
    };
    (!result.complete).then(words)
}

/// A threshold that was not met, with what was measured.
fn miss(result: &StepResult, threshold: &ThresholdResult) -> String {
    format!("{} {}, {}", threshold.figure, threshold.condition, measured(result, threshold))
}

pub(super) fn host(run: &Run) -> String {
    let host = &run.host;
    let cpus = if host.cpus == 1 { "1 CPU".to_owned() } else { format!("{} CPUs", host.cpus) };
    let parts = [
        host.name.clone(),
        format!("{cpus} {}", host.cpu),
        host.kernel.clone(),
        format!("{} UTC", minute(&run.started)),
        format!("pushbench {}", run.version),
    ];
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_measure::results::{Host, RoundResult, ScenarioRecord, Summary};
    use std::collections::BTreeMap;

    #[test]
    fn a_figure_that_was_not_measured_missed_nothing() {
        let of = |measured| {
            miss(
                &result(),
                &ThresholdResult {
                    figure: "latency_p99".to_owned(),
                    condition: "< 1500ms".to_owned(),
                    measured,
                    met: false,
                },
            )
        };
        assert_eq!(of(Some(2e6)), "latency_p99 < 1500ms, measured 2.00 s");
        assert_eq!(of(None), "latency_p99 < 1500ms, not measured");
    }

    #[test]
    fn a_row_says_how_much_of_it_there_is() {
        let mut run = bare();
        run.scenario.rounds = 3;
        let of = |complete, whole: &[bool]| {
            let round = |(at, complete): (u32, &bool)| RoundResult {
                round: at,
                complete: *complete,
                summary: Summary::default(),
                latencies: None,
                findings: Vec::new(),
                ports: Vec::new(),
                wire: None,
                resources: None,
            };
            let rounds = (1..).zip(whole).map(round).collect();
            not_whole(&run, &StepResult { complete, rounds, ..result() })
        };
        assert_eq!(of(true, &[true; 3]), None);
        assert_eq!(of(false, &[true, true, false]).as_deref(), Some("2 of 3 rounds"));
        assert_eq!(of(false, &[false]).as_deref(), Some("figures of the time until then"));
    }

    fn bare() -> Run {
        Run {
            format: 0,
            version: String::new(),
            commit: None,
            command: Vec::new(),
            started: String::new(),
            finished: None,
            status: Status::Partial,
            reason: None,
            scenario: ScenarioRecord::default(),
            host: Host::default(),
            calibration: None,
            transports: Vec::new(),
            results: Vec::new(),
            capacity: Vec::new(),
        }
    }

    fn result() -> StepResult {
        StepResult {
            complete: true,
            summary: Summary::default(),
            intervals: BTreeMap::new(),
            rounds: Vec::new(),
            processes: (1, 1),
            findings: Vec::new(),
            thresholds: Vec::new(),
        }
    }
}
