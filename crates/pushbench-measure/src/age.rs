//! Age of information: how old the newest event is that a client holds.
//!
//! Between two receptions the age rises by one second a second, so its time integral is exact from the receptions
//! alone; nothing is sampled. See Kaul, Yates, Gruteser: "Real-time status: How often should one update?" (2012).

use serde::{Deserialize, Serialize};

/// Age of one client, integrated over a window of time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Age {
    /// Due time of the newest event held; 0 while none is held.
    newest_due_ns: u64,
    /// Until when the integral has been taken.
    since_ns: u64,
    sum: AgeSum,
}

/// An integral of age over time, and that time: sums of clients give the mean over time and clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AgeSum {
    /// ∫ age dt in square seconds.
    pub integral_s2: f64,
    /// The time integrated over, in seconds.
    pub time_s: f64,
}

impl AgeSum {
    /// Adds another client's sum.
    pub fn add(&mut self, other: &Self) {
        self.integral_s2 += other.integral_s2;
        self.time_s += other.time_s;
    }

    /// Mean age in microseconds, `None` when no time was covered.
    #[must_use]
    pub fn mean_us(&self) -> Option<f64> {
        (self.time_s > 0.0).then(|| self.integral_s2 / self.time_s * 1e6)
    }
}

impl Age {
    /// Notes an event received at `now_ns`; only the part of time inside `[from_ns, until_ns]` is integrated.
    ///
    /// Returns the age in nanoseconds that was reached just before, if the event is newer than what was held.
    pub fn receive(&mut self, due_ns: u64, now_ns: u64, from_ns: u64, until_ns: u64) -> Option<u64> {
        if due_ns <= self.newest_due_ns {
            return None;
        }
        let peak_ns = (self.newest_due_ns != 0).then(|| now_ns.saturating_sub(self.newest_due_ns));
        self.integrate(now_ns, from_ns, until_ns);
        self.newest_due_ns = due_ns;
        peak_ns
    }

    /// Notes that the client left at `now_ns`: it holds nothing until its next event, and that time is not integrated.
    pub fn leave(&mut self, now_ns: u64, from_ns: u64, until_ns: u64) {
        self.integrate(now_ns, from_ns, until_ns);
        self.newest_due_ns = 0;
    }

    /// The age at `now_ns` in nanoseconds; `None` while no event is held.
    #[must_use]
    pub fn at(&self, now_ns: u64) -> Option<u64> {
        (self.newest_due_ns != 0).then(|| now_ns.saturating_sub(self.newest_due_ns))
    }

    /// Closes the window at `until_ns` and returns the sum.
    pub fn finish(&mut self, from_ns: u64, until_ns: u64) -> AgeSum {
        self.integrate(until_ns, from_ns, until_ns);
        self.sum
    }

    fn integrate(&mut self, now_ns: u64, from_ns: u64, until_ns: u64) {
        let begin_ns = self.since_ns.max(from_ns);
        let end_ns = now_ns.min(until_ns);
        self.since_ns = now_ns;
        if self.newest_due_ns == 0 || end_ns <= begin_ns {
            return;
        }
        // An event may be received before the window; it is never due after it was received.
        let age = |at_ns: u64| at_ns.saturating_sub(self.newest_due_ns) as f64 / 1e9;
        let seconds = (end_ns - begin_ns) as f64 / 1e9;
        self.sum.integral_s2 += f64::midpoint(age(begin_ns), age(end_ns)) * seconds;
        self.sum.time_s += seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_saw_tooth_of_one_second_has_the_mean_of_half_a_second_and_the_delay() {
        // Events due every second from second 1 on, each received 0.2 s later; window from second 2 to 6.
        let mut age = Age::default();
        for due in 1..=6 {
            let peak = age.receive(due * S, due * S + S / 5, 2 * S, 6 * S);
            assert_eq!(peak, (due > 1).then_some(S + S / 5), "event {due}");
        }
        let sum = age.finish(2 * S, 6 * S);
        assert!((sum.time_s - 4.0).abs() < 1e-9, "{sum:?}");
        assert!((sum.mean_us().unwrap() - 700_000.0).abs() < 1.0, "{sum:?}");
    }

    #[test]
    fn an_older_event_does_not_make_the_client_younger_or_older() {
        let mut age = Age::default();
        age.receive(5 * S, 5 * S, 0, 10 * S);
        assert_eq!(age.receive(4 * S, 6 * S, 0, 10 * S), None);
        assert_eq!(age.at(6 * S), Some(S));
        let sum = age.finish(0, 7 * S);
        assert!((sum.mean_us().unwrap() - 1_000_000.0).abs() < 1.0, "{sum:?}");
    }

    #[test]
    fn time_before_the_first_event_does_not_count() {
        let mut age = Age::default();
        assert_eq!((age.at(7 * S), age.finish(0, 7 * S)), (None, AgeSum::default()));
        assert_eq!(AgeSum::default().mean_us(), None);
    }
}
