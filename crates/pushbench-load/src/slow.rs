//! Clients that read slowly: when each of them may read how much.
//!
//! One that reads R bytes per second has an allowance that grows with the clock and shrinks with what it reads. It reads
//! what it is allowed, and looks again a moment later for as long as there is something to read: a moment that comes late
//! only makes the next read larger, so that the rate holds on a busy machine too. Once its socket is empty the allowance
//! does not pile up. One that stops reads nothing for a while; what is reported of its socket meanwhile is remembered,
//! because nothing more is said of bytes that were reported once (epoll(7), edge-triggered).
//!
//! Who is slow follows from the plan. Nothing is read here: see `client`.
//!
//! Invariants: nothing is allocated after the clients have arrived, except room for those who wait.

use pushbench_measure::{PhaseEdges, fates::SlowTally};
use pushbench_scenario::plan::Plan;
use pushbench_scenario::{Reading, Slow, slow_clients};
use std::collections::VecDeque;

/// How long one waits between two reads while there is something to read.
///
/// PERF: a read of a slow client takes about 2 µs, so a thousand of them take 4 % of a CPU.
const PAUSE_NS: u64 = 50_000_000;
/// How many pauses' worth may be read at once by one that had nothing to read before.
const SAVED_PAUSES: u64 = 1;
const SECOND_NS: f64 = 1e9;

/// The slow ones among the clients of a thread.
#[derive(Debug)]
pub(crate) struct SlowReaders {
    plan: Slow,
    /// Numbers among all clients of the step, rising.
    numbers: Vec<u32>,
    /// By the client's place in the thread; `None` for one that reads as fast as it can.
    readers: Vec<Option<Box<Reader>>>,
    /// Those who wait for their next read, with its instant: all wait equally long, so these rise.
    waiting: VecDeque<(u64, u32)>,
    /// Those who have something to read and must not for now.
    stopped: Vec<u32>,
    /// Nobody reads from here until there.
    stop_ns: Option<(u64, u64)>,
    edges: Option<PhaseEdges>,
}

/// One of them.
#[derive(Debug, Default)]
struct Reader {
    state: State,
    /// It may have read so many bytes for each second since then.
    since_ns: u64,
    read: u64,
    /// When it looked last, on the connection that it has; 0 without one.
    looked_ns: u64,
    /// Within the measure phase.
    bytes: u64,
    reading_ns: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// There is nothing to read, as far as is known.
    #[default]
    Empty,
    /// There may be something, and its next read comes by itself.
    Waiting,
}

/// What a slow client may do now that there may be something to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Read at most so many bytes.
    Bytes(usize),
    /// Nothing; it hears when that changes.
    Nothing,
}

impl SlowReaders {
    /// Those of a plan for so many clients; `None` where it has none.
    pub(crate) fn of(plan: &Plan, clients: u32) -> Option<Self> {
        let slow = plan.slow.filter(|slow| slow.count(clients) > 0)?;
        Some(Self {
            plan: slow,
            numbers: slow_clients(plan.seed, slow.count(clients), clients, plan.topics(clients)),
            readers: Vec::new(),
            waiting: VecDeque::new(),
            stopped: Vec::new(),
            stop_ns: None,
            edges: None,
        })
    }

    /// The client with that number among all of the step arrives. Whether it is slow.
    pub(crate) fn arrives(&mut self, number: u32) -> bool {
        let is_slow = self.is_slow_number(number);
        self.readers.push(is_slow.then(Box::default));
        is_slow
    }

    /// Whether the client with that number among all of the step is slow.
    pub(crate) fn is_slow_number(&self, number: u32) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    /// Receive buffer that a client's socket asks for.
    pub(crate) fn receive_buffer(&self, client: u32) -> Option<usize> {
        self.is_slow(client).then_some(self.plan.receive_buffer_bytes as usize)
    }

    /// Whether a client of the thread is slow.
    pub(crate) fn is_slow(&self, client: u32) -> bool {
        self.readers.get(client as usize).is_some_and(Option::is_some)
    }

    fn reader(&mut self, client: u32) -> Option<&mut Reader> {
        self.readers.get_mut(client as usize)?.as_deref_mut()
    }

    /// Makes the phases known.
    pub(crate) fn begin(&mut self, edges: PhaseEdges) {
        self.edges = Some(edges);
        if let Reading::Stop { at, span } = self.plan.reading {
            let from_ns = edges.measure_ns.saturating_add(at.as_nanos() as u64);
            self.stop_ns = Some((from_ns, from_ns.saturating_add(span.as_nanos() as u64)));
        }
    }

    /// How much a slow client may read at `now_ns`, there being something to read perhaps.
    pub(crate) fn allowed(&mut self, client: u32, now_ns: u64) -> Allowed {
        let Some(reader) = self.readers.get_mut(client as usize).and_then(Option::as_mut) else {
            return Allowed::Bytes(usize::MAX);
        };
        match self.plan.reading {
            Reading::Rate(rate) => {
                if reader.state == State::Waiting {
                    return Allowed::Nothing;
                }
                match reader.allowance(rate, now_ns) {
                    0 => {
                        self.wait(client, now_ns);
                        Allowed::Nothing
                    }
                    bytes => Allowed::Bytes(bytes),
                }
            }
            Reading::Stop { .. } => {
                if !self.stop_ns.is_some_and(|(from_ns, until_ns)| (from_ns..until_ns).contains(&now_ns)) {
                    return Allowed::Bytes(usize::MAX);
                }
                if reader.state == State::Empty {
                    reader.state = State::Waiting;
                    self.stopped.push(client);
                }
                Allowed::Nothing
            }
        }
    }

    /// A slow client has read so many bytes at `now_ns`.
    pub(crate) fn has_read(&mut self, client: u32, bytes: usize, now_ns: u64) {
        let edges = self.edges;
        let Some(reader) = self.reader(client) else { return };
        reader.read += bytes as u64;
        reader.look(bytes as u64, now_ns, edges.as_ref());
    }

    /// A slow client has read all that it was allowed: it goes on in a moment.
    pub(crate) fn wait(&mut self, client: u32, now_ns: u64) {
        let Some(reader) = self.reader(client) else { return };
        if std::mem::replace(&mut reader.state, State::Waiting) == State::Empty {
            self.waiting.push_back((now_ns + PAUSE_NS, client));
        }
    }

    /// A slow client found nothing to read.
    pub(crate) fn drained(&mut self, client: u32, now_ns: u64) {
        let (edges, reading) = (self.edges, self.plan.reading);
        let Some(reader) = self.reader(client) else { return };
        reader.look(0, now_ns, edges.as_ref());
        if let Reading::Rate(rate) = reading {
            reader.forget_more_than_saved(rate, now_ns);
        }
    }

    /// A slow client is connected.
    pub(crate) fn connected(&mut self, client: u32, now_ns: u64) {
        let Some(reader) = self.reader(client) else { return };
        reader.looked_ns = now_ns;
        (reader.since_ns, reader.read) = (now_ns, 0);
    }

    /// A slow client has no connection any more.
    pub(crate) fn lost_connection(&mut self, client: u32) {
        let Some(reader) = self.reader(client) else { return };
        reader.looked_ns = 0;
    }

    /// When somebody may read again.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        let stopped = self.stop_ns.filter(|_| !self.stopped.is_empty());
        let waiting = self.waiting.front().map(|(at_ns, _)| *at_ns);
        waiting.into_iter().chain(stopped.map(|(_, until_ns)| until_ns)).min()
    }

    /// Somebody who may read again at `now_ns`.
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<u32> {
        let stop_is_over = self.stop_ns.is_some_and(|(_, until_ns)| until_ns <= now_ns);
        let stopped = if stop_is_over { self.stopped.pop() } else { None };
        let mut waiting = || self.waiting.pop_front_if(|(at_ns, _)| *at_ns <= now_ns);
        let client = stopped.or_else(|| waiting().map(|(_, client)| client))?;
        if let Some(reader) = self.reader(client) {
            reader.state = State::Empty;
        }
        Some(client)
    }

    /// What one of them came to; `None` for a client that is not slow.
    pub(crate) fn tally(&self, client: u32) -> Option<SlowTally> {
        let reader = self.readers.get(client as usize)?.as_deref()?;
        Some(SlowTally { bytes: reader.bytes, reading_us: reader.reading_ns / 1_000, ..SlowTally::default() })
    }
}

impl Reader {
    /// What it may read of a rate, in bytes.
    fn allowance(&self, rate: f64, now_ns: u64) -> usize {
        let earned = now_ns.saturating_sub(self.since_ns) as f64 / SECOND_NS * rate;
        (earned as u64).saturating_sub(self.read) as usize
    }

    /// There was nothing more to read: what it could have read until now does not pile up.
    fn forget_more_than_saved(&mut self, rate: f64, now_ns: u64) {
        let saved = (rate * (SAVED_PAUSES * PAUSE_NS) as f64 / SECOND_NS) as usize;
        if self.allowance(rate, now_ns) > saved {
            (self.since_ns, self.read) = (now_ns.saturating_sub(SAVED_PAUSES * PAUSE_NS), 0);
        }
    }

    /// Adds the time since it looked last, with the bytes that came of it, if both lie in the measure phase.
    fn look(&mut self, bytes: u64, now_ns: u64, edges: Option<&PhaseEdges>) {
        let before_ns = std::mem::replace(&mut self.looked_ns, now_ns);
        if let Some(edges) = edges
            && before_ns >= edges.measure_ns
            && now_ns <= edges.drain_ns
        {
            self.bytes += bytes;
            self.reading_ns += now_ns.saturating_sub(before_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pushbench_scenario::Overrides;

    const MS: u64 = 1_000_000;
    const EDGES: PhaseEdges =
        PhaseEdges { start_ns: 0, measure_ns: 1_000 * MS, drain_ns: 9_000 * MS, end_ns: 12_000 * MS };

    /// Slow readers of ten clients, all arrived and connected at 0, and the first of them.
    fn readers(keys: &str) -> (SlowReaders, u32) {
        let scenario = format!(
            r#"
            name = "slow"
            [clients]
            count = 10
            [events]
            pattern = "broadcast"
            rate = "1/s"
            [phases]
            measure = "8s"
            [slow]
            share = "30%"
            {keys}
            [[transports]]
            kind = "sse"
        "#
        );
        let plan = pushbench_scenario::parse(&scenario, "slow.toml", &Overrides::default()).unwrap();
        let mut readers = SlowReaders::of(&plan, 10).unwrap();
        let slow: Vec<u32> = (0..10).filter(|number| readers.arrives(*number)).collect();
        assert_eq!(slow.len(), 3);
        (0..10).for_each(|client| readers.connected(client, 0));
        readers.begin(EDGES);
        (readers, slow[0])
    }

    /// Reads all that is allowed at an instant, from a socket that always has more.
    fn read(readers: &mut SlowReaders, client: u32, now_ns: u64) -> u64 {
        match readers.allowed(client, now_ns) {
            Allowed::Nothing => 0,
            Allowed::Bytes(bytes) => {
                readers.has_read(client, bytes, now_ns);
                readers.wait(client, now_ns);
                bytes as u64
            }
        }
    }

    proptest! {
        #[test]
        fn the_rate_holds_however_late_each_read_is(
            rate_kib in 1u64..10_000,
            late_ms in proptest::collection::vec(0u64..700, 20..200),
        ) {
            let (mut readers, client) = readers(&format!("read = \"{rate_kib}KiB/s\""));
            let mut sum = read(&mut readers, client, 0);
            for late in late_ms {
                let now_ns = readers.next_ns().unwrap() + late * MS;
                prop_assert_eq!(readers.pop_due(now_ns), Some(client));
                sum += read(&mut readers, client, now_ns);
                let due = rate_kib as f64 * 1024.0 * now_ns as f64 / 1e9;
                prop_assert!((sum as f64 - due).abs() < 2.0, "{} of {}", sum, due);
            }
            let tally = readers.tally(client).unwrap();
            let seconds = tally.reading_us as f64 / 1e6;
            if seconds > 0.0 {
                let rate = tally.bytes as f64 / seconds;
                prop_assert!((rate / (rate_kib as f64 * 1024.0) - 1.0).abs() < 0.05, "{}", rate);
            }
            prop_assert!(seconds <= 8.0, "no more than the measure phase");
        }
    }

    #[test]
    fn what_was_not_there_to_be_read_does_not_pile_up() {
        let (mut readers, client) = readers("read = \"10KiB/s\"");
        readers.drained(client, 5_000 * MS);
        assert_eq!(read(&mut readers, client, 5_000 * MS), 512, "a pause's worth");
        assert_eq!(read(&mut readers, client, 5_001 * MS), 0, "it waits");
        assert_eq!(readers.pop_due(5_049 * MS), None);
        assert_eq!(readers.pop_due(5_050 * MS), Some(client));
    }

    #[test]
    fn whoever_has_stopped_reads_on_when_it_is_over_and_others_are_never_held_up() {
        let (mut readers, client) = readers("stop = { at = \"2s\", for = \"3s\" }");
        let all = Allowed::Bytes(usize::MAX);
        assert_eq!(readers.allowed(client, 2_999 * MS), all);
        assert_eq!(readers.next_ns(), None);
        for now_ms in [3_000, 4_000, 5_999] {
            assert_eq!(readers.allowed(client, now_ms * MS), Allowed::Nothing, "{now_ms}");
            assert_eq!(readers.next_ns(), Some(6_000 * MS));
            assert_eq!(readers.pop_due(now_ms * MS), None);
        }
        assert_eq!(readers.pop_due(6_000 * MS), Some(client));
        assert_eq!((readers.pop_due(6_000 * MS), readers.next_ns()), (None, None), "once");
        assert_eq!(readers.allowed(client, 6_000 * MS), all);
        let healthy = (0..10).find(|client| !readers.is_slow(*client)).unwrap();
        assert_eq!(readers.allowed(healthy, 4_000 * MS), all);
        assert_eq!((readers.tally(healthy), readers.receive_buffer(healthy)), (None, None));
        assert_eq!(readers.receive_buffer(client), Some(16 << 10));
    }

    #[test]
    fn time_without_a_connection_is_no_reading_time() {
        let (mut readers, client) = readers("read = \"10KiB/s\"");
        readers.has_read(client, 10, 2_000 * MS);
        readers.has_read(client, 10, 3_000 * MS);
        readers.lost_connection(client);
        readers.connected(client, 7_000 * MS);
        readers.has_read(client, 10, 7_500 * MS);
        // This one ends after the measure phase, as the first began before it.
        readers.has_read(client, 10, 9_500 * MS);
        let tally = readers.tally(client).unwrap();
        assert_eq!((tally.bytes, tally.reading_us), (20, 1_500_000));
    }
}
