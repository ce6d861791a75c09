//! Faults that a target is asked to make, as people write them: `delay=50ms,drop=10,stall=500ms/5s`.
//!
//! Which event a fault is due for follows from the event's number within its topic alone, so that what a run must count
//! can be worked out beforehand. The faults themselves are the target's work.

mod parse;

use pushbench_transport::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

pub use self::parse::{InjectFault, InjectFaults};

/// What is done to the events of every topic, numbered from 1, and to the target as a whole. At least one fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Inject {
    delay: Option<Delay>,
    drop: Option<Every>,
    duplicate: Option<Every>,
    reorder: Option<Every>,
    limit: Option<Limit>,
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

/// So many events a second, no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit(u32);

/// A standstill that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    length: Period,
    period: Period,
}

impl Inject {
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

    /// Time from one event to the next that the target hands over at its limit, in nanoseconds.
    #[must_use]
    pub fn turn_ns(&self) -> Option<u64> {
        self.limit.map(|Limit(per_second)| 1_000_000_000 / u64::from(per_second))
    }

    /// When the target stands still.
    #[must_use]
    pub fn stall(&self) -> Option<Stall> {
        self.stall
    }

    /// How long an event may be held back by design: its delay, and a standstill on top of it. How long it waits at a limit
    /// depends on the load.
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
            self.limit.map(|Limit(per_second)| format!("limit={per_second}/s")),
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
        let fault = r"(delay\s*=[^,/]+(/\s*\d+)?|(drop|duplicate|reorder)\s*=\s*\d+|limit\s*=\s*\d+\s*/\s*s|stall\s*=[^,/]+/[^,/]+)\s*";
        schemars::json_schema!({
            "type": "string",
            "pattern": format!(r"^\s*{fault}(,\s*{fault})*$"),
            "examples": ["delay=50ms", "drop=10,duplicate=10,reorder=10", "limit=1000/s", "stall=500ms/5s"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!((one.turn_ns(), inject("limit = 1000 / s").turn_ns()), (None, Some(1_000_000)));
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
}
