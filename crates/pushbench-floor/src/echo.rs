//! Paced round trips: a message there and back, over a few connections in turn.

use pushbench_measure::Histogram;
use pushbench_probe::clock;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::connections::{Connections, Watched};
use crate::fan_out::{read_some, send_message, sleep_until};
use crate::readiness::Ready;
use crate::sides::{Halt, Patience, run_both};
use crate::{FloorError, MESSAGE_BYTES, Sides};

/// From the start of the threads to the first message: both are waiting by then.
const LEAD_NS: u64 = 20_000_000;

/// Sends `count` messages, `interval` apart, over `connections` in turn, each of which comes back before the next is sent.
/// Returns the times from before the `send` to after the `recv` of the reply, in **nanoseconds**.
///
/// Both threads sleep between two messages, so that a round trip contains two wake-ups, as a delivery to an idle client
/// contains one.
///
/// # Errors
/// [`FloorError`].
pub fn round_trips(
    connections: u32,
    count: u32,
    interval: Duration,
    sides: &Sides,
    stop: &AtomicBool,
) -> Result<Histogram, FloorError> {
    let source = IpAddr::V4(Ipv4Addr::new(127, 77, 1, 1));
    let (connections, _) = Connections::open(connections.max(1), source, sides, stop)?;
    let watched = connections.watch()?;
    let ask = |halt: &Halt<'_>| ask(&watched, count, interval.as_nanos() as u64, halt);
    let (times, ()) = run_both(sides, stop, ask, |halt| answer(&watched, count, halt))?;
    Ok(times)
}

fn ask(over: &Watched, count: u32, interval_ns: u64, halt: &Halt<'_>) -> Result<Histogram, FloorError> {
    let mut times = Histogram::new();
    let (mut buffer, mut ready) = ([0; MESSAGE_BYTES], Ready::new());
    let first_ns = clock::now_ns() + LEAD_NS;
    for number in 0..count {
        sleep_until(first_ns + u64::from(number) * interval_ns);
        halt.check()?;
        let socket = &over.sending()[number as usize % over.sending().len()];
        let patience = Patience::new("replying");
        let asked_ns = clock::now_ns();
        send_message(socket)?;
        let mut came = 0;
        while came < MESSAGE_BYTES {
            over.at_sender.wait(&mut ready)?;
            if ready.is_empty() {
                halt.check()?;
                patience.check(number.into())?;
                continue;
            }
            came += read_some(socket, &mut buffer)?;
        }
        times.record(clock::now_ns() - asked_ns);
    }
    Ok(times)
}

/// Sends a message back for each one that has come.
fn answer(over: &Watched, count: u32, halt: &Halt<'_>) -> Result<(), FloorError> {
    let mut came = vec![0; over.receiving().len()];
    let (mut buffer, mut ready) = ([0; MESSAGE_BYTES], Ready::new());
    let mut patience = Patience::new("asking");
    let mut answered = 0;
    while answered < count {
        over.at_receiver.wait(&mut ready)?;
        if ready.is_empty() {
            halt.check()?;
            patience.check(answered.into())?;
            continue;
        }
        for position in ready.positions() {
            let socket = &over.receiving()[position];
            came[position] += read_some(socket, &mut buffer)?;
            if came[position] >= MESSAGE_BYTES {
                came[position] -= MESSAGE_BYTES;
                send_message(socket)?;
                answered += 1;
            }
        }
        patience.renew();
    }
    Ok(())
}
