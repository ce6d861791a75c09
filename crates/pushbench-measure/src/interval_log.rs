//! Reading and writing `latency.hlog`: the standard V2 text format of HdrHistogram interval logs.
//!
//! A line's tag names the figure, for events due outside the measure phase the phase, in a run of several points the
//! number of the point, in one of several steps the number of clients, and from the second round on the round:
//! `delivery`, `delivery.warmup`, `delivery.1000`, `slip.drain.p3.1000.r2`. The headline histogram of a step is the sum of
//! its `delivery` lines of all rounds that count. Other tools read the same file with a tag filter.

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogHistogram, IntervalLogIterator, IntervalLogWriterBuilder, LogEntry, Tag,
};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use crate::statistics::{Block, Round};
use crate::{Figure, Histogram, Histograms, Phase};

/// Which measurement of a transport a line is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Number of the point, from 1, in a run of several.
    pub point: Option<u32>,
    /// Number of clients, in a run of several steps.
    pub step: Option<u32>,
}

impl From<Option<u32>> for Mark {
    /// A step of a run that has one point.
    fn from(step: Option<u32>) -> Self {
        Self { point: None, step }
    }
}

/// Writes the head of a log.
///
/// # Errors
/// What the writer reports.
pub fn write_head(out: &mut impl Write, started_rfc3339: &str) -> io::Result<()> {
    writeln!(out, "#[Histogram log format version 1.3]")?;
    writeln!(
        out,
        "#[pushbench: values are microseconds; base times are seconds since the run began; started {started_rfc3339}]"
    )?;
    writeln!(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"")
}

/// Writes one line for every histogram of an interval.
///
/// `start` is the interval's begin since the run began; `round` counts from 1.
///
/// # Errors
/// What the writer reports.
pub fn write_interval(
    out: &mut impl Write,
    histograms: &Histograms,
    start: Duration,
    length: Duration,
    mark: impl Into<Mark>,
    round: u32,
) -> io::Result<()> {
    let mark = mark.into();
    let mut lines = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut writer = IntervalLogWriterBuilder::new().begin_log_with(&mut lines, &mut serializer)?;
    for (figure, phase, histogram) in histograms.iter() {
        let tag = tag_of(figure, phase, mark, round);
        writer
            .write_histogram(histogram.inner(), start, length, Tag::new(&tag))
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
    }
    out.write_all(&lines)
}

fn tag_of(figure: Figure, phase: Phase, mark: Mark, round: u32) -> String {
    let mut tag = figure.name().to_owned();
    if phase != Phase::Measure {
        tag.push('.');
        tag.push_str(phase.name());
    }
    if let Some(point) = mark.point {
        tag.push_str(".p");
        tag.push_str(&point.to_string());
    }
    if let Some(step) = mark.step {
        tag.push('.');
        tag.push_str(&step.to_string());
    }
    if round > 1 {
        tag.push_str(".r");
        tag.push_str(&round.to_string());
    }
    tag
}

/// What a tag says: figure, phase, point and step, round.
type Parts = (Figure, Phase, Mark, u32);

fn parse_tag(tag: &str) -> Option<Parts> {
    let mut parts = tag.split('.');
    let name = parts.next()?;
    let figure = Figure::ALL.into_iter().find(|figure| figure.name() == name)?;
    let (mut phase, mut mark, mut round) = (Phase::Measure, Mark::default(), 1);
    for part in parts {
        if let Some(found) = Phase::ALL.into_iter().find(|phase| phase.name() == part) {
            phase = found;
        } else if let Some(number) = part.strip_prefix('r') {
            round = number.parse().ok()?;
        } else if let Some(number) = part.strip_prefix('p') {
            mark.point = Some(number.parse().ok()?);
        } else {
            mark.step = Some(part.parse().ok()?);
        }
    }
    Some((figure, phase, mark, round))
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What the histogram is of.
    pub figure: Figure,
    /// Phase the events were due in.
    pub phase: Phase,
    /// Which measurement of the transport.
    pub mark: Mark,
    /// Number of the round, from 1.
    pub round: u32,
    /// Begin of the interval since the run began.
    pub start: Duration,
    /// The histogram, in microseconds.
    pub histogram: Histogram,
}

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A line is not of the format.
    #[error("entry {entry} is not a line of the HdrHistogram interval log format")]
    Syntax {
        /// Position among the entries, from 1.
        entry: usize,
    },
    /// A histogram does not decode.
    #[error("entry {entry}: the histogram does not decode")]
    Histogram {
        /// Position among the entries, from 1.
        entry: usize,
    },
}

/// Reads a whole log. Lines with tags that are not pushbench's are passed over; a last line that was cut off in
/// the middle (a run that was killed) is ignored.
///
/// # Errors
/// [`LogError`] when a complete line is not of the format.
pub fn read(text: &str) -> Result<Vec<Line>, LogError> {
    let mut lines = Vec::new();
    visit(text, |_, _| true, |line| lines.push(line))?;
    Ok(lines)
}

/// The sum of every line of one figure in one phase, by mark, over those rounds of a mark (both are arguments) that
/// count. Holds one histogram a mark whatever the length of the log, where [`read`] holds one a line.
///
/// # Errors
/// As [`read`]; histograms of other figures and phases are not decoded.
pub fn sums_of_rounds(
    text: &str,
    figure: Figure,
    phase: Phase,
    counts: impl Fn(Mark, u32) -> bool,
) -> Result<BTreeMap<Mark, Histogram>, LogError> {
    let mut sums = BTreeMap::<Mark, Histogram>::new();
    visit(
        text,
        |f, p| f == figure && p == phase,
        |line| {
            if counts(line.mark, line.round) {
                sums.entry(line.mark).or_default().add(&line.histogram);
            }
        },
    )?;
    Ok(sums)
}

/// The seconds of one figure in one phase, by mark and round, each in little memory.
///
/// # Errors
/// As [`read`]; histograms of other figures and phases are not decoded.
pub fn rounds_by_mark(
    text: &str,
    figure: Figure,
    phase: Phase,
) -> Result<BTreeMap<(Mark, u32), Round>, LogError> {
    let mut rounds = BTreeMap::<(Mark, u32), Round>::new();
    visit(
        text,
        |f, p| f == figure && p == phase,
        |line| rounds.entry((line.mark, line.round)).or_default().0.push(Block::of(&line.histogram)),
    )?;
    Ok(rounds)
}

fn visit(
    text: &str,
    wanted: impl Fn(Figure, Phase) -> bool,
    mut each: impl FnMut(Line),
) -> Result<(), LogError> {
    let complete = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
    let body: String = complete.split_inclusive('\n').filter(|line| !line.starts_with('"')).collect();
    let mut deserializer = hdrhistogram::serialization::Deserializer::new();
    for (at, entry) in IntervalLogIterator::new(body.as_bytes()).enumerate() {
        let entry = entry.map_err(|_| LogError::Syntax { entry: at + 1 })?;
        let LogEntry::Interval(interval) = entry else { continue };
        let Some((figure, phase, mark, round)) = interval.tag().and_then(|tag| parse_tag(tag.as_str()))
        else {
            continue;
        };
        if wanted(figure, phase) {
            let histogram =
                decode(&interval, &mut deserializer).ok_or(LogError::Histogram { entry: at + 1 })?;
            each(Line { figure, phase, mark, round, start: interval.start_timestamp(), histogram });
        }
    }
    Ok(())
}

fn decode(
    interval: &IntervalLogHistogram<'_>,
    deserializer: &mut hdrhistogram::serialization::Deserializer,
) -> Option<Histogram> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(interval.encoded_histogram()).ok()?;
    deserializer.deserialize(&mut bytes.as_slice()).ok().map(Histogram::from_inner)
}

/// The sum of all lines of a figure in a phase and of a mark, over all rounds.
#[must_use]
pub fn sum(lines: &[Line], figure: Figure, phase: Phase, mark: impl Into<Mark>) -> Histogram {
    let mark = mark.into();
    let mut sum = Histogram::new();
    for line in lines {
        if line.figure == figure && line.phase == phase && line.mark == mark {
            sum.add(&line.histogram);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of_two_seconds() -> String {
        let mut out = Vec::new();
        write_head(&mut out, "2026-01-01T00:00:00Z").unwrap();
        for second in 0..2u64 {
            let mut histograms = Histograms::new();
            histograms.record(Figure::Delivery, Phase::Measure, 100 + second);
            histograms.record(Figure::Slip, Phase::Warmup, 7);
            let start = Duration::from_secs(second);
            write_interval(&mut out, &histograms, start, Duration::from_secs(1), Some(50), 1).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_written_is_read_back_and_adds_up() {
        let lines = read(&log_of_two_seconds()).unwrap();
        assert_eq!(lines.len(), 4);
        let delivery = sum(&lines, Figure::Delivery, Phase::Measure, Some(50));
        assert_eq!((delivery.count(), delivery.max()), (2, Some(101)));
        assert_eq!(sum(&lines, Figure::Slip, Phase::Warmup, Some(50)).count(), 2);
        assert_eq!(sum(&lines, Figure::Delivery, Phase::Measure, None).count(), 0);
    }

    #[test]
    fn sums_by_step_are_the_sums_of_the_lines() {
        let text = log_of_two_seconds();
        let all = |_, _| true;
        let sums = sums_of_rounds(&text, Figure::Delivery, Phase::Measure, all).unwrap();
        assert_eq!(sums.keys().copied().collect::<Vec<_>>(), [Mark::from(Some(50))]);
        assert_eq!(
            sums[&Some(50).into()],
            sum(&read(&text).unwrap(), Figure::Delivery, Phase::Measure, Some(50))
        );
        assert!(sums_of_rounds(&text, Figure::Gap, Phase::Measure, all).unwrap().is_empty());
    }

    #[test]
    fn rounds_are_told_apart_and_added_where_all_are_meant() {
        let mut out = log_of_two_seconds().into_bytes();
        let mut histograms = Histograms::new();
        histograms.record(Figure::Delivery, Phase::Measure, 9_000);
        let second = Duration::from_secs(1);
        write_interval(&mut out, &histograms, 9 * second, second, Some(50), 2).unwrap();
        let text = String::from_utf8(out).unwrap();
        let rounds = rounds_by_mark(&text, Figure::Delivery, Phase::Measure).unwrap();
        let shape: Vec<_> = rounds.iter().map(|(key, round)| (*key, round.0.len(), round.count())).collect();
        let mark = Mark::from(Some(50));
        assert_eq!(shape, [((mark, 1), 2, 2), ((mark, 2), 1, 1)]);
        assert_eq!(rounds[&(mark, 2)].0[0].bins().next().map(|(_, count)| count), Some(1));
        let of_all = sums_of_rounds(&text, Figure::Delivery, Phase::Measure, |_, _| true).unwrap();
        assert_eq!(of_all[&Some(50).into()].count(), 3);
        let second_only = |of, round| (of, round) == (mark, 2);
        let sums = sums_of_rounds(&text, Figure::Delivery, Phase::Measure, second_only).unwrap();
        assert_eq!(sums[&Some(50).into()].count(), 1);
    }

    #[test]
    fn a_line_cut_off_by_a_kill_is_ignored_and_a_broken_one_named() {
        let text = log_of_two_seconds();
        assert_eq!(read(&text[..text.len() - 20]).unwrap().len(), 3);
        let broken = text.replace("Tag=delivery.50,1", "Tag=delivery.50,x");
        assert!(matches!(read(&broken), Err(LogError::Syntax { .. })), "{broken}");
    }

    #[test]
    fn every_tag_is_read_back() {
        for figure in Figure::ALL {
            for phase in Phase::ALL {
                for (step, round) in [(None, 1), (Some(1), 1), (Some(1_000_000), 2), (None, 30)] {
                    for point in [None, Some(1), Some(1_000)] {
                        let parts = (figure, phase, Mark { point, step }, round);
                        assert_eq!(parse_tag(&tag_of(figure, phase, parts.2, round)), Some(parts));
                    }
                }
            }
        }
        assert_eq!(tag_of(Figure::Slip, Phase::Drain, Some(1_000).into(), 2), "slip.drain.1000.r2");
        assert_eq!(tag_of(Figure::Slip, Phase::Measure, Mark::default(), 1), "slip");
        let mark = Mark { point: Some(3), step: Some(1_000) };
        assert_eq!(tag_of(Figure::Slip, Phase::Drain, mark, 2), "slip.drain.p3.1000.r2");
        for foreign in ["somebody-elses", "delivery.rest", "delivery.r", "delivery.-1", "delivery.p"] {
            assert_eq!(parse_tag(foreign), None, "{foreign}");
        }
    }
}
