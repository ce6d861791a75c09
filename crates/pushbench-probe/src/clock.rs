//! The one clock of a run, and the time of day for the names of its files.
//!
//! `CLOCK_MONOTONIC` is the same for every process of a machine, so instants taken by different processes may be
//! compared. This module does not sleep (see [`crate::alarm`]) and does not know time zones.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, Timespec, clock_gettime};

const NS_PER_S: u64 = 1_000_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// `CLOCK_MONOTONIC` in nanoseconds.
#[must_use]
pub fn now_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// The time of day as RFC 3339 in UTC with whole seconds: `2026-11-20T14:03:22Z`.
#[must_use]
pub fn utc_rfc3339() -> String {
    rfc3339(unix_seconds())
}

/// The time of day as a `Date` header has it (RFC 9110, section 5.6.7): `Fri, 20 Nov 2026 14:03:22 GMT`.
#[must_use]
pub fn http_date() -> String {
    imf_fixdate(unix_seconds())
}

/// A machine whose clock stands before 1970 gets 1970: the text is a label, never a measure.
fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A kernel time of a clock that never runs below zero, in nanoseconds.
pub(crate) fn nanoseconds(time: Timespec) -> u64 {
    time.tv_sec as u64 * NS_PER_S + time.tv_nsec as u64
}

/// The inverse of [`nanoseconds`].
pub(crate) fn timespec(ns: u64) -> Timespec {
    Timespec { tv_sec: (ns / NS_PER_S).cast_signed(), tv_nsec: (ns % NS_PER_S).cast_signed() as _ }
}

fn rfc3339(unix_seconds: u64) -> String {
    let (year, month, day) = civil_date(unix_seconds / SECONDS_PER_DAY);
    let second_of_day = unix_seconds % SECONDS_PER_DAY;
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn imf_fixdate(unix_seconds: u64) -> String {
    // 1 January 1970 was a Thursday.
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = unix_seconds / SECONDS_PER_DAY;
    let (year, month, day) = civil_date(days);
    let (weekday, month) = (WEEKDAYS[days as usize % 7], MONTHS[month as usize - 1]);
    let second_of_day = unix_seconds % SECONDS_PER_DAY;
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Year, month and day of a number of days since 1970-01-01, in the proleptic Gregorian calendar.
///
/// The year is taken to begin on 1 March, which puts the leap day at its end: then the length of the months
/// before any month is a linear function, and 400 years are always 146,097 days.
fn civil_date(days_since_epoch: u64) -> (u64, u64, u64) {
    const DAYS_FROM_MARCH_OF_YEAR_0: u64 = 719_468;
    const DAYS_PER_ERA: u64 = 146_097;

    let days = days_since_epoch + DAYS_FROM_MARCH_OF_YEAR_0;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = if months_since_march < 10 { months_since_march + 3 } else { months_since_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_does_not_run_backwards() {
        let readings: Vec<u64> = (0..1_000).map(|_| now_ns()).collect();
        assert!(readings.is_sorted());
        assert!(readings[0] > 0);
    }

    #[test]
    fn dates_around_the_corners_of_the_calendar() {
        let table = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_795_183_402, "2026-11-20T14:03:22Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ];
        for (unix_seconds, text) in table {
            assert_eq!(rfc3339(unix_seconds), text, "{unix_seconds}");
        }
    }

    #[test]
    fn a_date_header_names_the_day_of_the_week() {
        let table = [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            // The example of RFC 9110.
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_183_402, "Fri, 20 Nov 2026 14:03:22 GMT"),
        ];
        for (unix_seconds, text) in table {
            assert_eq!(imf_fixdate(unix_seconds), text, "{unix_seconds}");
        }
        assert_eq!(http_date().len(), table[0].1.len());
    }

    #[test]
    fn every_day_of_800_years_follows_the_day_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..292_194 {
            assert_eq!(civil_date(days), (year, month, day));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn the_time_of_day_is_of_this_century() {
        let text = utc_rfc3339();
        assert_eq!(text.len(), "2026-11-20T14:03:22Z".len());
        assert!(text.starts_with("20") && text.ends_with('Z'), "{text}");
    }

    #[test]
    fn timespec_is_the_inverse_of_nanoseconds() {
        for ns in [0, 1, 999_999_999, NS_PER_S, 1_795_183_402_123_456_789, u64::MAX] {
            assert_eq!(nanoseconds(timespec(ns)), ns);
        }
    }
}
