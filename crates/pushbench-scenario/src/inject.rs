//! Faults that a target is asked to make, as people write them: `delay=50ms,drop=10,stall=500ms/5s`.
//!
//! Which event a fault is due for follows from the event's number within its topic alone, so that what a run must count
//! can be worked out beforehand. The faults themselves are the target's work.

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::section::nearest;

/// What is done to the events of every topic, numbered from 1, and to the target as a whole. At least one fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Inject {
    delay: Option<Delay>,
    drop: Option<Every>,
    duplicate: Option<Every>,
    reorder: Option<Every>,
    stall: Option<Stall>,
}

/// Every so-and-so-many-th event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Every(u32);

impl Every {
    fn hits(self, n: u64) -> bool {
        n.is_multiple_of(u64::from(self.0))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Delay {
    by: Period,
    every: Every,
}

/// A standstill that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    length: Period,
    period: Period,
}

/// The names of the faults, in the order in which they are written.
const NAMES: [&str; 5] = ["delay", "drop", "duplicate", "reorder", "stall"];
const EVERY: RangeInclusive<u32> = 1..=1_000_000;
/// An event cannot be dropped or come after its successor if that goes for the successor as well.
const EVERY_OTHER: RangeInclusive<u32> = 2..=1_000_000;
const DELAY: RangeInclusive<Period> = Period::from_duration(Duration::from_micros(1))..=Period::from_secs(10);
const STALL: RangeInclusive<Period> = Period::from_millis(1)..=Period::from_secs(10);
const LONGEST_PERIOD: Period = Period::from_secs(3600);

impl Inject {
    const NOTHING: Self = Self { delay: None, drop: None, duplicate: None, reorder: None, stall: None };

    /// How long event `n` of a topic is held back, in nanoseconds.
    #[must_use]
    pub fn delay_ns(&self, n: u64) -> Option<u64> {
        self.delay.filter(|delay| delay.every.hits(n)).map(|delay| delay.by.as_ns())
    }

    /// Whether event `n` of a topic is dropped.
    #[must_use]
    pub fn drops(&self, n: u64) -> bool {
        self.drop.is_some_and(|every| every.hits(n))
    }

    /// Whether event `n` of a topic is delivered twice.
    #[must_use]
    pub fn duplicates(&self, n: u64) -> bool {
        self.duplicate.is_some_and(|every| every.hits(n))
    }

    /// Whether event `n` of a topic comes after its successor.
    #[must_use]
    pub fn reorders(&self, n: u64) -> bool {
        self.reorder.is_some_and(|every| every.hits(n))
    }

    /// The longest that any event is held back, in nanoseconds.
    #[must_use]
    pub fn longest_delay_ns(&self) -> u64 {
        self.delay.map_or(0, |delay| delay.by.as_ns())
    }

    /// When the target stands still.
    #[must_use]
    pub fn stall(&self) -> Option<Stall> {
        self.stall
    }

    /// How long an event may be held back by design: its delay, and a standstill on top of it.
    #[must_use]
    pub fn longest_hold(&self) -> Duration {
        let stall = self.stall.map_or(Duration::ZERO, |stall| stall.length.duration());
        Duration::from_nanos(self.longest_delay_ns()) + stall
    }
}

impl Stall {
    /// Begin and end of the first standstill that is not over at `now_ns`, if the standstills are counted from `from_ns`:
    /// the first begins one period after it. All in nanoseconds.
    #[must_use]
    pub fn next(self, from_ns: u64, now_ns: u64) -> (u64, u64) {
        let (length_ns, period_ns) = (self.length.as_ns(), self.period.as_ns());
        // How many periods before now the last standstill began that is over.
        let over = now_ns.checked_sub(from_ns.saturating_add(length_ns)).map_or(0, |past| past / period_ns);
        let begin_ns = from_ns.saturating_add(period_ns.saturating_mul(over + 1));
        (begin_ns, begin_ns.saturating_add(length_ns))
    }
}

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
            write!(f, "{separator}{problem}")?;
            if let Some(hint) = hint {
                write!(f, " ({hint})")?;
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
    fn set(&mut self, name: &str, value: &str) -> Result<(), InjectFault> {
        match name {
            "delay" => self.delay = Some(delay(value)?),
            "drop" => self.drop = Some(every(name, value, EVERY_OTHER)?),
            "duplicate" => self.duplicate = Some(every(name, value, EVERY)?),
            "reorder" => self.reorder = Some(every(name, value, EVERY_OTHER)?),
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
    let period: Period =
        text.parse().map_err(|_| fault(format!("{name}: `{text}` is not a duration, write {example}")))?;
    if allowed.contains(&period) {
        return Ok(period);
    }
    Err(fault(format!("{name}: {period} is out of range: {} to {}", allowed.start(), allowed.end())))
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

impl fmt::Display for Inject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let every = |name: &str, every: Option<Every>| every.map(|every| format!("{name}={}", every.0));
        let delay = self.delay.map(|Delay { by, every }| match every {
            Every(1) => format!("delay={by}"),
            Every(number) => format!("delay={by}/{number}"),
        });
        let parts = [
            delay,
            every("drop", self.drop),
            every("duplicate", self.duplicate),
            every("reorder", self.reorder),
            self.stall.map(|Stall { length, period }| format!("stall={length}/{period}")),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

impl TryFrom<String> for Inject {
    type Error = InjectFaults;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Inject> for String {
    fn from(inject: Inject) -> Self {
        inject.to_string()
    }
}

impl JsonSchema for Inject {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Inject".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let fault =
            r"(delay\s*=[^,/]+(/\s*\d+)?|(drop|duplicate|reorder)\s*=\s*\d+|stall\s*=[^,/]+/[^,/]+)\s*";
        schemars::json_schema!({
            "type": "string",
            "pattern": format!(r"^\s*{fault}(,\s*{fault})*$"),
            "examples": ["delay=50ms", "drop=10,duplicate=10,reorder=10", "stall=500ms/5s"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inject(text: &str) -> Inject {
        text.parse().unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn hit(of: impl Fn(u64) -> bool) -> Vec<u64> {
        (1..=12).filter(|n| of(*n)).collect()
    }

    #[test]
    fn each_fault_is_due_for_the_events_it_names() {
        let all = inject("delay=50ms/4, drop=5,duplicate = 1,reorder=6 ,stall=500ms/5s");
        assert_eq!(hit(|n| all.delay_ns(n) == Some(50_000_000)), [4, 8, 12]);
        assert_eq!(hit(|n| all.drops(n)), [5, 10]);
        assert_eq!(hit(|n| all.duplicates(n)), (1..=12).collect::<Vec<_>>());
        assert_eq!(hit(|n| all.reorders(n)), [6, 12]);
        assert_eq!(all.longest_hold(), Duration::from_millis(550));
        let one = inject("delay=2s");
        assert_eq!(hit(|n| one.delay_ns(n).is_some()).len(), 12);
        assert_eq!(hit(|n| one.drops(n) || one.duplicates(n) || one.reorders(n)), [0; 0]);
        assert_eq!((one.stall(), one.longest_hold()), (None, Duration::from_secs(2)));
    }

    #[test]
    fn standstills_come_a_period_after_the_begin_and_once_a_period() {
        let Stall { length, period } = inject("stall=2ms/10ms").stall().unwrap();
        let stall = Stall { length: Period::from_duration(length.duration() / 1_000_000), period };
        let stall = Stall { period: Period::from_duration(period.duration() / 1_000_000), ..stall };
        // Of 2 ns once in 10 ns, from 100 on.
        let table = [
            (0, 110, 112),
            (100, 110, 112),
            (111, 110, 112),
            (112, 120, 122),
            (121, 120, 122),
            (998, 1000, 1002),
        ];
        for (now, begin, end) in table {
            assert_eq!(stall.next(100, now), (begin, end), "{now}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let table = [
            ("", "nothing between commas, allowed: delay, drop, duplicate, reorder, stall"),
            (
                "drp=10,drop=1,delay=5,",
                "unknown fault `drp`, allowed: delay, drop, duplicate, reorder, stall (did you mean `drop`?); \
                 drop: `1` is no number of events, every how many: 2 to 1000000; \
                 delay: `5` is not a duration, write delay=50ms, or delay=50ms/4 for every fourth; \
                 nothing between commas, allowed: delay, drop, duplicate, reorder, stall",
            ),
            ("drop=5,drop=5", "`drop` twice: each fault at most once"),
            ("delay", "delay: `` is not a duration, write delay=50ms, or delay=50ms/4 for every fourth"),
            ("delay=11s", "delay: 11s is out of range: 1µs to 10s"),
            ("delay=0s", "delay: 0s is out of range: 1µs to 10s"),
            ("delay=1s/0", "delay: `0` is no number of events, every how many: 1 to 1000000"),
            ("duplicate=0", "duplicate: `0` is no number of events, every how many: 1 to 1000000"),
            ("reorder=+5", "reorder: `+5` is no number of events, every how many: 2 to 1000000"),
            ("reorder=1000001", "reorder: `1000001` is no number of events, every how many: 2 to 1000000"),
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
        let parts = (delay, every("drop", 2), every("duplicate", 1), every("reorder", 2), stall);
        parts.prop_map(|(a, b, c, d, e)| [a, b, c, d, e].into_iter().flatten().collect())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(parts in part().prop_shuffle()) {
            prop_assume!(!parts.is_empty());
            let first = inject(&parts.join(" , "));
            prop_assert_eq!(inject(&first.to_string()), first);
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
