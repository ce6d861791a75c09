//! Files of recorded times that a scenario names: a CSV of one column, `gap` with durations or `gap_ms` with numbers.
//!
//! The bytes are read by whoever parses the scenario; here they become times, or everything that is wrong with them.

use std::io;
use std::path::Path;

use pushbench_transport::Period;

use crate::quantity::decimal;

/// Reads the file of that name, but no more than so many bytes of it.
pub type ReadFile<'a> = &'a dyn Fn(&Path, u64) -> io::Result<Vec<u8>>;

/// Largest file that is read.
pub(super) const LARGEST_FILE_BYTES: u64 = 1 << 20;
/// Most recorded times: a plan with them travels to every process of a run.
const MOST_ROWS: usize = 50_000;
/// Wrong rows that are said one by one.
const MOST_FAULTS: usize = 20;
/// Longest text of a row that is said in full.
const LONGEST_SAID: usize = 40;

/// What the numbers of the column are.
#[derive(Debug, Clone, Copy)]
enum Column {
    /// Durations with their units.
    Gap,
    /// Milliseconds.
    GapMs,
}

/// The recorded times of the file `name` in nanoseconds, each up to `longest`.
///
/// # Errors
/// Every wrong row with its line, up to a bound, or what is wrong with the file as a whole.
pub(super) fn read(name: &str, longest: Period, file: ReadFile<'_>) -> Result<Vec<u64>, Vec<String>> {
    if name.is_empty() {
        return Err(vec!["the name of a CSV file is needed".to_owned()]);
    }
    let bytes = file(Path::new(name), LARGEST_FILE_BYTES + 1)
        .map_err(|error| vec![format!("{name}: cannot be read: {error}")])?;
    if bytes.len() as u64 > LARGEST_FILE_BYTES {
        return Err(vec![format!("{name}: larger than {LARGEST_FILE_BYTES} bytes")]);
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        vec![format!("{name}:{line}: not UTF-8 text")]
    })?;
    rows(name, text, longest)
}

fn rows(name: &str, text: &str, longest: Period) -> Result<Vec<u64>, Vec<String>> {
    let mut lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines();
    let column = match lines.next().map(str::trim) {
        Some("gap") => Column::Gap,
        Some("gap_ms") => Column::GapMs,
        found => {
            let found = found.filter(|line| !line.is_empty()).map_or("nothing".to_owned(), said);
            return Err(vec![format!("{name}:1: found {found}, expected the header `gap` or `gap_ms`")]);
        }
    };
    let (mut times, mut faults, mut unsaid) = (Vec::new(), Vec::new(), 0);
    for (line, row) in (2..).zip(lines).filter(|(_, row)| !row.trim().is_empty()) {
        if times.len() == MOST_ROWS {
            faults.push(format!("{name}:{line}: more than {MOST_ROWS} rows"));
            break;
        }
        match time(row.trim(), column, longest) {
            Ok(time_ns) => times.push(time_ns),
            Err(problem) if faults.len() < MOST_FAULTS => faults.push(format!("{name}:{line}: {problem}")),
            Err(_) => unsaid += 1,
        }
    }
    if unsaid > 0 {
        faults.push(format!("{name}: {unsaid} more rows are wrong"));
    }
    if faults.is_empty() && times.is_empty() {
        faults.push(format!("{name}:1: no row after the header"));
    }
    if faults.is_empty() { Ok(times) } else { Err(faults) }
}

fn time(row: &str, column: Column, longest: Period) -> Result<u64, String> {
    let time_ns = match column {
        Column::Gap => row
            .parse::<Period>()
            .map_err(|_| format!("{} is not a duration such as \"50ms\"", said(row)))?
            .as_ns(),
        Column::GapMs => {
            let ms = decimal(row)
                .ok_or_else(|| format!("{} is not a number of milliseconds such as 50 or 12.5", said(row)))?;
            (ms * 1e6).round() as u64
        }
    };
    if time_ns <= longest.as_ns() {
        Ok(time_ns)
    } else {
        Err(format!("{} is out of range: up to {longest}", said(row)))
    }
}

/// A row as it stands there, cut off where it is long.
fn said(row: &str) -> String {
    let cut: String = row.chars().take(LONGEST_SAID).collect();
    if cut.len() < row.len() { format!("`{cut}…`") } else { format!("`{cut}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Period = Period::from_secs(3600);

    fn read_text(text: &str) -> Result<Vec<u64>, Vec<String>> {
        let bytes = text.as_bytes().to_vec();
        read("gaps.csv", LONGEST, &move |_, _| Ok(bytes.clone()))
    }

    #[test]
    fn both_columns_are_read() {
        let ms = 1_000_000;
        assert_eq!(read_text("gap\n50ms\n 1s \n\n0s\n"), Ok(vec![50 * ms, 1000 * ms, 0]));
        assert_eq!(read_text("\u{feff}gap_ms\r\n50\r\n12.5\r\n0"), Ok(vec![50 * ms, 12_500_000, 0]));
    }

    #[test]
    fn every_wrong_row_is_said_with_its_line() {
        assert_eq!(
            read_text("gap\n50ms\n50\n2h\n-1s\n1ms,2ms\n").unwrap_err(),
            [
                "gaps.csv:3: `50` is not a duration such as \"50ms\"",
                "gaps.csv:4: `2h` is out of range: up to 1h",
                "gaps.csv:5: `-1s` is not a duration such as \"50ms\"",
                "gaps.csv:6: `1ms,2ms` is not a duration such as \"50ms\"",
            ]
        );
        assert_eq!(
            read_text("gap_ms\n50ms\n1e3\nnan\n4000000\n").unwrap_err(),
            [
                "gaps.csv:2: `50ms` is not a number of milliseconds such as 50 or 12.5",
                "gaps.csv:3: `1e3` is not a number of milliseconds such as 50 or 12.5",
                "gaps.csv:4: `nan` is not a number of milliseconds such as 50 or 12.5",
                "gaps.csv:5: `4000000` is out of range: up to 1h",
            ]
        );
    }

    #[test]
    fn what_is_no_recording_is_said_once() {
        let table = [
            ("", "gaps.csv:1: found nothing, expected the header `gap` or `gap_ms`"),
            ("50ms\n50ms\n", "gaps.csv:1: found `50ms`, expected the header `gap` or `gap_ms`"),
            ("gap\n\n", "gaps.csv:1: no row after the header"),
        ];
        for (text, fault) in table {
            assert_eq!(read_text(text).unwrap_err(), [fault]);
        }
        let large = format!("gap_ms\n{}", "1\n".repeat(MOST_ROWS + 5));
        assert_eq!(read_text(&large).unwrap_err(), ["gaps.csv:50002: more than 50000 rows"]);
        let wrong = format!("gap_ms\n{}", "x\n".repeat(500));
        let faults = read_text(&wrong).unwrap_err();
        assert_eq!((faults.len(), faults[20].as_str()), (21, "gaps.csv: 480 more rows are wrong"));
        let bytes = |bytes: &'static [u8]| read("gaps.csv", LONGEST, &move |_, _| Ok(bytes.to_vec()));
        assert_eq!(bytes(b"gap\n1ms\n\xff\n").unwrap_err(), ["gaps.csv:3: not UTF-8 text"]);
        let endless = read("gaps.csv", LONGEST, &|_, most| Ok(vec![b'1'; most as usize]));
        assert_eq!(endless.unwrap_err(), ["gaps.csv: larger than 1048576 bytes"]);
        let absent = read("gaps.csv", LONGEST, &|_, _| Err(io::ErrorKind::NotFound.into()));
        assert_eq!(absent.unwrap_err(), ["gaps.csv: cannot be read: entity not found"]);
    }
}
