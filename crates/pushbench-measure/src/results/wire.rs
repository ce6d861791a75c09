//! What the sockets of a round carried, as `run.json` has it.

use serde::{Deserialize, Serialize};

use crate::wire::{READINGS, Window, Wire, WireFacts};

/// Bytes and segments of one round, as the kernel counted them on every socket of both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WireRecord {
    /// From the first socket to the last, goodbyes included: what a packet capture of the round holds.
    pub step: WireWindow,
    /// From just before the measure phase until what was under way at its end had arrived.
    pub measured: WireWindow,
    /// The second half of the drain, where it is long enough for what an idle connection does now and then.
    pub idle: Option<WireWindow>,
    /// Largest difference between the two sides' accounts of the step, a share of bytes or segments.
    pub disagreement: Option<f64>,
    /// How long each reading of all open sockets took, microseconds, slowest worker: before and after the measure
    /// phase, in the middle of the drain, at the end of the step.
    pub worker_readings_us: [u64; READINGS],
    /// The same of the slowest target.
    pub target_readings_us: Option<[u64; READINGS]>,
}

/// What happened between two readings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireWindow {
    /// Events that clients received.
    pub events: u64,
    /// Requests that they sent.
    pub requests: u64,
    /// Bytes that the clients read from their sockets.
    pub stream_down_bytes: u64,
    /// Bytes that the clients wrote to their sockets.
    pub stream_up_bytes: u64,
    /// What the kernel counted on the clients' sockets.
    pub clients: WireSide,
    /// The same on the targets'.
    pub targets: Option<WireSide>,
}

/// Sums over the sockets of one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireSide {
    /// Sockets that were opened.
    pub sockets: u64,
    /// From targets to clients.
    pub down: WireDirection,
    /// From clients to targets.
    pub up: WireDirection,
}

/// What went one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireDirection {
    /// Bytes at the level of IP.
    pub bytes: u64,
    /// Of these, bytes of the stream, each once.
    pub stream_bytes: u64,
    /// Segments.
    pub segments: u64,
    /// Bytes of the stream that were sent again; only the sending side knows.
    pub retransmitted_bytes: Option<u64>,
    /// Segments that were sent again.
    pub retransmitted_segments: Option<u64>,
}

impl From<&WireFacts> for WireRecord {
    fn from(facts: &WireFacts) -> Self {
        Self {
            step: WireWindow::from(&facts.whole),
            measured: WireWindow::from(&facts.measured),
            idle: facts.idle.as_ref().map(|idle| WireWindow::from(&idle.window)),
            disagreement: facts.disagreement(),
            worker_readings_us: facts.worker_readings_us,
            target_readings_us: facts.target_readings_us,
        }
    }
}

impl From<&Window> for WireWindow {
    fn from(window: &Window) -> Self {
        Self {
            events: window.counters.events,
            requests: window.counters.requests,
            stream_down_bytes: window.counters.down.total(),
            stream_up_bytes: window.counters.up.total(),
            clients: WireSide {
                sockets: window.clients.sockets,
                down: received(&window.clients),
                up: sent(&window.clients),
            },
            targets: window.targets.as_ref().map(|targets| WireSide {
                sockets: targets.sockets,
                down: sent(targets),
                up: received(targets),
            }),
        }
    }
}

fn sent(wire: &Wire) -> WireDirection {
    WireDirection {
        bytes: wire.bytes_out(),
        stream_bytes: wire.stream_out,
        segments: wire.segments_out,
        retransmitted_bytes: Some(wire.resent_bytes),
        retransmitted_segments: Some(wire.resent_segments),
    }
}

fn received(wire: &Wire) -> WireDirection {
    WireDirection {
        bytes: wire.bytes_in(),
        stream_bytes: wire.stream_in,
        segments: wire.segments_in,
        retransmitted_bytes: None,
        retransmitted_segments: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_sends_is_what_the_other_receives() {
        let clients =
            Wire { sockets: 2, stream_out: 10, stream_in: 70, resent_segments: 1, ..Wire::default() };
        let targets = Wire { sockets: 2, stream_out: 70, stream_in: 10, ..Wire::default() };
        let window = WireWindow::from(&Window { clients, targets: Some(targets), ..Window::default() });
        let targets = window.targets.unwrap();
        assert_eq!((window.clients.down.stream_bytes, targets.down.stream_bytes), (70, 70));
        assert_eq!((window.clients.up.stream_bytes, targets.up.stream_bytes), (10, 10));
        assert_eq!(window.clients.up.retransmitted_segments, Some(1));
        assert_eq!((window.clients.down.retransmitted_segments, targets.sockets), (None, 2));
    }
}
