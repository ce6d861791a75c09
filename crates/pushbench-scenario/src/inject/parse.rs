//! The text of faults, read part by part: everything that is wrong with it is said at once.

use pushbench_transport::{Period, QuantityError};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::{Delay, Every, Inject, Limit, Stall};
use crate::fault::Printable;
use crate::section::nearest;

/// The names of the faults, in the order in which they are written.
const NAMES: [&str; 6] = ["delay", "drop", "duplicate", "reorder", "limit", "stall"];
const EVERY: RangeInclusive<u32> = 1..=1_000_000;
/// An event cannot be dropped or come after its successor if that goes for the successor as well.
const EVERY_OTHER: RangeInclusive<u32> = 2..=1_000_000;
const DELAY: RangeInclusive<Period> = Period::from_duration(Duration::from_micros(1))..=Period::from_secs(10);
const STALL: RangeInclusive<Period> = Period::from_millis(1)..=Period::from_secs(10);
const LONGEST_PERIOD: Period = Period::from_secs(3600);

/// One thing that is wrong with the text of faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectFault {
    /// What is wrong and what is allowed, as a lowercase fragment.
    pub problem: String,
    /// The remedy, where one is known.
    pub hint: Option<String>,
}

/// Everything that is wrong with the text of faults; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectFaults(pub Vec<InjectFault>);

impl fmt::Display for InjectFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, InjectFault { problem, hint }) in self.0.iter().enumerate() {
            let separator = if at > 0 { "; " } else { "" };
            write!(f, "{separator}{}", Printable(problem))?;
            if let Some(hint) = hint {
                write!(f, " ({})", Printable(hint))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for InjectFaults {}

impl FromStr for Inject {
    type Err = InjectFaults;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut inject = Self::NOTHING;
        let mut faults = Vec::new();
        let mut named: Vec<&str> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim(), value.trim());
            if named.contains(&name) && NAMES.contains(&name) {
                faults.push(fault(format!("`{name}` twice: each fault at most once")));
            } else if let Err(problem) = inject.set(name, value) {
                faults.push(problem);
            }
            named.push(name);
        }
        if faults.is_empty() { Ok(inject) } else { Err(InjectFaults(faults)) }
    }
}

impl Inject {
    const NOTHING: Self =
        Self { delay: None, drop: None, duplicate: None, reorder: None, limit: None, stall: None };

    fn set(&mut self, name: &str, value: &str) -> Result<(), InjectFault> {
        match name {
            "delay" => self.delay = Some(delay(value)?),
            "drop" => self.drop = Some(every(name, value, EVERY_OTHER)?),
            "duplicate" => self.duplicate = Some(every(name, value, EVERY)?),
            "reorder" => self.reorder = Some(every(name, value, EVERY_OTHER)?),
            "limit" => self.limit = Some(limit(value)?),
            "stall" => self.stall = Some(stall(value)?),
            "" => return Err(fault(format!("nothing between commas, allowed: {}", NAMES.join(", ")))),
            _ => {
                let hint = nearest(name, &NAMES).map(|near| format!("did you mean `{near}`?"));
                let problem = format!("unknown fault `{name}`, allowed: {}", NAMES.join(", "));
                return Err(InjectFault { problem, hint });
            }
        }
        Ok(())
    }
}

fn fault(problem: String) -> InjectFault {
    InjectFault { problem, hint: None }
}

fn delay(value: &str) -> Result<Delay, InjectFault> {
    let (by, every_n) = match value.split_once('/') {
        Some((by, every_n)) => (by, every("delay", every_n, EVERY)?),
        None => (value, Every(1)),
    };
    Ok(Delay {
        by: period("delay", by, DELAY, "delay=50ms, or delay=50ms/4 for every fourth")?,
        every: every_n,
    })
}

fn limit(value: &str) -> Result<Limit, InjectFault> {
    let number = value.strip_suffix('s').and_then(|value| value.trim_end().strip_suffix('/')).map(str::trim);
    let digits = number.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let per_second = digits.and_then(|digits| digits.parse().ok()).filter(|number| EVERY.contains(number));
    per_second.map(Limit).ok_or_else(|| {
        fault(format!(
            "limit: `{value}` is no rate, write limit=1000/s: events a second, 1 to {}",
            EVERY.end()
        ))
    })
}

fn stall(value: &str) -> Result<Stall, InjectFault> {
    const EXAMPLE: &str = "stall=500ms/5s: how long, once in how long";
    let Some((length, interval)) = value.split_once('/') else {
        return Err(fault(format!("stall: `{value}` is not two durations, write {EXAMPLE}")));
    };
    let length = period("stall", length, STALL, EXAMPLE)?;
    let interval = period("stall", interval, STALL.start().to_owned()..=LONGEST_PERIOD, EXAMPLE)?;
    if length >= interval {
        return Err(fault(format!("stall: {length} is no less than {interval}, write {EXAMPLE}")));
    }
    Ok(Stall { length, period: interval })
}

fn period(
    name: &str,
    text: &str,
    allowed: RangeInclusive<Period>,
    example: &str,
) -> Result<Period, InjectFault> {
    let out_of_range = |said: &dyn fmt::Display| {
        fault(format!("{name}: {said} is out of range: {} to {}", allowed.start(), allowed.end()))
    };
    match text.parse::<Period>() {
        Ok(period) if allowed.contains(&period) => Ok(period),
        Ok(period) => Err(out_of_range(&period)),
        Err(QuantityError::PeriodTooLarge(_)) => Err(out_of_range(&text)),
        Err(_) => Err(fault(format!("{name}: `{text}` is not a duration, write {example}"))),
    }
}

fn every(name: &str, text: &str, allowed: RangeInclusive<u32>) -> Result<Every, InjectFault> {
    let text = text.trim();
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    match number.filter(|number| allowed.contains(number)) {
        Some(number) => Ok(Every(number)),
        None => Err(fault(format!(
            "{name}: `{text}` is no number of events, every how many: {} to {}",
            allowed.start(),
            allowed.end()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let table = [
            ("", "nothing between commas, allowed: delay, drop, duplicate, reorder, limit, stall"),
            (
                "drp=10,drop=1,delay=5,",
                "unknown fault `drp`, allowed: delay, drop, duplicate, reorder, limit, stall (did you mean `drop`?); \
                 drop: `1` is no number of events, every how many: 2 to 1000000; \
                 delay: `5` is not a duration, write delay=50ms, or delay=50ms/4 for every fourth; \
                 nothing between commas, allowed: delay, drop, duplicate, reorder, limit, stall",
            ),
            ("drop=5,drop=5", "`drop` twice: each fault at most once"),
            ("delay", "delay: `` is not a duration, write delay=50ms, or delay=50ms/4 for every fourth"),
            ("delay=11s", "delay: 11s is out of range: 1µs to 10s"),
            ("delay=99999h", "delay: 99999h is out of range: 1µs to 10s"),
            (
                "delay=5ms\u{1b}[31m",
                "delay: `5ms\\u{1b}[31m` is not a duration, write delay=50ms, or delay=50ms/4 for every fourth",
            ),
            ("delay=0s", "delay: 0s is out of range: 1µs to 10s"),
            ("delay=1s/0", "delay: `0` is no number of events, every how many: 1 to 1000000"),
            ("duplicate=0", "duplicate: `0` is no number of events, every how many: 1 to 1000000"),
            ("reorder=+5", "reorder: `+5` is no number of events, every how many: 2 to 1000000"),
            ("reorder=1000001", "reorder: `1000001` is no number of events, every how many: 2 to 1000000"),
            (
                "limit=1000,limit=0/s",
                "limit: `1000` is no rate, write limit=1000/s: events a second, 1 to 1000000; \
                 `limit` twice: each fault at most once",
            ),
            ("limit=5/m", "limit: `5/m` is no rate, write limit=1000/s: events a second, 1 to 1000000"),
            ("limit=/s", "limit: `/s` is no rate, write limit=1000/s: events a second, 1 to 1000000"),
            (
                "stall=1s",
                "stall: `1s` is not two durations, write stall=500ms/5s: how long, once in how long",
            ),
            ("stall=5s/5s", "stall: 5s is no less than 5s, write stall=500ms/5s: how long, once in how long"),
            ("stall=11s/1m", "stall: 11s is out of range: 1ms to 10s"),
            ("stall=1s/2h", "stall: 2h is out of range: 1ms to 1h"),
        ];
        for (text, said) in table {
            let faults = text.parse::<Inject>().unwrap_err();
            assert_eq!(faults.to_string(), said, "{text}");
        }
    }

    fn part() -> impl Strategy<Value = Vec<String>> {
        let every = |name: &'static str, from| {
            proptest::option::of((from..=1_000_000_u32).prop_map(move |n| format!("{name}={n}")))
        };
        let delay = proptest::option::of(
            (1u64..10_000_000, 1u32..100).prop_map(|(us, n)| format!("delay={us}us/{n}")),
        );
        let stall = proptest::option::of(
            (1u64..=10_000, 1u64..10_000).prop_map(|(ms, more)| format!("stall={ms}ms/{}ms", ms + more)),
        );
        let limit = proptest::option::of((1u32..=1_000_000).prop_map(|rate| format!("limit={rate}/s")));
        let parts = (delay, every("drop", 2), every("duplicate", 1), every("reorder", 2), limit, stall);
        parts.prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].into_iter().flatten().collect())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(parts in part().prop_shuffle()) {
            prop_assume!(!parts.is_empty());
            let first = parts.join(" , ").parse::<Inject>().unwrap();
            prop_assert_eq!(first.to_string().parse::<Inject>(), Ok(first));
            let json = serde_json::to_string(&first).unwrap();
            prop_assert_eq!(serde_json::from_str::<Inject>(&json).unwrap(), first);
        }

        #[test]
        fn any_text_is_safe(text: String) {
            if let Ok(inject) = text.parse::<Inject>() {
                prop_assert_eq!(inject.to_string().parse::<Inject>(), Ok(inject));
            }
        }
    }
}
