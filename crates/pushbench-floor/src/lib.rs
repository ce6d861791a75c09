//! The floor of a machine: what the jobs of a run cost with bare sockets on 127.0.0.1.
//!
//! Two threads, one a side, each with its own CPUs: one sends a message per `send`, the other waits with epoll and
//! calls `recv` once per socket that is ready. There is no runtime, no protocol and no bookkeeping, so whatever a
//! program does with sockets costs at least this. What pushbench itself costs above it is not measured here, and
//! nothing is judged, repeated or saved.
//!
//! Every job ends by itself: by its own length, after five seconds in which nothing arrived, or soon after `stop` is
//! set. No port is fixed and no socket outlives its job.

mod connections;
mod echo;
mod error;
mod fan_out;
mod readiness;
mod sides;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use connections::Opening;
pub use echo::round_trips;
pub use error::FloorError;
pub use fan_out::FanOut;
pub use sides::Sides;

use connections::Connections;

/// Size of a message in bytes.
pub const MESSAGE_BYTES: usize = 256;

/// How long the kernel takes, amply, to free the sockets that were closed.
const SETTLING: Duration = Duration::from_millis(100);

/// How much of everything one repetition does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Connections at once; each needs two open files.
    pub connections: u32,
    /// Paced messages per connection.
    pub rounds: u32,
    /// Time between two paced messages of a connection.
    pub interval: Duration,
    /// How long messages are sent without a pause.
    pub flat_out: Duration,
}

/// What one repetition showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repetition {
    /// Opening the connections.
    pub opening: Opening,
    /// Growth of the kernel's memory for sockets, both ends of all connections and their places in two epoll sets;
    /// `None` where it may not be read, or did not grow because others closed theirs meanwhile.
    pub kernel_bytes: Option<u64>,
    /// A message to every connection at each due time.
    pub paced: FanOut,
    /// As many messages as both sides can, with about one per connection under way.
    pub flat_out: FanOut,
}

/// Opens connections, sends paced, sends flat out, closes. Each `number` connects from an address of its own, so that
/// closed connections of one repetition do not take the ports of the next.
///
/// # Errors
/// [`FloorError`].
pub fn repetition(
    size: &Size,
    number: u8,
    sides: &Sides,
    stop: &AtomicBool,
) -> Result<Repetition, FloorError> {
    // What was closed before is freed only when no CPU can look at it any more.
    std::thread::sleep(SETTLING);
    let before = pushbench_probe::memory::socket_bytes().ok();
    let (connections, opening) = Connections::open(size.connections, source(number), sides, stop)?;
    let watched = connections.watch()?;
    let now = pushbench_probe::memory::socket_bytes().ok();
    let kernel_bytes = now.zip(before).and_then(|(now, before)| now.checked_sub(before));
    Ok(Repetition {
        opening,
        kernel_bytes: kernel_bytes.filter(|bytes| *bytes > 0),
        paced: fan_out::paced(&watched, size.rounds, size.interval, sides, stop)?,
        flat_out: fan_out::flat_out(&watched, size.flat_out, sides, stop)?,
    })
}

/// The address that a repetition connects from: one that workers of a run do not use.
fn source(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 77, 0, number.max(1)))
}
