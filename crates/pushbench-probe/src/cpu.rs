//! `/proc/stat`: how the host's CPUs spent their time, for the share that a hypervisor took away and for what was left of it.
//!
//! What a single process used is in [`crate::process`].

use std::io;

use crate::proc_file::{malformed, read};

const STAT: &str = "/proc/stat";

/// Time of some CPUs together since boot, in the kernel's ticks (`USER_HZ`, 10 ms on every usual machine).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuTimes {
    /// Ticks in which a CPU had nothing to do, those in which it waited for a disk included.
    pub idle_ticks: u64,
    /// Ticks in which a CPU had work but the hypervisor ran somebody else.
    pub steal_ticks: u64,
    /// All ticks, idle ones included.
    pub total_ticks: u64,
}

impl CpuTimes {
    /// The share of stolen time since `earlier`, 0 to 1; `None` when no tick went by.
    #[must_use]
    pub fn steal_share_since(&self, earlier: &Self) -> Option<f64> {
        self.share_since(earlier, |times| times.steal_ticks)
    }

    /// The share of idle time since `earlier`, 0 to 1; `None` when no tick went by.
    #[must_use]
    pub fn idle_share_since(&self, earlier: &Self) -> Option<f64> {
        self.share_since(earlier, |times| times.idle_ticks)
    }

    fn share_since(&self, earlier: &Self, ticks: fn(&Self) -> u64) -> Option<f64> {
        let total = self.total_ticks.checked_sub(earlier.total_ticks).filter(|&total| total > 0)?;
        // The kernel's per-CPU sums may run back by a tick.
        let share = ticks(self).saturating_sub(ticks(earlier)).min(total);
        Some(share as f64 / total as f64)
    }
}

/// Reads the times of all CPUs of the host together.
///
/// # Errors
/// When `/proc/stat` cannot be read.
pub fn host_times() -> io::Result<CpuTimes> {
    parse(&read(STAT)?, |cpu| cpu == "cpu").ok_or_else(|| malformed(STAT, "line of all CPUs"))
}

/// Reads the times of the CPUs with these numbers together.
///
/// # Errors
/// When `/proc/stat` cannot be read, or tells of none of them.
pub fn times_of(cpus: &[usize]) -> io::Result<CpuTimes> {
    let is_meant = |cpu: &str| {
        let number = cpu.strip_prefix("cpu").and_then(|number| number.parse().ok());
        number.is_some_and(|number| cpus.contains(&number))
    };
    parse(&read(STAT)?, is_meant).ok_or_else(|| malformed(STAT, "lines of single CPUs"))
}

/// The sum of the lines `cpu…  user nice system idle iowait irq softirq steal guest guest_nice` with those names; the last two
/// numbers are part of `user` and `nice` already. `None` where there is no such line or one is malformed.
fn parse(text: &str, is_meant: impl Fn(&str) -> bool) -> Option<CpuTimes> {
    const IDLE: [usize; 2] = [3, 4];
    const STEAL: usize = 7;
    let mut sum = None;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if !words.next().is_some_and(&is_meant) {
            continue;
        }
        let ticks: Vec<u64> = words.take(STEAL + 1).map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let CpuTimes { idle_ticks, steal_ticks, total_ticks } = sum.unwrap_or_default();
        sum = Some(CpuTimes {
            idle_ticks: idle_ticks + IDLE.iter().filter_map(|&at| ticks.get(at)).sum::<u64>(),
            steal_ticks: steal_ticks + ticks.get(STEAL)?,
            total_ticks: total_ticks + ticks.iter().sum::<u64>(),
        });
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(idle_ticks: u64, steal_ticks: u64, total_ticks: u64) -> CpuTimes {
        CpuTimes { idle_ticks, steal_ticks, total_ticks }
    }

    #[test]
    fn the_line_of_all_cpus() {
        let table = [
            ("cpu  10 20 30 40 50 60 70 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n", Some(times(90, 8, 288))),
            ("cpu  1 1 1 1 1 1 1 1\n", Some(times(2, 1, 8))),
            ("cpu  1 1 1 1 1 1 1\n", None),
            ("cpu  1 1 1 x 1 1 1 1\n", None),
            ("cpu0 1 1 1 1 1 1 1 1\n", None),
            ("", None),
        ];
        for (text, times) in table {
            assert_eq!(parse(text, |cpu| cpu == "cpu"), times, "{text:?}");
        }
    }

    #[test]
    fn the_lines_of_some_cpus_are_added_up() {
        let text = "cpu  9 9 9 9 9 9 9 9\ncpu0 1 1 1 1 1 1 1 1\ncpu1 2 2 2 2 2 2 2 2\ncpu10 3 3 3 3 3 3 3 3\nintr 5\n";
        let of = |names: &[&str]| parse(text, |cpu| names.contains(&cpu));
        assert_eq!(of(&["cpu0", "cpu10"]), Some(times(8, 4, 32)));
        assert_eq!(of(&["cpu1"]), Some(times(4, 2, 16)));
        assert_eq!(of(&["cpu7"]), None);
    }

    #[test]
    fn a_share_is_of_the_time_between() {
        assert_eq!(times(0, 15, 300).steal_share_since(&times(0, 5, 100)), Some(0.05));
        assert_eq!(times(60, 0, 300).idle_share_since(&times(10, 0, 100)), Some(0.25));
        assert_eq!(times(0, 4, 300).steal_share_since(&times(0, 5, 100)), Some(0.0));
        assert_eq!(times(0, 5, 100).steal_share_since(&times(0, 5, 100)), None);
        assert_eq!(times(0, 5, 99).steal_share_since(&times(0, 5, 100)), None);
    }

    #[test]
    fn this_host_has_run_for_a_while() {
        let host = host_times().unwrap();
        assert!(0 < host.total_ticks && host.steal_ticks <= host.total_ticks);
        let first = times_of(&[0]).unwrap();
        assert!(0 < first.idle_ticks && first.total_ticks <= host_times().unwrap().total_ticks);
        assert!(times_of(&[]).is_err());
    }
}
