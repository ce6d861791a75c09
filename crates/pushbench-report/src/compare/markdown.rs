//! A comparison as Markdown, fit for a pull request: the outcome first, latencies and whatever differs in view,
//! everything else folded. Pure.

use super::wording;
use super::{Comparison, Pair, Row};
use crate::table::push_markdown_row;

/// The whole text; ends with a line break.
pub(super) fn markdown(comparison: &Comparison<'_>) -> String {
    let mut out = String::new();
    match &comparison.pairs[..] {
        [only] => push_line(&mut out, &format!("**{}.**", wording::sentence(only))),
        pairs => {
            let differ = pairs.iter().filter(|pair| pair.differs()).count();
            let doubted = pairs.iter().filter(|pair| pair.doubted()).count();
            let believed = pairs.len() - doubted;
            let beside = if doubted > 0 {
                format!(" {doubted} not counted {}.", wording::DOUBT)
            } else {
                String::new()
            };
            let outcome = if believed == 0 {
                format!("No comparison counts: a side of each is doubted {}.", wording::DOUBT)
            } else {
                format!("Differences seen in {differ} of {believed} comparisons.{beside}")
            };
            push_line(&mut out, &format!("**{outcome}**"));
            out.push('\n');
            for pair in pairs {
                push_line(&mut out, &format!("* {}", wording::sentence(pair)));
            }
        }
    }
    out.push('\n');
    for (at, facts) in comparison.runs.iter().enumerate() {
        push_line(&mut out, &format!("* {}", wording::run(facts, at == 0)));
    }
    for fact in wording::facts(comparison) {
        push_line(&mut out, &format!("* {fact}"));
    }
    for pair in &comparison.pairs {
        push_pair(&mut out, pair);
    }
    push_line(&mut out, "\n<details><summary>How to read this</summary>\n");
    for line in wording::legend(comparison) {
        push_line(&mut out, &format!("* {line}"));
    }
    push_line(&mut out, "\n</details>");
    out
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn push_pair(out: &mut String, pair: &Pair<'_>) {
    let in_view = |row: &&Row| row.is_percentile() || row.differs();
    out.push('\n');
    push_table(out, pair, pair.rows.iter().filter(in_view));
    let folded = pair.rows.iter().filter(|row| !in_view(row));
    if folded.clone().next().is_none() && pair.shift.is_empty() {
        return;
    }
    let count = folded.clone().count();
    push_line(
        out,
        &format!("\n<details><summary>{count} more figures, and differences by percentile</summary>\n"),
    );
    push_table(out, pair, folded);
    push_shift(out, pair);
    push_line(out, "\n</details>");
}

fn push_table<'a>(out: &mut String, pair: &Pair<'_>, rows: impl Iterator<Item = &'a Row>) {
    let side = |side: &super::Side| format!("{} {}", side.run, side.label);
    let head = [&pair.other.name(), &side(pair.base), &side(pair.other), "difference", "of the baseline", ""];
    push_markdown_row(out, &head.map(str::to_owned));
    push_markdown_row(out, &["---", "---:", "---:", "---:", "---:", "---"].map(str::to_owned));
    for row in rows {
        let word = wording::word(row);
        let cells = [
            row.name.to_owned(),
            wording::figure(row.column, row.base),
            wording::figure(row.column, row.other),
            wording::difference(row),
            wording::share_with_interval(row),
            if row.differs() && !row.doubted { format!("**{word}**") } else { word },
        ];
        push_markdown_row(out, &cells);
    }
}

/// The shift function.
fn push_shift(out: &mut String, pair: &Pair<'_>) {
    const LATENCY: &str = "latency_us";
    if pair.shift.is_empty() {
        return;
    }
    out.push('\n');
    push_markdown_row(out, &["percentile", "baseline", "difference", "95 % interval"].map(str::to_owned));
    push_markdown_row(out, &["---:", "---:", "---:", "---:"].map(str::to_owned));
    for shift in &pair.shift {
        let ends = shift.difference.interval.map_or_else(
            || wording::NOTHING.to_owned(),
            |interval| {
                format!(
                    "{}, {}",
                    wording::signed(LATENCY, interval.lo),
                    wording::signed(LATENCY, interval.hi)
                )
            },
        );
        let cells = [
            format!("p{}", crate::format::typed(shift.quantile * 100.0)),
            crate::format::time_us(shift.base_us),
            wording::signed(LATENCY, shift.difference.estimate),
            ends,
        ];
        push_markdown_row(out, &cells);
    }
}
