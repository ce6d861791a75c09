//! Figures, differences and pairs in words, as tables and sentences share them. Pure.

use pushbench_measure::results::Summary;
use pushbench_measure::statistics::{Band, Basis, Difference, Word};
use std::collections::BTreeSet;

use super::facts::Facts;
use super::row::{LATENCY_FLOOR_US, Row, Shown};
use super::{Comparison, Pair, Side};
use crate::format::{minute, number, plus_minus, time_us, typed, worded_in};

/// Behind a word that rests on one run of a side.
pub(crate) const ONE_RUN: &str = "¹";
/// What stands where there is no figure.
pub(crate) const NOTHING: &str = "–";
/// Behind a word that nobody may be ranked by.
pub(crate) const DOUBT: &str = "†";
/// What stands instead of a word that would rank two transports by figures that are not to be believed, or that has no
/// data behind it.
const WITHHELD: &str = "not to be compared";

/// How a figure is worded: times in their unit, bytes in theirs, CPU time in µs always.
pub(crate) fn unit_of(column: &str) -> fn(f64) -> String {
    if column.contains("cpu_us") {
        |us| format!("{} µs", number(us))
    } else {
        worded_in(Summary::unit(column))
    }
}

/// A figure with its interval: `1.51 ms ±4.2%`, `~5.20 ms` where few publishes stand behind it.
pub(crate) fn figure(column: &str, shown: Option<Shown>) -> String {
    let Some(shown) = shown else { return NOTHING.to_owned() };
    let mark = if shown.unsure { "~" } else { "" };
    let value = unit_of(column)(shown.value);
    // What is zero in every round says so without a width.
    match shown.interval.filter(|interval| interval.hi > 0.0) {
        Some(interval) => {
            format!("{mark}{value} {}", plus_minus(shown.value, interval, unit_of(column)))
        }
        None => format!("{mark}{value}"),
    }
}

/// A difference with its sign: `+5.00 ms`, `−3.1 B`, `0`.
pub(crate) fn signed(column: &str, value: f64) -> String {
    let text = unit_of(column)(value.abs());
    if value == 0.0 {
        return text;
    }
    format!("{}{text}", if value < 0.0 { '−' } else { '+' })
}

/// The difference with its interval: `+5.00 ms [+4.90 ms, +5.10 ms]`.
pub(crate) fn difference(row: &Row) -> String {
    let Some(difference) = row.difference else { return NOTHING.to_owned() };
    let estimate = signed(row.column, difference.estimate);
    let ends = difference.interval.map(|interval| {
        format!(" [{}, {}]", signed(row.column, interval.lo), signed(row.column, interval.hi))
    });
    format!("{estimate}{}", ends.unwrap_or_default())
}

/// The same as a share of the baseline, without the interval: `+94%`.
pub(crate) fn share(row: &Row) -> String {
    row.share.map_or_else(|| NOTHING.to_owned(), percent)
}

/// With the interval: `+94% [+90%, +98%]`.
pub(crate) fn share_with_interval(row: &Row) -> String {
    let ends =
        row.share_interval.map(|interval| format!(" [{}, {}]", percent(interval.lo), percent(interval.hi)));
    format!("{}{}", share(row), ends.unwrap_or_default())
}

/// A signed percentage: `+94%`, `−0.3%`.
fn percent(share: f64) -> String {
    let percent = share.abs() * 100.0;
    let text = if percent < 9.95 { format!("{percent:.1}") } else { format!("{percent:.0}") };
    let sign = match share {
        _ if text == "0.0" => "",
        _ if share < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{text}%")
}

/// The word, with marks where it rests on one run or must not be believed.
pub(crate) fn word(row: &Row) -> String {
    if row.is_withheld() {
        return format!("{WITHHELD}{DOUBT}");
    }
    let marks = format!("{}{}", one_run(row), if row.doubted { DOUBT } else { "" });
    row.word.map_or_else(|| NOTHING.to_owned(), |word| format!("{word}{marks}"))
}

/// The mark of a word that another run might take back.
fn one_run(row: &Row) -> &'static str {
    let single = |difference: &Difference| difference.basis == Basis::OneRound && !difference.identical;
    let said = row.difference.as_ref().filter(|_| row.word.is_some());
    if said.is_some_and(single) { ONE_RUN } else { "" }
}

/// A changed figure: `p50 by +5.00 ms (+94%)`.
pub(crate) fn change(row: &Row) -> String {
    let name = row.name.strip_prefix("latency ").unwrap_or(row.name);
    let estimate =
        row.difference.map_or_else(String::new, |difference| signed(row.column, difference.estimate));
    match row.share {
        Some(share) => format!("{name} by {estimate} ({})", percent(share)),
        None => format!("{name} by {estimate}"),
    }
}

/// A figure that may have changed: `p50 by +300 µs [−60 µs, +660 µs]`.
pub(super) fn change_with_interval(row: &Row) -> String {
    format!("{} by {}", row.name.strip_prefix("latency ").unwrap_or(row.name), difference(row))
}

/// `B against A, sse, 1,000 clients`, or with both labels where they differ.
pub(crate) fn pair_name(pair: &Pair<'_>) -> String {
    let (base, other) = (pair.base, pair.other);
    if base.label == other.label {
        format!("{} against {}, {}", other.run, base.run, other.name())
    } else {
        format!("{} {} against {} {}", other.run, other.name(), base.run, base.label)
    }
}

/// One pair in a sentence: what differs, and how much does not.
pub(crate) fn sentence(pair: &Pair<'_>) -> String {
    let words = [Word::Slower, Word::Faster, Word::More, Word::Less];
    let mut parts: Vec<String> = words.into_iter().filter_map(|word| changes(pair, word)).collect();
    let judged = pair.rows.iter().filter(|row| row.word.is_some()).count();
    let count = |word| pair.rows.iter().filter(|row| row.word == Some(word)).count();
    match count(Word::NoDifference) {
        0 => {}
        all if all == judged => parts.push(format!("no difference seen in any of {judged} figures")),
        some => parts.push(format!("no difference seen in {some} of {judged} figures")),
    }
    match count(Word::TooNoisy) {
        0 => {}
        noisy => parts.push(format!("too noisy to tell in {noisy}")),
    }
    if pair.rows.iter().any(Row::is_withheld) {
        parts.push(WITHHELD.to_owned());
    }
    if parts.is_empty() {
        parts.push("no figure that both sides have".to_owned());
    }
    let told = format!("{}: {}", pair_name(pair), parts.join("; "));
    if pair.doubted() { format!("{}: {told}", doubts(pair)) } else { told }
}

/// What a sentence about a doubted pair begins with: `† B is invalid (busiest worker 99 % busy)`.
fn doubts(pair: &Pair<'_>) -> String {
    let of = |side: &Side| {
        let doubts = side.doubts();
        let (what, reason) = doubts.first()?;
        let more = if doubts.len() > 1 { format!(" and {} more", doubts.len() - 1) } else { String::new() };
        Some(format!("{DOUBT} {} {what} ({reason}{more})", side.run))
    };
    let sides: Vec<String> = [pair.base, pair.other].into_iter().filter_map(of).collect();
    sides.join("; ")
}

/// `slower: p50 by +5.00 ms (+94%), p99 by …`, the largest latencies' worth of them and then a number.
fn changes(pair: &Pair<'_>, word: Word) -> Option<String> {
    const NAMED: usize = 3;
    let rows: Vec<&Row> = pair.rows.iter().filter(|row| row.word == Some(word)).collect();
    let named: Vec<String> = rows.iter().take(NAMED).map(|row| change(row)).collect();
    let more = rows.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mark = rows.first().map_or("", |row| one_run(row));
    (!rows.is_empty()).then(|| format!("{word}{mark}: {}{more}", named.join(", ")))
}

/// A run in a line: `A (baseline): results/x, scenario quickstart, 5 runs`.
pub(crate) fn run(facts: &Facts<'_>, baseline: bool) -> String {
    let label = facts.label.map(|label| format!(":{label}")).unwrap_or_default();
    let role = if baseline { " (baseline)" } else { "" };
    let minute = minute(facts.started);
    let rounds = match facts.basis {
        Basis::Rounds(rounds) => format!("{rounds} rounds"),
        Basis::OneRound => "1 run".to_owned(),
    };
    format!(
        "{}{role}: {}{label} ({}, {minute} UTC, {rounds})",
        facts.letter,
        facts.folder.display(),
        facts.scenario
    )
}

/// What must be known, one fact a line: what any run is, in what it differs from the baseline, what has no partner.
pub(crate) fn facts(comparison: &Comparison<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for facts in &comparison.runs {
        lines.extend(facts.notes.iter().map(|note| format!("{}: {note}", facts.letter)));
    }
    if comparison.pairs.iter().any(Pair::doubted) {
        lines.push(format!(
            "{DOUBT} a side is invalid, was cut short or is not as it was measured: its figures are shown, and no side may be \
             ranked by them"
        ));
    }
    for facts in &comparison.runs {
        lines.extend(facts.differs.iter().map(|what| format!("made otherwise: {what}")));
    }
    lines.extend(comparison.unmatched.iter().cloned());
    let rows = comparison.pairs.iter().flat_map(|pair| &pair.rows);
    if rows.clone().any(|row| !one_run(row).is_empty()) {
        lines.push(format!("{ONE_RUN} {}", single_runs(comparison)));
    }
    lines
}

fn single_runs(comparison: &Comparison<'_>) -> String {
    // A log that lost its later rounds makes one run of a side that has several.
    let single = |side: &Side, row: &Row| {
        side.figures.get(row.column).is_some_and(|measured| measured.basis == Basis::OneRound)
    };
    let letters: BTreeSet<&str> = (comparison.pairs.iter())
        .flat_map(|pair| pair.rows.iter().map(move |row| (pair, row)))
        .filter(|(_, row)| !one_run(row).is_empty())
        .flat_map(|(pair, row)| [pair.base, pair.other].into_iter().filter(move |side| single(side, row)))
        .map(|side| side.run.as_str())
        .collect();
    format!(
        "{}: 1 run: the interval speaks of this run's seconds only, not of what another run would show; a figure that \
         is known once a run has none (see `run --repeat`)",
        letters.into_iter().collect::<Vec<_>>().join(", ")
    )
}

/// How intervals, words and marks are to be read.
pub(crate) fn legend(comparison: &Comparison<'_>) -> Vec<String> {
    let mut lines = reading(comparison).to_vec();
    let rows = || comparison.pairs.iter().flat_map(|pair| &pair.rows);
    let equal = |of: fn(&Difference) -> bool| {
        rows().any(|row| {
            let difference = row.difference.filter(|_| row.word == Some(Word::NoDifference));
            difference.is_some_and(|difference| of(&difference))
        })
    };
    if equal(|difference| difference.identical) {
        lines.push(
            "no difference seen, too, where both sides hold the same data, however wide the interval"
                .to_owned(),
        );
    }
    if equal(|difference| !difference.identical && excludes_zero(difference)) {
        lines.push(
            "no difference seen, though the interval does not hold 0: a difference that is there, and is too small to count"
                .to_owned(),
        );
    }
    let unsure = |row: &Row| [row.base, row.other].into_iter().flatten().any(|shown| shown.unsure);
    if rows().any(unsure) {
        lines.push("~ fewer than 10/(1−p) publishes stand behind it".to_owned());
    }
    lines
}

/// Whether chance alone does not explain it.
fn excludes_zero(difference: &Difference) -> bool {
    difference.interval.is_some_and(|interval| interval.lo > 0.0 || interval.hi < 0.0)
}

/// How intervals and words are to be read.
fn reading(comparison: &Comparison<'_>) -> [String; 2] {
    // Each of a baseline of one, and of nothing: the share, and the least of a time.
    let (share, least) = (
        Band { share: comparison.band, floor: 0.0 },
        Band { share: comparison.band, floor: LATENCY_FLOOR_US },
    );
    let (band, reach) = (typed(share.around(1.0) * 100.0), typed(share.reach(1.0) * 100.0));
    let (band_us, reach_us) = (time_us(least.around(0.0)), time_us(least.reach(0.0)));
    [
        "intervals are of 95 %, each by itself".to_owned(),
        format!(
            "no difference seen: the difference is at most {band}% of the baseline (of a time {band_us} at least) or its \
             interval holds 0, and the interval reaches at most {reach}% (of a time {reach_us} at least) to either side of it; \
             this does not prove the sides equal"
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_measure::results::Confidence;

    #[test]
    fn differences_carry_their_sign_and_unit() {
        let table = [
            ("latency_p50_us", 5_000.0, "+5.00 ms"),
            ("latency_p50_us", -812.0, "−812 µs"),
            ("latency_p50_us", 0.0, "0 µs"),
            ("stream_up_bytes_per_event", -3.0, "−3 B"),
            ("target_cpu_us_per_event", 1_234.0, "+1,234 µs"),
            ("lost", -1_234.0, "−1,234"),
        ];
        for (column, value, text) in table {
            assert_eq!(signed(column, value), text);
        }
        for (share, text) in
            [(0.94, "+94%"), (-0.003, "−0.3%"), (0.000_1, "0.0%"), (-0.000_1, "0.0%"), (3.3, "+330%")]
        {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn a_figure_shows_how_far_its_interval_reaches() {
        let shown =
            |value, lo, hi| Some(Shown { value, interval: Some(Confidence { lo, hi }), unsure: false });
        assert_eq!(figure("latency_p50_us", shown(1_000.0, 950.0, 1_100.0)), "1.00 ms ±10%");
        assert_eq!(figure("latency_p50_us", shown(0.0, 0.0, 10.0)), "0 µs ±10 µs");
        assert_eq!(figure("latency_p50_us", shown(0.0, 0.0, 0.0)), "0 µs");
        assert_eq!(figure("latency_p50_us", None), NOTHING);
        let bare = Some(Shown { value: 7.0, interval: None, unsure: true });
        assert_eq!(figure("latency_p99_us", bare), "~7 µs");
    }
}
