//! Transports as theory expects them: what made-up runs are drawn from.

use super::dice::Dice;

/// How a transport behaves in the made-up world.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    pub(super) label: &'static str,
    pub(super) kind: &'static str,
    pub(super) kind_index: usize,
    pub(super) settings: &'static str,
    pub(super) poll_s: Option<f64>,
    /// Median of the way from target to client at 1,000 clients, microseconds.
    pub(super) median_us: f64,
    /// Whether a socket is opened for every request.
    pub(super) close: bool,
    /// Payload, framing, empty polls, connecting: bytes per delivered event.
    pub(super) bytes: [f64; 4],
    /// Requests per event.
    pub(super) requests: f64,
    /// CPU µs per event of target and worker.
    pub(super) cpu: [f64; 2],
    /// Bytes per client of target, worker, kernel.
    pub(super) memory: [f64; 3],
}

const BASE: Model = Model {
    label: "sse",
    kind: "sse",
    kind_index: 2,
    settings: "",
    poll_s: None,
    median_us: 1_450.0,
    close: false,
    bytes: [256.0, 38.0, 0.0, 1.3],
    requests: 0.000_3,
    cpu: [6.9, 6.1],
    memory: [4_300.0, 2_900.0, 7_700.0],
};

const POLLING: Model = Model {
    label: "short-polling",
    kind: "short-polling",
    kind_index: 0,
    settings: "interval 1s, keep-alive",
    poll_s: Some(1.0),
    median_us: 900.0,
    bytes: [256.0, 141.0, 2.4, 0.0],
    requests: 0.2,
    cpu: [9.2, 11.7],
    memory: [5_100.0, 3_300.0, 7_700.0],
    ..BASE
};

/// Every made-up transport; a run takes the first few.
pub(super) const MODELS: [Model; 9] = [
    POLLING,
    Model {
        label: "long-polling",
        kind: "long-polling",
        kind_index: 1,
        settings: "timeout 30s",
        median_us: 2_600.0,
        bytes: [256.0, 402.0, 0.0, 0.0],
        requests: 1.01,
        cpu: [28.4, 31.9],
        ..BASE
    },
    BASE,
    Model {
        label: "websocket",
        kind: "websocket",
        kind_index: 3,
        median_us: 1_200.0,
        bytes: [256.0, 4.0, 0.0, 1.9],
        requests: 0.000_3,
        cpu: [6.2, 5.8],
        memory: [6_900.0, 5_200.0, 7_700.0],
        ..BASE
    },
    Model {
        label: "short-polling-close",
        close: true,
        settings: "interval 1s, close",
        cpu: [41.0, 47.3],
        ..POLLING
    },
    Model {
        label: "short-polling-5s",
        settings: "interval 5s",
        poll_s: Some(5.0),
        requests: 0.04,
        ..POLLING
    },
    Model {
        label: "short-polling-5s-close",
        settings: "interval 5s, close",
        poll_s: Some(5.0),
        close: true,
        bytes: [256.0, 71.0, 11.8, 0.0],
        ..POLLING
    },
    Model {
        label: "long-polling-check",
        kind: "long-polling",
        kind_index: 1,
        settings: "wakeup check 100ms",
        poll_s: Some(0.1),
        median_us: 2_900.0,
        bytes: [256.0, 402.0, 0.0, 0.0],
        requests: 1.01,
        cpu: [36.0, 32.5],
        ..BASE
    },
    Model { label: "websocket-ping", kind: "websocket", kind_index: 3, median_us: 1_300.0, ..BASE },
];

impl Model {
    /// The same in a round of a machine that is a little faster or slower than in another.
    pub(super) fn varied(&self, dice: &mut Dice) -> Self {
        let mut by = |share: f64| (1.0 + share * dice.normal()).max(0.2);
        Self {
            median_us: self.median_us * by(0.08),
            cpu: self.cpu.map(|us| us * by(0.05)),
            memory: self.memory.map(|bytes| bytes * by(0.03)),
            bytes: [self.bytes[0], self.bytes[1] * by(0.02), self.bytes[2] * by(0.1), self.bytes[3]],
            ..*self
        }
    }

    /// One delivery to one of so many clients, microseconds.
    pub(super) fn latency_us(&self, step: u32, dice: &mut Dice) -> u64 {
        // The way through the machine grows with the number of clients behind one event.
        let crowd = (f64::from(step) / 1000.0).max(0.05);
        let way = self.median_us * crowd * (0.55 * dice.normal()).exp() + 60.0;
        (self.poll_s.map_or(0.0, |poll_s| poll_s * 1e6 * dice.roll()) + way) as u64
    }
}
