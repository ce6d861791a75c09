//! From the readings of all processes to the wire figures of a step.

use super::{Wire, WireLog};
use crate::results::Summary;
use crate::rollup::{WorkerSums, ratio};
use crate::{Counters, PhaseEdges};

/// What happened between two readings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// What the clients counted.
    pub counters: Counters,
    /// Their sockets as the clients' side saw them: what is sent here is up.
    pub clients: Wire,
    /// The same sockets as the targets' side saw them: what is sent here is down. `None` where a target did not tell.
    pub targets: Option<Wire>,
}

impl Window {
    fn add(&mut self, other: &Self) {
        self.counters.add(&other.counters);
        self.clients.add(&other.clients);
        self.targets = self.targets.zip(other.targets).map(|(mut targets, other)| {
            targets.add(&other);
            targets
        });
    }
}

/// A time in which nothing was published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Idle {
    /// Its length in seconds, times the clients that were connected: of several rounds each with its own.
    pub client_seconds: f64,
    /// What happened in it.
    pub window: Window,
}

/// What the sockets of a step carried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WireFacts {
    /// From the first socket to the last, goodbyes included.
    pub whole: Window,
    /// From just before the measure phase until what was under way at its end had arrived.
    pub measured: Window,
    /// The second half of the drain; `None` where it is too short to hold what an idle connection does now and then.
    pub idle: Option<Idle>,
    /// How long the readings of the workers took in microseconds, the slowest worker each time.
    pub worker_readings_us: [u64; super::READINGS],
    /// The same of the targets.
    pub target_readings_us: Option<[u64; super::READINGS]>,
}

impl WireFacts {
    /// The facts of a step with so many workers; `None` when one of them could not tell everything.
    ///
    /// `targets` is `None` unless all of them told everything. `idle_period_ns` is the longest pause between two
    /// exchanges of a connection on which nothing is published.
    #[must_use]
    pub fn of(
        edges: &PhaseEdges,
        workers: u32,
        sums: &WorkerSums,
        targets: Option<&WireLog>,
        idle_period_ns: u64,
    ) -> Option<Self> {
        if !sums.wire.is_whole(workers) {
            return None;
        }
        let [.., at_end] = &sums.at_readings;
        let between = |from: usize, until: usize| Window {
            counters: sums.at_readings[until].since(&sums.at_readings[from]),
            clients: sums.wire.readings[until].since(&sums.wire.readings[from]),
            targets: targets.map(|log| log.readings[until].since(&log.readings[from])),
        };
        let idle_ns = edges.end_ns.saturating_sub(edges.drain_ns) / 2;
        let client_seconds = sums.tally.connected as f64 * (idle_ns as f64 / 1e9);
        let idle = Idle { client_seconds, window: between(2, 3) };
        Some(Self {
            whole: Window {
                counters: *at_end,
                clients: sums.wire.whole,
                targets: targets.map(|log| log.whole),
            },
            measured: between(0, 1),
            idle: (idle_ns > 0 && idle_ns >= idle_period_ns).then_some(idle),
            worker_readings_us: sums.wire.took_us,
            target_readings_us: targets.map(|log| log.took_us),
        })
    }

    /// Adds those of another round. Where a round's targets did not tell, nothing is known of the targets' sum.
    pub fn add(&mut self, other: &Self) {
        self.whole.add(&other.whole);
        self.measured.add(&other.measured);
        self.idle = self.idle.zip(other.idle).map(|(mut idle, other)| {
            idle.client_seconds += other.client_seconds;
            idle.window.add(&other.window);
            idle
        });
        for (slowest, took) in self.worker_readings_us.iter_mut().zip(other.worker_readings_us) {
            *slowest = took.max(*slowest);
        }
        self.target_readings_us =
            self.target_readings_us.zip(other.target_readings_us).map(|(one, other)| {
                let slower = |at: usize| one[at].max(other[at]);
                std::array::from_fn(slower)
            });
    }

    /// Fills the columns of the wire.
    pub fn fill(&self, row: &mut Summary) {
        let Window { counters, clients, .. } = &self.measured;
        let events = counters.events as f64;
        let per_event = |bytes: f64| ratio(bytes, events);
        row.wire_down_bytes_per_event = per_event(clients.bytes_in() as f64);
        row.wire_up_bytes_per_event = per_event(clients.bytes_out() as f64);
        let down = Parts::down(&self.measured);
        row.wire_down_payload_bytes_per_event = per_event(down.payload);
        row.wire_down_framing_bytes_per_event = per_event(down.framing);
        row.wire_down_empty_poll_bytes_per_event = per_event(down.empty_polls);
        row.wire_down_connecting_bytes_per_event = per_event(down.connecting);
        let up = Parts::up(&self.measured);
        // Only in a chat clients have a payload to send.
        row.wire_up_framing_bytes_per_event = per_event(up.payload + up.framing);
        row.wire_up_empty_poll_bytes_per_event = per_event(up.empty_polls);
        row.wire_up_connecting_bytes_per_event = per_event(up.connecting);
        row.segments_per_event = per_event((clients.segments_in + clients.segments_out) as f64);
        row.retransmitted_segments =
            self.whole.targets.map(|targets| targets.resent_segments + self.whole.clients.resent_segments);
        row.idle_wire_bytes_per_client_minute = self.idle.as_ref().and_then(|idle| {
            let bytes = idle.window.clients.bytes_in() + idle.window.clients.bytes_out();
            ratio(bytes as f64, idle.client_seconds / 60.0)
        });
    }

    /// By which share the two sides' accounts of the whole step differ at most, over bytes and segments of either
    /// direction; `None` where the targets' is not there.
    ///
    /// One segment without payload per connection is allowed for: the side that closes first never hears whether its FIN
    /// was acknowledged by the other's FIN or in a segment of its own.
    #[must_use]
    pub fn disagreement(&self) -> Option<f64> {
        let (clients, targets) = (&self.whole.clients, self.whole.targets.as_ref()?);
        let sockets = clients.sockets.max(targets.sockets);
        let header = clients.headers_in.div_ceil(clients.segments_in.max(1));
        let share = |one: u64, other: u64, allowed: u64| {
            one.abs_diff(other).saturating_sub(allowed) as f64 / one.max(other).max(1) as f64
        };
        // What was sent again may be lost on its way: no side's bytes hold it here.
        let bytes = |sent: &Wire, received: &Wire| {
            let sent = sent.stream_out + sent.headers_out;
            share(sent, received.stream_in + received.headers_in, sockets * header)
        };
        let segments = |sent: &Wire, received: &Wire| share(sent.segments_out, received.segments_in, sockets);
        let shares = [
            bytes(targets, clients),
            bytes(clients, targets),
            segments(targets, clients),
            segments(clients, targets),
        ];
        shares.into_iter().reduce(f64::max)
    }
}

/// Wire bytes of one direction by what they were for.
struct Parts {
    payload: f64,
    framing: f64,
    empty_polls: f64,
    connecting: f64,
}

impl Parts {
    fn down(window: &Window) -> Self {
        let Wire { headers_in, connecting_in, .. } = window.clients;
        let stream = &window.counters.down;
        Self::of(window, stream, window.clients.bytes_in(), headers_in, connecting_in)
    }

    fn up(window: &Window) -> Self {
        let Wire { headers_out, connecting_out, .. } = window.clients;
        let stream = &window.counters.up;
        Self::of(window, stream, window.clients.bytes_out(), headers_out, connecting_out)
    }

    /// Headers of segments that open and close connections are connecting. The others go evenly to the requests of the
    /// window, so that empty polls have their share of them; where nothing is requested all are framing.
    fn of(window: &Window, stream: &crate::StreamBytes, all: u64, headers: u64, of_connecting: u64) -> Self {
        let Counters { requests, empty_replies, .. } = window.counters;
        let empty_share = ratio(empty_replies as f64, requests as f64).unwrap_or(0.0).min(1.0);
        let other_headers = headers.saturating_sub(of_connecting) as f64;
        let payload = stream.payload as f64;
        let empty_polls = stream.empty_polls as f64 + empty_share * other_headers;
        let connecting = (stream.connecting.max(0) as u64 + of_connecting) as f64;
        Self { payload, framing: all as f64 - payload - empty_polls - connecting, empty_polls, connecting }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamBytes;
    use crate::ledger::Tally;

    const S: u64 = 1_000_000_000;
    const EDGES: PhaseEdges = PhaseEdges { start_ns: 0, measure_ns: S, drain_ns: 3 * S, end_ns: 5 * S };

    /// Ten polls of which four were empty: 10 requests of 90 bytes, 6 replies of 250 bytes with 200 of payload, 4 of 60;
    /// a segment each way for each, and one connection opened.
    fn polled() -> Window {
        Window {
            counters: Counters {
                events: 6,
                requests: 10,
                empty_replies: 4,
                down: StreamBytes { payload: 1200, framing: 300, empty_polls: 240, connecting: 0 },
                up: StreamBytes { framing: 540, empty_polls: 360, ..StreamBytes::default() },
                ..Counters::default()
            },
            clients: Wire {
                sockets: 1,
                stream_in: 1740,
                stream_out: 900,
                segments_in: 11,
                segments_out: 12,
                headers_in: 60 + 520,
                headers_out: 112 + 520,
                connecting_in: 60,
                connecting_out: 112,
                ..Wire::default()
            },
            targets: None,
        }
    }

    fn facts(measured: &Window) -> WireFacts {
        WireFacts {
            whole: *measured,
            measured: *measured,
            idle: None,
            worker_readings_us: [0; super::super::READINGS],
            target_readings_us: None,
        }
    }

    #[test]
    fn parts_of_a_hand_made_exchange_are_as_counted_by_hand() {
        let mut row = Summary::default();
        facts(&polled()).fill(&mut row);
        let per_event = |bytes: f64| Some(bytes / 6.0);
        assert_eq!(row.wire_down_bytes_per_event, per_event(1740.0 + 580.0));
        assert_eq!(row.wire_down_payload_bytes_per_event, per_event(1200.0));
        assert_eq!(row.wire_down_empty_poll_bytes_per_event, per_event(240.0 + 0.4 * 520.0));
        assert_eq!(row.wire_down_connecting_bytes_per_event, per_event(60.0));
        assert_eq!(row.wire_down_framing_bytes_per_event, per_event(300.0 + 0.6 * 520.0));
        assert_eq!(row.wire_up_bytes_per_event, per_event(900.0 + 632.0));
        assert_eq!(row.wire_up_framing_bytes_per_event, per_event(540.0 + 0.6 * 520.0));
        assert_eq!(row.wire_up_empty_poll_bytes_per_event, per_event(360.0 + 0.4 * 520.0));
        assert_eq!(row.wire_up_connecting_bytes_per_event, per_event(112.0));
        assert_eq!(row.segments_per_event, per_event(23.0));
        assert_eq!((row.retransmitted_segments, row.idle_wire_bytes_per_client_minute), (None, None));
    }

    #[test]
    fn two_sides_that_saw_the_same_agree_and_a_missing_segment_shows() {
        let mirrored = |wire: &Wire| Wire {
            stream_in: wire.stream_out,
            stream_out: wire.stream_in,
            segments_in: wire.segments_out,
            segments_out: wire.segments_in,
            headers_in: wire.headers_out,
            headers_out: wire.headers_in,
            ..*wire
        };
        let mut window = polled();
        assert_eq!(facts(&window).disagreement(), None);
        let mut targets = mirrored(&window.clients);
        window.targets = Some(targets);
        assert_eq!(facts(&window).disagreement(), Some(0.0));
        // One that the side that closed first did not see is none; there is one socket.
        for (missing, share) in [(1, 0.0), (4, 0.25)] {
            targets.segments_in = window.clients.segments_out - missing;
            window.targets = Some(targets);
            assert_eq!(facts(&window).disagreement(), Some(share));
        }
        targets.segments_in = window.clients.segments_out;
        targets.stream_out -= 1740 / 2;
        window.targets = Some(targets);
        assert!(facts(&window).disagreement().unwrap() > 0.3, "bytes count too");
    }

    #[test]
    fn figures_of_rounds_that_were_added_are_those_of_all_bytes_over_all_client_seconds() {
        let round = |clients: u64, bytes: u64| {
            let window = Window {
                counters: Counters { events: 10 * clients, ..Counters::default() },
                clients: Wire { stream_in: bytes, ..Wire::default() },
                targets: Some(Wire { resent_segments: clients, ..Wire::default() }),
            };
            let idle = Some(Idle { client_seconds: clients as f64 * 2.0, window });
            WireFacts {
                idle,
                worker_readings_us: [clients; super::super::READINGS],
                target_readings_us: Some([bytes; super::super::READINGS]),
                ..facts(&window)
            }
        };
        // 10 clients received 300 bytes each minute, 30 clients 600.
        let mut all = round(10, 100);
        all.add(&round(30, 600));
        let mut row = Summary::default();
        all.fill(&mut row);
        assert_eq!(row.idle_wire_bytes_per_client_minute, Some(700.0 * 60.0 / 80.0));
        assert_eq!(row.wire_down_bytes_per_event, Some(700.0 / 400.0));
        assert_eq!(row.retransmitted_segments, Some(40));
        assert_eq!((all.worker_readings_us[0], all.target_readings_us), (30, Some([600; 4])), "the slowest");
        all.add(&WireFacts { idle: None, target_readings_us: None, ..facts(&polled()) });
        let mut row = Summary::default();
        all.fill(&mut row);
        assert_eq!((row.idle_wire_bytes_per_client_minute, row.retransmitted_segments), (None, None));
    }

    #[test]
    fn windows_lie_between_readings_and_idleness_needs_time() {
        let mut sums =
            WorkerSums { tally: Tally { connected: 2, ..Tally::default() }, ..WorkerSums::default() };
        for at in 0..super::super::READINGS {
            let sent = 100 * (at as u64 + 1).pow(2);
            sums.wire.note(at, Wire { stream_out: sent, ..Wire::default() }, 10 + at as u64);
            sums.at_readings[at].events = sent / 10;
        }
        sums.wire.whole.stream_out = 2000;
        let of = |period_ns| WireFacts::of(&EDGES, 1, &sums, None, period_ns);
        let facts = of(S).unwrap();
        assert_eq!((facts.measured.clients.stream_out, facts.measured.counters.events), (300, 30));
        assert_eq!(facts.whole.clients.stream_out, 2000);
        assert_eq!(facts.worker_readings_us, [10, 11, 12, 13]);
        let idle = facts.idle.unwrap();
        assert_eq!((idle.client_seconds, idle.window.clients.stream_out), (2.0, 700));
        let mut row = Summary::default();
        facts.fill(&mut row);
        assert_eq!(row.idle_wire_bytes_per_client_minute, Some(700.0 * 60.0 / 2.0));
        assert_eq!(of(S + 1).unwrap().idle, None, "an exchange a second may be missed in less");
        assert_eq!(WireFacts::of(&EDGES, 2, &sums, None, 0), None, "a worker is missing");
    }
}
