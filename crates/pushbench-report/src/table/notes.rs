//! What is said above and below the table: losses, the run's own doubts, thresholds, how to read the marks.

use pushbench_measure::results::{Run, Status, StepResult, Summary, ThresholdResult, TransportRecord, Vary};
use pushbench_measure::verdict::{Finding, Level};

use super::answers::has_answers;
use super::chat;
use super::grid::{Cell, Paint};
use super::life;
use super::settings::{self, Setting, Somewhere};
use crate::calibration;
use crate::figures::{P50, P90, P99, P999, Percentile};
use crate::format::{grouped, interval, noun, number, rate_in_words, share, time_us, typed, worded_in};

/// The lines above the table. What forbids to compare the rows comes first, before anything else is said.
pub(super) fn head(run: &Run) -> Vec<Cell> {
    let mut lines = Vec::new();
    let alarms: Vec<String> = [invalid(run), losses(run), missed(run)].into_iter().flatten().collect();
    if !alarms.is_empty() {
        lines.push(Cell::new(alarms.join(" · "), Paint::Bad));
    }
    match run.status {
        Status::Complete => {}
        Status::Partial => {
            let reason = run.reason.as_deref().unwrap_or("no reason recorded");
            lines.push(Cell::new(format!("PARTIAL RUN: {reason}"), Paint::Bad));
        }
        Status::Running => {
            lines.push(Cell::new("UNFINISHED RUN: still under way, or it was killed", Paint::Bad));
        }
    }
    let (scenario, setup) = (&run.scenario, &run.scenario.setup);
    lines.extend(faults(run).into_iter().map(|text| Cell::new(text, Paint::Bad)));
    if !scenario.points.is_empty() && run.capacity.is_empty() {
        let points = scenario.points.len();
        let line = format!("{}: {points} points, over {}", scenario.name, setup.network_in_words());
        lines.push(Cell::plain(line));
        lines.extend(on_purpose(run));
        return lines;
    }
    let receivers = match (setup.topics, setup.members) {
        _ if has_answers(run) => "answers in parts to clients that ask".to_owned(),
        (rooms, Some(members)) => chat::rooms(setup, rooms, members),
        (0 | 1, None) => setup.pattern.clone(),
        (topics, None) => format!("{} topics", grouped(topics.into())),
    };
    // A search for a rate has many.
    let searched = run.capacity.first().is_some_and(|record| record.vary == Vary::Rate);
    let events = if searched { format!("{}s", noun(setup)) } else { rate_in_words(setup) };
    // A run that ended early, or has not ended, may have measured less than it set out to.
    let measured = if run.status == Status::Complete { "measured for" } else { "planned:" };
    lines.push(Cell::new(
        format!(
            "{}: {receivers}, {} of {}, {measured} {} s after {} s of warm-up, over {}",
            scenario.name,
            events,
            setup.event_size,
            typed(setup.measure_s),
            typed(setup.warmup_s),
            setup.network_in_words(),
        ),
        Paint::Plain,
    ));
    lines.extend(slow(run).map(Cell::plain));
    lines.extend(on_purpose(run));
    lines
}

/// `faults injected: drop=10`, a line for each value that a point has; charts say the same.
pub(crate) fn faults(run: &Run) -> Vec<String> {
    let faults = settings::values(run, Setting::Inject);
    faults
        .into_iter()
        .map(|Somewhere { value, place, .. }| format!("faults injected{place}: {value}"))
        .collect()
}

/// What was done on purpose beside delivering events, with an empty line after it.
fn on_purpose(run: &Run) -> impl Iterator<Item = Cell> {
    let gathered = settings::values(run, Setting::Coalesce);
    let gathered = gathered.iter().flat_map(|mode| coalesced(run, mode)).collect::<Vec<_>>();
    gathered.into_iter().chain(life::lines(run)).chain([String::new()]).map(Cell::plain)
}

/// That the target gathered events, which is another thing to measure than events one by one; and what came of it. Of
/// many points these make no line to be read, so that each has its own.
fn coalesced(run: &Run, mode: &Somewhere<'_, &str>) -> Vec<String> {
    let effect = |result: &StepResult| {
        let Summary { events_per_read, gap_p50_us, .. } = result.summary;
        let (events, gap_us) = (number(events_per_read?), time_us(gap_p50_us? as f64));
        let colon = if super::has_points(run) { ":" } else { "" };
        Some(format!("{}{colon} {events} events a read, gap p50 {gap_us}", name_of(run, result)))
    };
    let results = run.results.iter().filter(|result| mode.has(result));
    let effects: Vec<String> = results.filter_map(effect).collect();
    let head = format!("coalesced by the target ({}){}", mode.value, mode.place);
    match effects.len() {
        0 => vec![head],
        _ if super::has_points(run) => {
            std::iter::once(head).chain(effects.into_iter().map(|effect| format!("  {effect}"))).collect()
        }
        _ => vec![format!("{head}: {}", effects.join(" · "))],
    }
}

/// That some clients read slowly, by plan: the figures of deliveries are those of the others.
fn slow(run: &Run) -> Option<String> {
    let slow = run.scenario.setup.slow.as_ref()?;
    Some(format!(
        "{} of the clients read slowly ({}): deliveries are those of the others",
        share(slow.share),
        slow.reading
    ))
}

/// The lines below the table.
pub(super) fn foot(run: &Run) -> Vec<Cell> {
    let mut lines = Vec::new();
    for result in &run.results {
        lines.extend(doubts(run, result));
    }
    lines.extend(run.results.iter().flat_map(|result| chat::doubts(run, result)));
    lines.extend(warned(run));
    lines.extend(thresholds_missed(run));
    lines.extend(thresholds_met(run));
    lines.extend(floor(run));
    lines.extend(marks(run).map(|text| Cell::new(text, Paint::Dim)));
    lines.push(Cell::new(repeats(run), Paint::Dim));
    lines
}

/// How often it was measured, and what the intervals are.
fn repeats(run: &Run) -> String {
    let rounds = run.scenario.rounds;
    if !run.capacity.is_empty() {
        return "each row: the probe and its repeat together, no intervals".to_owned();
    }
    if rounds < 2 {
        return "1 run, no intervals".to_owned();
    }
    let fewest = run.results.iter().map(StepResult::complete_rounds).min().unwrap_or(0);
    let measured = if fewest < rounds as usize {
        format!("planned: {rounds} rounds")
    } else {
        format!("{rounds} rounds")
    };
    if run.results.iter().all(|result| result.intervals.is_empty()) {
        return format!("{measured}, no intervals");
    }
    format!(
        "{measured}, pooled; ± farther end of the 95 % interval over rounds, in percent of the figure (both ends: summary.csv)"
    )
}

/// `INVALID, not to be compared: sse (busiest worker 99 % busy)`, or nothing where every result is valid. The reasons
/// of many would make no line to be read; they stand below the table anyway.
fn invalid(run: &Run) -> Option<String> {
    const WITH_REASONS: usize = 2;
    let parts: Vec<(&StepResult, String)> = (run.results.iter())
        .filter_map(|result| {
            let breaches = result.findings.iter().filter(|finding| finding.level == Level::Breach);
            let facts: Vec<&str> = breaches.map(Finding::fact).collect();
            (!facts.is_empty()).then(|| (result, facts.join("; ")))
        })
        .collect();
    let words = if super::has_points(run) && parts.len() > WITH_REASONS {
        format!("{} of {} rows, marked !", parts.len(), run.results.len())
    } else if parts.len() <= WITH_REASONS {
        let word = |(result, facts): &(&StepResult, String)| format!("{} ({facts})", name_of(run, result));
        parts.iter().map(word).collect::<Vec<_>>().join(", ")
    } else {
        names_of(run, parts.iter().map(|(result, _)| *result))
    };
    (!words.is_empty()).then(|| format!("INVALID, not to be compared: {words}"))
}

/// `MISSED THRESHOLDS: sse`, or nothing where all were met.
fn missed(run: &Run) -> Option<String> {
    // A sweep looks for where they are missed.
    if run.scenario.sweep.is_some() {
        return None;
    }
    let missed = |result: &&StepResult| result.thresholds.iter().any(|threshold| !threshold.met);
    let names = names_of(run, run.results.iter().filter(missed));
    (!names.is_empty()).then(|| format!("MISSED THRESHOLDS: {names}"))
}

/// `LOST EVENTS: sse 12 of 4,000`, or nothing where nothing was lost.
fn losses(run: &Run) -> Option<String> {
    let parts: Vec<String> = (run.results.iter())
        .filter_map(|result| {
            let lost = result.summary.lost.filter(|lost| *lost > 0)?;
            let of = result.summary.expected.map(|expected| format!(" of {}", grouped(expected)));
            Some(format!("{} {}{}", name_of(run, result), grouped(lost), of.unwrap_or_default()))
        })
        .collect();
    (!parts.is_empty()).then(|| format!("LOST EVENTS: {}", parts.join(", ")))
}

fn doubts(run: &Run, result: &StepResult) -> Vec<Cell> {
    let name = name_of(run, result);
    let mut lines = Vec::new();
    if !result.complete {
        lines.push(Cell::new(format!("{name} {}", cut_short(run, result)), Paint::Care));
    }
    if super::has_points(run) {
        // Of many points each gets a line, and warnings a count.
        let breaches = result.findings.iter().filter(|finding| finding.level == Level::Breach);
        let facts: Vec<&str> = breaches.map(Finding::fact).collect();
        let told = (!facts.is_empty()).then(|| format!("! {name} is invalid: {}", facts.join("; ")));
        lines.extend(told.map(|text| Cell::new(text, Paint::Bad)));
        return lines;
    }
    let mut findings: Vec<_> = result.findings.iter().filter(|finding| finding.level > Level::Ok).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    lines.extend(findings.into_iter().map(|finding| match finding.level {
        Level::Breach => Cell::new(format!("! {name} is invalid: {}", finding.text), Paint::Bad),
        _ => Cell::new(format!("{name}, warning: {}", finding.text), Paint::Care),
    }));
    lines
}

/// How many rows have warnings, where these are not told one by one.
fn warned(run: &Run) -> Option<Cell> {
    let has = |result: &&StepResult| result.findings.iter().any(|finding| finding.level == Level::Warning);
    let count = run.results.iter().filter(has).count();
    let text =
        || format!("{count} of {} rows have warnings: their findings are in run.json", run.results.len());
    (super::has_points(run) && count > 0).then(|| Cell::new(text(), Paint::Care))
}

fn cut_short(run: &Run, result: &StepResult) -> String {
    match result.complete_rounds() {
        0 => "was cut short; its figures are of the time until then".to_owned(),
        measured => format!("has {measured} of {} rounds; its figures are of these", run.scenario.rounds),
    }
}

/// A line for each threshold that was missed.
fn thresholds_missed(run: &Run) -> impl Iterator<Item = Cell> {
    // What a sweep looks for is told by its map, and counted below.
    let told = run.results.iter().filter(|_| run.scenario.sweep.is_none());
    let all = told.flat_map(|result| result.thresholds.iter().map(move |of| (result, of)));
    all.filter(|(_, threshold)| !threshold.met).map(|(result, threshold)| {
        let ThresholdResult { figure, condition, .. } = threshold;
        let name = name_of(run, result);
        let measured = measured(result, threshold);
        Cell::new(format!("! {name}, threshold missed: {figure} {condition}, {measured}"), Paint::Bad)
    })
}

/// What was measured of a threshold's figure: `measured 2.00 s`.
pub(crate) fn measured(result: &StepResult, threshold: &ThresholdResult) -> String {
    match threshold.measured {
        Some(value) => format!("measured {}", with_interval(result, &threshold.figure, value)),
        None => "not measured".to_owned(),
    }
}

/// A line for each condition that was met, with the values of all that met it.
fn thresholds_met(run: &Run) -> Vec<Cell> {
    let mut met: Vec<(&ThresholdResult, Vec<String>)> = Vec::new();
    for result in &run.results {
        for threshold in result.thresholds.iter().filter(|threshold| threshold.met) {
            let value = with_interval(result, &threshold.figure, threshold.measured.unwrap_or_default());
            let value = format!("{} {value}", name_of(run, result));
            let same = |of: &ThresholdResult| {
                (&of.figure, &of.condition) == (&threshold.figure, &threshold.condition)
            };
            match met.iter_mut().find(|(of, _)| same(of)) {
                Some((_, values)) => values.push(value),
                None => met.push((threshold, vec![value])),
            }
        }
    }
    let line = |(of, values): (&ThresholdResult, Vec<String>)| {
        // Of many points the values would make no line to be read.
        let values = if super::has_points(run) {
            format!("{} of {} rows", values.len(), asked(run, of))
        } else {
            values.join(", ")
        };
        let text = format!("threshold met: {} {} ({values})", of.figure, of.condition);
        Cell::new(text, Paint::Good)
    };
    met.into_iter().map(line).collect()
}

/// Rows that a condition was asked of.
fn asked(run: &Run, of: &ThresholdResult) -> usize {
    let same = |asked: &&ThresholdResult| (&asked.figure, &asked.condition) == (&of.figure, &of.condition);
    run.results.iter().flat_map(|result| &result.thresholds).filter(same).count()
}

/// The measured value of a threshold's figure, with its interval where there is one.
fn with_interval(result: &StepResult, figure: &str, value: f64) -> String {
    // A figure of another version has no column here: a bare number is the best that can be said.
    let column = Summary::column_of(figure).unwrap_or(figure);
    let word = worded_in(Summary::unit(column));
    match result.interval(column) {
        Some(ends) => format!("{} {}", word(value), interval(ends, word)),
        None => word(value),
    }
}

/// What the machine costs at least, and how many times that the transports do at their largest number of clients.
fn floor(run: &Run) -> Option<Cell> {
    let largest = |transport: &TransportRecord| {
        let of_it = run.results.iter().filter(|result| result.summary.label == transport.label);
        of_it.max_by_key(|result| result.summary.step)
    };
    let text = calibration::quote(run, run.transports.iter().filter_map(largest))?;
    Some(Cell::new(text, Paint::Dim))
}

/// Explanations of the marks that occur.
fn marks(run: &Run) -> impl Iterator<Item = String> {
    let printed = || {
        let summaries = run.results.iter().map(|result| &result.summary);
        summaries.flat_map(|summary| [P50, P90, P99, P999].map(|percentile| (summary, percentile)))
    };
    let withheld = |(summary, percentile): (&Summary, Percentile)| percentile.of(summary).is_none();
    let approximate = |(summary, percentile): (&Summary, Percentile)| {
        percentile.of(summary).is_some() && !percentile.is_sure(summary)
    };
    let dash = "– not measured, or fewer than 10/(1−p) deliveries stand behind it";
    let tilde = "~ fewer than 10/(1−p) publishes stand behind it";
    let dash = printed().any(withheld).then(|| dash.to_owned());
    dash.into_iter().chain(printed().any(approximate).then(|| tilde.to_owned()))
}

/// The label, with the point and the number of clients where there are several.
pub(super) fn name_of(run: &Run, result: &StepResult) -> String {
    let Summary { label, step, point, .. } = &result.summary;
    let clients = step.filter(|_| run.scenario.is_stepped());
    let clients = clients.map(|step| format!("{} clients", grouped(step.into())));
    let places: Vec<&str> = point.as_deref().into_iter().chain(clients.as_deref()).collect();
    if places.is_empty() { label.clone() } else { format!("{label} at {}", places.join(", ")) }
}

/// The labels, each with its numbers of clients where there are several: `sse at 100, 1,000 clients, websocket at 100
/// clients`.
fn names_of<'a>(run: &Run, results: impl Iterator<Item = &'a StepResult>) -> String {
    let mut of_label: Vec<(&str, Vec<String>)> = Vec::new();
    for result in results {
        let step = result.summary.step.filter(|_| run.scenario.is_stepped());
        let step = match (&result.summary.point, step) {
            (Some(point), Some(step)) => Some(format!("{point} with {}", grouped(step.into()))),
            (Some(point), None) => Some(point.clone()),
            (None, step) => step.map(|step| grouped(step.into())),
        };
        match of_label.iter_mut().find(|(label, _)| *label == result.summary.label) {
            Some((_, steps)) => steps.extend(step),
            None => of_label.push((&result.summary.label, step.into_iter().collect())),
        }
    }
    let word = |(label, steps): (&str, Vec<String>)| {
        let noun = if super::has_points(run) { "" } else { " clients" };
        if steps.is_empty() { label.to_owned() } else { format!("{label} at {}{noun}", steps.join(", ")) }
    };
    of_label.into_iter().map(word).collect::<Vec<_>>().join(", ")
}
