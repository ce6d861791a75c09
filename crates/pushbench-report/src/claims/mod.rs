//! What introductions to the transports say, and what a run says to it: a claim, a number, a verdict.
//!
//! Pure functions of a run's rows. A run has them when its scenario has the cases that the claims are answered from, as
//! `scenarios/claims.toml` has. What makes a verdict is written at each claim, in these terms: *clearly more* is at least twice
//! as much, *alike* is up to a quarter more, *at once* is within 50 ms. A claim whose rows are missing, cut short or invalid is
//! not measured; nothing is made up for it.

mod every;
mod evidence;
mod long_polling;
mod short_polling;
mod sse;
#[cfg(test)]
mod tests;
mod websocket;

use pushbench_measure::results::Run;
use std::fmt;

use crate::table::Style;
use crate::table::grid::{self, Cell, Paint};
use crate::table::push_markdown_row;
use evidence::{Evidence, Gap};

/// The cases that claims are answered from.
const CASES: [&str; 15] = [
    "rare",
    "few",
    "busy",
    "flood",
    "idle",
    "idle-close",
    "many",
    "binary-sse",
    "binary-websocket",
    "stream",
    "job",
    "chat",
    "chat-fast",
    "storm-resume",
    "storm-forget",
];
/// From so many of them on a run is one of claims: one that was interrupted, or measured a part, is too.
const CASES_OF_CLAIMS: usize = 3;

/// From so many times as much on a figure is clearly more than another.
const CLEARLY: f64 = 2.0;
/// Up to so many times as much two figures are alike.
const ALIKE: f64 = 1.25;
/// What nobody notices: half of what is taken for the limit of "instantly", in microseconds.
const AT_ONCE_US: f64 = 50_000.0;

/// Where it is not known how many clients a transport serves.
const NOT_THE_TRANSPORT: &str = "a larger machine: something other than the transport gave out first";

/// A claim that is often made.
struct Claim {
    number: u8,
    /// Of which transport it is said.
    of: &'static str,
    said: &'static str,
    answer: fn(&Evidence<'_>) -> Result<Answer, Gap>,
}

/// What a run says to a claim.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    /// The figures, in words.
    number: String,
    verdict: Verdict,
}

/// Whether a claim is true in this setting.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Confirmed,
    Refuted,
    /// On what, as the end of a sentence.
    Depends(&'static str),
}

impl Verdict {
    /// Of a claim that may hold in one case and not in the other, which differ in what the words name.
    fn of_both(one: bool, other: bool, depends: &'static str) -> Self {
        match (one, other) {
            (true, true) => Self::Confirmed,
            (false, false) => Self::Refuted,
            _ => Self::Depends(depends),
        }
    }

    fn of(holds: bool) -> Self {
        if holds { Self::Confirmed } else { Self::Refuted }
    }

    fn paint(&self) -> Paint {
        match self {
            Self::Confirmed => Paint::Good,
            Self::Refuted => Paint::Bad,
            Self::Depends(_) => Paint::Care,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Confirmed => f.write_str("confirmed"),
            Self::Refuted => f.write_str("refuted"),
            Self::Depends(what) => write!(f, "depends on {what}"),
        }
    }
}

/// How many times as much one figure is as another; without end beside nothing.
fn times(one: f64, other: f64) -> f64 {
    match (one > 0.0, other > 0.0) {
        (_, true) => one / other,
        (true, false) => f64::INFINITY,
        (false, false) => 1.0,
    }
}

/// A factor in words: `3.4 times`.
fn times_in_words(factor: f64) -> String {
    format!("{} times", crate::format::number(factor))
}

/// A claim with its answer, as it is shown.
struct Row {
    number: u8,
    of: &'static str,
    said: &'static str,
    measured: String,
    verdict: Cell,
}

fn rows(run: &Run) -> Vec<Row> {
    let evidence = Evidence::new(run);
    if CASES.iter().filter(|case| evidence.has(case)).count() < CASES_OF_CLAIMS {
        return Vec::new();
    }
    let claims = [short_polling::CLAIMS, long_polling::CLAIMS, sse::CLAIMS, websocket::CLAIMS, every::CLAIMS];
    let row = |claim: &Claim| {
        let (measured, verdict) = match (claim.answer)(&evidence) {
            Ok(Answer { number, verdict }) => (number, Cell::new(verdict.to_string(), verdict.paint())),
            Err(gap) => (gap.to_string(), Cell::new("not measured", Paint::Dim)),
        };
        Row { number: claim.number, of: claim.of, said: claim.said, measured, verdict }
    };
    claims.into_iter().flatten().map(row).collect()
}

/// The answers to all claims, for a terminal; nothing for a run that is not one of claims. Ends with a line break.
#[must_use]
pub fn render(run: &Run, style: Style) -> String {
    let rows = rows(run);
    if rows.is_empty() {
        return String::new();
    }
    let head = Cell::new("what is said of them, and what was measured", Paint::Bold);
    let mut out = format!("{}\n", grid::paint(&head, style.color));
    for row in rows {
        let said = Cell::plain(format!("{:>2} {}: {}", row.number, row.of, row.said));
        let indented = |text: &str| format!("   {text}");
        let verdict = Cell::new(indented(&row.verdict.text), row.verdict.paint);
        let measured = Cell::new(indented(&row.measured), Paint::Dim);
        for Cell { text, paint } in [said, verdict, measured] {
            for line in wrapped(&text, style.columns(), 3) {
                out.push_str(&grid::paint(&Cell::new(line, paint), style.color));
                out.push('\n');
            }
        }
    }
    out.push('\n');
    out
}

/// The same as a table in Markdown, for a README.
#[must_use]
pub fn markdown(run: &Run) -> String {
    let rows = rows(run);
    if rows.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    let cells = |cells: [&str; 5]| cells.map(str::to_owned);
    push_markdown_row(&mut out, &cells(["", "said of", "claim", "measured", "verdict"]));
    push_markdown_row(&mut out, &cells(["---:", "---", "---", "---", "---"]));
    for row in rows {
        let number = row.number.to_string();
        push_markdown_row(&mut out, &cells([&number, row.of, row.said, &row.measured, &row.verdict.text]));
    }
    out.push('\n');
    out
}

/// A text in lines of at most so many characters, those after the first indented. A longer word has a line of its own.
fn wrapped(text: &str, width: usize, indent: usize) -> Vec<String> {
    let begin = text.len() - text.trim_start().len();
    let mut lines = vec![text[..begin].to_owned()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().map(|line| (line.trim().is_empty(), line));
        let Some((bare, line)) = last else { break };
        if !bare && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(format!("{:indent$}{word}", ""));
            continue;
        }
        if !bare {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}
