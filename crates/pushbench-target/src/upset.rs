//! Storms and restarts: connections that the target drops at an instant of the plan, as a process does that is killed, or a
//! balancer in front of it. Nobody is told: no close frame, no end of a body.
//!
//! Topics and what they keep outlast a restart, and what is due meanwhile is published into them: as where the events are
//! kept by a broker behind the servers, and a server that starts finds them there. What clients make of it is not known here.

use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::lives::storm_order;
use pushbench_scenario::{Restart, Storm};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::yield_now;

use crate::errors::TargetError;
use crate::key::Key;
use crate::server::Server;

/// Connections closed before the loop has a turn: less than a millisecond.
const DROPPED_IN_A_ROW: usize = 64;
/// How long it waits to have its port again, should the kernel refuse it.
const AGAIN: Duration = Duration::from_millis(20);
/// How often it asks for it.
const TRIES: u32 = 100;

/// Drops a share of the connections that ask for events when that is due: of those there are then exactly the share, rounded
/// to the nearest whole number.
pub(crate) async fn storm(server: Rc<Server>, alarm: Alarm, storm: Storm, seed: u64, measure_ns: u64) {
    alarm.until(instant(measure_ns, storm.at)).await;
    let keys = server.driver.borrow().asking_for_events();
    let count = (storm.share * keys.len() as f64).round() as usize;
    let keys = storm_order(seed, keys.len()).into_iter().map(|at| keys[at]).collect();
    drop_connections(&server, keys, count).await;
}

/// Ends all connections when that is due, accepts none for a while, and then again. A target that does not get its port again
/// has failed.
pub(crate) async fn restart(server: Rc<Server>, alarm: Alarm, restart: Restart, measure_ns: u64) {
    let at_ns = instant(measure_ns, restart.at);
    alarm.until(at_ns).await;
    let kept = server.driver.borrow_mut().leave_port();
    let keys: VecDeque<Key> = server.driver.borrow().asking_for_events().into();
    let count = keys.len();
    server.driver.borrow().cut_lent();
    drop_connections(&server, keys, count).await;
    // Those who were about to end, and whoever has come from there to here or the other way in between.
    server.cut_all();
    server.note_emptiness();
    alarm.until(instant(at_ns, restart.down)).await;
    if let Err(error) = listen_again(&server).await {
        server.fail(error);
    }
    drop(kept);
}

async fn listen_again(server: &Server) -> Result<(), TargetError> {
    for _ in 1..TRIES {
        if server.driver.borrow_mut().take_port().is_ok() {
            return Ok(());
        }
        tokio::time::sleep(AGAIN).await;
    }
    server.driver.borrow_mut().take_port()
}

/// Closes so many connections, in that order: where one has ended by itself, the next in its place.
async fn drop_connections(server: &Server, mut keys: VecDeque<Key>, count: usize) {
    let mut left = count;
    while left > 0 && !keys.is_empty() {
        {
            let mut driver = server.driver.borrow_mut();
            for key in keys.drain(..keys.len().min(left.min(DROPPED_IN_A_ROW))) {
                left -= usize::from(driver.drop_connection(key, now_ns()));
            }
        }
        server.note_emptiness();
        yield_now().await;
    }
}

fn instant(from_ns: u64, after: Duration) -> u64 {
    from_ns.saturating_add(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX))
}
