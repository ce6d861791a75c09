//! Numbers for people: three significant digits and a unit. Pure; a value that does not exist is not its business.

use pushbench_measure::results::{Confidence, Setup, Unit};

/// The pattern of a run whose clients ask for answers in parts.
pub(crate) const STREAM: &str = "stream";

/// What stands for a figure that is not a number.
const NO_NUMBER: &str = "–";

/// A count exactly, in groups of three: `12,345`.
#[must_use]
pub fn grouped(count: u64) -> String {
    in_groups(&count.to_string())
}

fn in_groups(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time given in microseconds: `812 µs`, `5.31 ms`, `1.02 s`.
#[must_use]
pub fn time_us(us: f64) -> String {
    scaled(us, 1000.0, &["µs", "ms", "s"])
}

/// A time in microseconds that is a mean or a quotient. Three digits always: that it is a whole number is a coincidence.
#[must_use]
pub fn mean_time_us(us: f64) -> String {
    if us.abs() < 999.5 { format!("{} µs", number(us)) } else { time_us(us) }
}

/// An amount of bytes: `412 B`, `1.21 KiB`.
#[must_use]
pub fn bytes(bytes: f64) -> String {
    scaled(bytes, 1024.0, &["B", "KiB", "MiB", "GiB"])
}

/// How figures of that unit are worded.
#[must_use]
pub fn worded_in(unit: Unit) -> fn(f64) -> String {
    match unit {
        Unit::Time => time_us,
        Unit::Bytes => bytes,
        Unit::Share => share,
        Unit::Count => number,
    }
}

/// A share of 0 to 1 in percent: `4.2 %`, `62 %`.
#[must_use]
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    let places = usize::from(percent < 9.95 && percent.fract() != 0.0);
    format!("{percent:.places$} %")
}

/// A large number, shortened: `950`, `1.2 k`, `12.3 k`, `1.5 M`. Trailing zeros are left out: `10 k`.
#[must_use]
pub fn short_count(count: f64) -> String {
    without_trailing_zeros(&scaled(count, 1000.0, &["", "k", "M", "G"]))
}

/// A plain number with three significant digits: `0.00312`, `5.31`, `1,234`, `−5.31`.
#[must_use]
pub fn number(value: f64) -> String {
    if let Some(text) = sign_or_end(value, number) {
        return text;
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if value >= EXACT {
        return format!("{value:.2e}");
    }
    if value >= 999.5 {
        return in_groups(&format!("{value:.0}"));
    }
    // How many places stand before the first digit that is not zero.
    let magnitude = value.log10().floor() as i32;
    let places = (2 - magnitude).clamp(0, 6) as usize;
    let text = format!("{value:.places$}");
    if magnitude < 0 { without_trailing_zeros(&text) } else { text }
}

/// From here on the digits of a number say nothing that its power of ten does not.
const EXACT: f64 = 1e15;

/// What is not worded digit by digit: what is below zero, by `word` of its amount, and what has no digits.
fn sign_or_end(value: f64, word: impl Fn(f64) -> String) -> Option<String> {
    match value {
        _ if value.is_nan() => Some(NO_NUMBER.to_owned()),
        _ if value < 0.0 => Some(format!("−{}", word(-value))),
        _ if value.is_infinite() => Some("∞".to_owned()),
        _ => None,
    }
}

/// A number, with or without its unit, in as few digits as say the same: `2.00 ms` as `2 ms`. For bounds, ticks and
/// what was typed, where zeros at the end would claim an exactness that nobody measured.
#[must_use]
pub fn without_trailing_zeros(text: &str) -> String {
    let number = text.split(' ').next().unwrap_or_default();
    if !number.contains('.') || number.contains('e') {
        return text.to_owned();
    }
    let kept = number.trim_end_matches('0').trim_end_matches('.');
    format!("{kept}{}", &text[number.len()..])
}

/// The instant a run began, to the minute: `2026-11-20 14:03` of `2026-11-20T14:03:22Z`.
#[must_use]
pub fn minute(started: &str) -> String {
    started.get(..16).unwrap_or(started).replace('T', " ")
}

/// As [`number`], without zeros that carry nothing: for numbers that were typed, such as `5` events a second.
#[must_use]
pub fn typed(value: f64) -> String {
    without_trailing_zeros(&number(value))
}

/// What a scenario publishes: an `event`; of a chat a `message`, of a stream a `part`.
pub(crate) fn noun(setup: &Setup) -> &'static str {
    if setup.members.is_some() {
        "message"
    } else if setup.pattern == STREAM {
        "part"
    } else {
        "event"
    }
}

/// How much a scenario publishes: `5 events/s`; of a chat `60 messages/s`, of a stream `400 parts/s`.
#[must_use]
pub fn rate_in_words(setup: &Setup) -> String {
    let rate = typed(setup.events_per_second);
    let plural = if rate == "1" { "" } else { "s" };
    format!("{rate} {}{plural}/s", noun(setup))
}

/// How far the farther end of an interval is from its figure, in percent of the figure: `±4.2%`. Where the figure is
/// zero there is no such share: `±` with the end itself, worded by `word`.
#[must_use]
pub fn plus_minus(value: f64, interval: Confidence, word: fn(f64) -> String) -> String {
    let reach = (interval.hi - value).abs().max((value - interval.lo).abs());
    if value == 0.0 && reach > 0.0 {
        return format!("±{}", word(reach));
    }
    if value == 0.0 {
        return "±0%".to_owned();
    }
    let percent = reach / value.abs() * 100.0;
    match percent {
        _ if percent < 0.05 => "±0%".to_owned(),
        _ if percent < 9.95 => format!("±{percent:.1}%"),
        _ if percent < 999.5 => format!("±{percent:.0}%"),
        _ => "±>999%".to_owned(),
    }
}

/// Both ends of an interval: `[2.30 ms, 2.55 ms]`.
#[must_use]
pub fn interval(interval: Confidence, word: fn(f64) -> String) -> String {
    format!("[{}, {}]", word(interval.lo.max(0.0)), word(interval.hi))
}

/// Three significant digits in the first unit whose number stays below `base`.
fn scaled(value: f64, base: f64, units: &[&str]) -> String {
    if let Some(text) = sign_or_end(value, |value| scaled(value, base, units)) {
        return text;
    }
    let mut value = value.abs();
    let mut unit = 0;
    // 999.6 would round to 1000: it belongs to the next unit already.
    while value >= base - 0.5 && unit + 1 < units.len() {
        value /= base;
        unit += 1;
    }
    let exact = unit == 0 && value.fract() == 0.0;
    let text = if exact || value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else if value == 0.0 {
        "0".to_owned()
    } else {
        format!("{value:.2}")
    };
    let unit = units[unit];
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_called_by_its_name() {
        let of = |pattern: &str, members, events_per_second| {
            let pattern = pattern.to_owned();
            rate_in_words(&Setup { pattern, members, events_per_second, ..Setup::default() })
        };
        assert_eq!(of("broadcast", None, 5.0), "5 events/s");
        assert_eq!(of("chat", Some(20), 60.0), "60 messages/s");
        assert_eq!(
            (of("stream", None, 400.0), of("stream", None, 1.0)),
            ("400 parts/s".into(), "1 part/s".into())
        );
    }

    #[test]
    fn times_have_three_digits_and_the_unit_that_suits_them() {
        let table = [
            (0.0, "0 µs"),
            (7.0, "7 µs"),
            (812.0, "812 µs"),
            (999.6, "1.00 ms"),
            (1000.0, "1.00 ms"),
            (5_312.0, "5.31 ms"),
            (53_120.0, "53.1 ms"),
            (531_200.0, "531 ms"),
            (999_700.0, "1.00 s"),
            (1_020_000.0, "1.02 s"),
            (600_000_000.0, "600 s"),
            (12.345, "12.3 µs"),
        ];
        for (us, text) in table {
            assert_eq!(time_us(us), text, "{us}");
        }
    }

    #[test]
    fn bytes_go_by_1024() {
        let table = [(256.0, "256 B"), (256.4, "256 B"), (1024.0, "1.00 KiB"), (1239.0, "1.21 KiB")];
        for (value, text) in table {
            assert_eq!(bytes(value), text, "{value}");
        }
        assert_eq!(bytes(3.0 * 1024.0 * 1024.0), "3.00 MiB");
    }

    #[test]
    fn short_counts_drop_zeros_behind_the_point_only() {
        let table = [(0.0, "0"), (950.0, "950"), (1000.0, "1 k"), (1200.0, "1.2 k"), (10_000.0, "10 k")];
        for (value, text) in table {
            assert_eq!(short_count(value), text, "{value}");
        }
        assert_eq!((short_count(100_000.0), short_count(1.5e6)), ("100 k".to_owned(), "1.5 M".to_owned()));
    }

    #[test]
    fn an_interval_is_told_by_its_farther_end() {
        let table = [
            (2_410.0, 2_300.0, 2_550.0, "±5.8%"),
            (100.0, 80.0, 105.0, "±20%"),
            (100.0, 100.0, 100.0, "±0%"),
            (1e6, 1e6 - 10.0, 1e6, "±0%"),
            (0.0, 0.0, 12.0, "±12 µs"),
            (1.0, 0.0, 50.0, "±>999%"),
        ];
        for (value, lo, hi, text) in table {
            assert_eq!(plus_minus(value, Confidence { lo, hi }, time_us), text, "{value} {lo} {hi}");
        }
        assert_eq!(interval(Confidence { lo: -3.0, hi: 2_550.0 }, time_us), "[0 µs, 2.55 ms]");
    }

    #[test]
    fn what_is_negative_huge_or_no_number_is_not_worded_as_if_it_were_a_count() {
        let table = [
            (-0.0, "0", "0 µs"),
            (-0.5, "−0.5", "−0.50 µs"),
            (-5_312.0, "−5,312", "−5.31 ms"),
            (1e-9, "0", "0.00 µs"),
            (1e14, "100,000,000,000,000", "100000000 s"),
            (1e20, "1.00e20", "100000000000000 s"),
            (f64::INFINITY, "∞", "∞"),
            (f64::NEG_INFINITY, "−∞", "−∞"),
            (f64::NAN, "–", "–"),
        ];
        for (value, plain, time) in table {
            assert_eq!((number(value).as_str(), time_us(value).as_str()), (plain, time), "{value}");
        }
        assert_eq!((mean_time_us(-5_000.0), typed(1e20)), ("−5.00 ms".to_owned(), "1.00e20".to_owned()));
    }

    #[test]
    fn round_numbers_lose_zeros_behind_the_point_only() {
        let table = [
            ("2.00 ms", "2 ms"),
            ("2.50", "2.5"),
            ("100 k", "100 k"),
            ("0.10 events/s", "0.1 events/s"),
            ("1.00e20", "1.00e20"),
            ("−1.50 s", "−1.5 s"),
        ];
        for (text, expected) in table {
            assert_eq!(without_trailing_zeros(text), expected);
        }
    }

    #[test]
    fn shares_are_in_percent() {
        let table = [(0.0, "0 %"), (0.042, "4.2 %"), (0.62, "62 %"), (1.0, "100 %"), (0.05, "5 %")];
        for (value, text) in table {
            assert_eq!(share(value), text, "{value}");
        }
    }

    #[test]
    fn plain_numbers_and_groups() {
        let table = [(0.0, "0"), (0.00312, "0.00312"), (0.5, "0.5"), (5.312, "5.31"), (53.12, "53.1")];
        for (value, text) in table {
            assert_eq!(number(value), text, "{value}");
        }
        assert_eq!((number(999.7), number(1_234_567.0)), ("1,000".to_owned(), "1,234,567".to_owned()));
        assert_eq!(
            (typed(5.0), typed(0.25), typed(100.0)),
            ("5".to_owned(), "0.25".to_owned(), "100".to_owned())
        );
        let groups = [(0, "0"), (999, "999"), (1000, "1,000"), (1_000_000, "1,000,000")];
        for (value, text) in groups {
            assert_eq!(grouped(value), text);
        }
    }
}
