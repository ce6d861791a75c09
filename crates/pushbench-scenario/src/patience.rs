//! How long a step waits for its processes, by how much they have to do.
//!
//! Bounds on what has gone wrong, not estimates: a machine that is several times slower than expected stays below them.

use std::time::Duration;

use crate::plan::Plan;

/// What a step of few clients is given.
const CONNECTING: Duration = Duration::from_secs(15);
const CLOSING: Duration = Duration::from_secs(6);
const ENDING: Duration = Duration::from_secs(7);
const LAST_READING: Duration = Duration::from_secs(1);
const FAREWELL: Duration = Duration::from_secs(2);
/// Connections that are closed per second at least, on both sides together.
const CLOSED_PER_SECOND: f64 = 5_000.0;
/// Sockets that are read per second at least, on both sides together.
const READ_PER_SECOND: f64 = 20_000.0;
/// How much later the order to begin something is due per process that it must reach first.
const PER_PROCESS: Duration = Duration::from_millis(2);

/// From the last arrival until the step goes on without those that are not connected: as long again as the arrivals take,
/// so that a machine which opens half as fast as asked still connects everybody.
#[must_use]
pub fn connecting(plan: &Plan, clients: u32) -> Duration {
    let arrivals = Duration::try_from_secs_f64(f64::from(clients) / plan.connect_rate);
    CONNECTING.saturating_add(arrivals.unwrap_or(Duration::MAX)).min(Duration::from_hours(1))
}

/// For the processes of one side to close so many connections and their books.
#[must_use]
pub fn closing(clients: u32) -> Duration {
    CLOSING + Duration::from_secs_f64(f64::from(clients) / CLOSED_PER_SECOND)
}

/// For a worker to read all sockets once more at the end of a step of so many clients: part of [`closing`].
#[must_use]
pub fn last_reading(clients: u32) -> Duration {
    LAST_READING + Duration::from_secs_f64(f64::from(clients) / READ_PER_SECOND)
}

/// For the clients of a worker to say goodbye at the end of a step of so many: part of [`closing`].
#[must_use]
pub fn farewell(clients: u32) -> Duration {
    FAREWELL + Duration::from_secs_f64(f64::from(clients) / (2.0 * CLOSED_PER_SECOND))
}

/// For processes that have closed their books to end, with whatever they still have open.
#[must_use]
pub fn ending(clients: u32) -> Duration {
    ENDING + Duration::from_secs_f64(f64::from(clients) / CLOSED_PER_SECOND)
}

/// For an order to reach so many processes, over and above the time for one.
#[must_use]
pub fn order(processes: u32) -> Duration {
    PER_PROCESS * processes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_connections_may_take_minutes_to_close_and_ten_no_longer_than_ever() {
        assert_eq!(closing(10).as_secs(), 6);
        assert_eq!(closing(1_000_000).as_secs(), 206);
        assert_eq!(ending(1_000_000).as_secs(), 207);
        assert_eq!(order(114), Duration::from_millis(228));
        for clients in [0, 10, 20_000, 1_000_000, u32::MAX] {
            let parts = last_reading(clients) + farewell(clients);
            assert!(
                parts < closing(clients),
                "whoever waits for a worker waits longer than it does: {clients}"
            );
        }
    }
}
