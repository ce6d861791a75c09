//! `/proc/stat`: how the host's CPUs spent their time, for the share that a hypervisor took away.
//!
//! What a single process used is in [`crate::process`].

use std::io;

use crate::proc_file::{malformed, read};

const STAT: &str = "/proc/stat";

/// Time of all CPUs together since boot, in the kernel's ticks (`USER_HZ`, 10 ms on every usual machine).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTimes {
    /// Ticks in which a CPU had work but the hypervisor ran somebody else.
    pub steal_ticks: u64,
    /// All ticks, idle ones included.
    pub total_ticks: u64,
}

impl CpuTimes {
    /// The share of stolen time since `earlier`, 0 to 1; `None` when no tick went by.
    #[must_use]
    pub fn steal_share_since(&self, earlier: &Self) -> Option<f64> {
        let total = self.total_ticks.checked_sub(earlier.total_ticks).filter(|&ticks| ticks > 0)?;
        // The kernel's per-CPU sums may run back by a tick.
        let steal = self.steal_ticks.saturating_sub(earlier.steal_ticks).min(total);
        Some(steal as f64 / total as f64)
    }
}

/// Reads the times of now.
///
/// # Errors
/// When `/proc/stat` cannot be read.
pub fn host_times() -> io::Result<CpuTimes> {
    parse(&read(STAT)?).ok_or_else(|| malformed(STAT, "line of all CPUs"))
}

/// The line `cpu  user nice system idle iowait irq softirq steal guest guest_nice`; the last two are part of
/// `user` and `nice` already.
fn parse(text: &str) -> Option<CpuTimes> {
    const STEAL: usize = 7;
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Option<Vec<u64>> =
        line.split_whitespace().take(STEAL + 1).map(|word| word.parse().ok()).collect();
    let ticks = ticks?;
    Some(CpuTimes { steal_ticks: *ticks.get(STEAL)?, total_ticks: ticks.iter().sum() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_all_cpus() {
        let table = [
            (
                "cpu  10 20 30 40 50 60 70 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n",
                Some(CpuTimes { steal_ticks: 8, total_ticks: 288 }),
            ),
            ("cpu  1 1 1 1 1 1 1 1\n", Some(CpuTimes { steal_ticks: 1, total_ticks: 8 })),
            ("cpu  1 1 1 1 1 1 1\n", None),
            ("cpu  1 1 1 x 1 1 1 1\n", None),
            ("cpu0 1 1 1 1 1 1 1 1\n", None),
            ("", None),
        ];
        for (text, times) in table {
            assert_eq!(parse(text), times, "{text:?}");
        }
    }

    #[test]
    fn the_share_is_of_the_time_between() {
        let times = |steal_ticks, total_ticks| CpuTimes { steal_ticks, total_ticks };
        assert_eq!(times(15, 300).steal_share_since(&times(5, 100)), Some(0.05));
        assert_eq!(times(4, 300).steal_share_since(&times(5, 100)), Some(0.0));
        assert_eq!(times(5, 100).steal_share_since(&times(5, 100)), None);
        assert_eq!(times(5, 99).steal_share_since(&times(5, 100)), None);
    }

    #[test]
    fn this_host_has_run_for_a_while() {
        let times = host_times().unwrap();
        assert!(0 < times.total_ticks && times.steal_ticks <= times.total_ticks);
    }
}
