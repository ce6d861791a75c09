//! Schedules as pure functions of the plan and the seed: events, arrivals of clients, phases of poll clocks.
//!
//! Every process of a run computes the same schedule, so none has to be sent. Offsets are nanoseconds since the
//! warm-up began; nothing here knows what time it is.

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp, LogNormal};

mod messages;

pub use messages::{Message, MessageSchedule};

use crate::law::Z99;
use crate::plan::{Arrival, EventSize, Events, topic_name_bytes};
use crate::shape::Areas;
use pushbench_transport::envelope;

/// Independent random streams from one seed, so that changing one does not shift another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Due = 1,
    Topic = 2,
    Size = 3,
    PollPhase = 4,
    Client = 5,
    Order = 6,
    Look = 7,
    Slow = 8,
    AnswerParts = 9,
    AnswerFirst = 10,
    AnswerGap = 11,
    AnswerSize = 12,
    Sender = 13,
    Lives = 32,
    Storm = 33,
}

/// The places that answer `k` has in a stream: room for any answer's draws, so any is had without the others.
pub(crate) fn rng_of_answer(seed: u64, stream: Stream, k: u64) -> ChaCha8Rng {
    let mut rng = rng(seed, stream);
    rng.set_word_pos(u128::from(k) << 32);
    rng
}

pub(crate) fn rng(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream as u64);
    rng
}

/// An event of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledEvent {
    /// When it is due, nanoseconds since the warm-up began.
    pub due_offset_ns: u64,
    /// Index of its topic.
    pub topic: u32,
    /// Sequence number within its topic, from 1.
    pub n: u64,
    /// Size of its payload in bytes.
    pub size: u32,
}

/// All events in order of their due times: an iterator without end unless the rate is 0, or is so from some instant on.
///
/// Event k is due where the rate, summed up over time, reaches k, or what a Poisson process of rate 1 says.
#[derive(Debug, Clone)]
pub struct EventSchedule {
    events: Events,
    /// The shape's sums, unless it is flat.
    areas: Option<Areas>,
    k: u64,
    poisson_ns: f64,
    published: Vec<u64>,
    due: ChaCha8Rng,
    topic: ChaCha8Rng,
    size: ChaCha8Rng,
}

impl EventSchedule {
    /// The schedule of a step with that many topics.
    #[must_use]
    pub fn new(events: Events, topics: u32, seed: u64) -> Self {
        Self {
            areas: (!events.shape.is_flat()).then(|| Areas::of(&events.shape)),
            events,
            k: 0,
            poisson_ns: 0.0,
            published: vec![0; topics.max(1) as usize],
            due: rng(seed, Stream::Due),
            topic: rng(seed, Stream::Topic),
            size: rng(seed, Stream::Size),
        }
    }

    /// `None` if nothing is due any more.
    fn next_due_ns(&mut self) -> Option<u64> {
        // At a rate that never changes; else a sum of time in which each instant counts as the shape says.
        let due_ns = match self.events.arrival {
            // From k each time: adding up the interval would add up its rounding.
            Arrival::Constant => self.k as f64 * 1e9 / self.events.rate,
            Arrival::Poisson => {
                if let Ok(gaps) = Exp::new(self.events.rate) {
                    self.poisson_ns += gaps.sample(&mut self.due) * 1e9;
                }
                self.poisson_ns
            }
        };
        self.k += 1;
        let due_ns = self.areas.as_ref().map_or(Some(due_ns), |areas| areas.instant_of(due_ns))?;
        Some(due_ns.round() as u64)
    }
}

impl Iterator for EventSchedule {
    type Item = ScheduledEvent;

    fn next(&mut self) -> Option<ScheduledEvent> {
        if self.events.rate <= 0.0 {
            return None;
        }
        let due_offset_ns = self.next_due_ns()?;
        let topics = self.published.len() as u32;
        let topic = if topics == 1 { 0 } else { self.topic.random_range(0..topics) };
        self.published[topic as usize] += 1;
        let smallest = envelope::smallest_size(topic_name_bytes(self.events.topics, topic)) as u32;
        let size = sample_size(self.events.size, smallest, &mut self.size);
        Some(ScheduledEvent { due_offset_ns, topic, n: self.published[topic as usize], size })
    }
}

pub(crate) fn sample_size(size: EventSize, smallest: u32, rng: &mut ChaCha8Rng) -> u32 {
    match size {
        EventSize::Fixed(bytes) => bytes,
        EventSize::Uniform { min, max } => rng.random_range(min..=max),
        EventSize::LogNormal { p50, p99 } => {
            let mu = f64::from(p50).ln();
            let sigma = (f64::from(p99).ln() - mu) / Z99;
            let sampled = LogNormal::new(mu, sigma.max(0.0)).map_or(f64::from(p50), |law| law.sample(rng));
            (sampled as u32).clamp(smallest, EventSize::LARGEST)
        }
    }
}

/// When the asks of a stream are due, ask 0 first, nanoseconds since the warm-up began: without end unless the rate is 0.
/// Ask k is that of client `k % clients`.
pub fn asks(events: Events, seed: u64) -> impl Iterator<Item = u64> {
    EventSchedule::new(events, 1, seed).map(|ask| ask.due_offset_ns)
}

/// When client `client` (from 0) arrives, nanoseconds since the ramp began: open loop, one after the other.
#[must_use]
pub fn arrival_offset_ns(client: u32, connect_rate: f64) -> u64 {
    (f64::from(client) * 1e9 / connect_rate).round() as u64
}

/// Where in its interval the poll clock of client `client` begins: uniform in 0..1.
#[must_use]
pub fn poll_phase(seed: u64, client: u32) -> f64 {
    let mut rng = rng(seed, Stream::PollPhase);
    // A ChaCha word is 4 bytes; each client has 16 of its own, so any client's phase is had without the others'.
    rng.set_word_pos(u128::from(client) * 16);
    rng.random()
}

/// Where in each of its time slots worker `worker` looks at what it looks at now and then: uniform in 0..1, one after the
/// other, without end. What is looked at may be periodic; such looks meet every part of the period alike.
pub fn looks(seed: u64, worker: u32) -> impl Iterator<Item = f64> {
    let mut rng = rng(seed, Stream::Look);
    // Far more words than any worker's looks take.
    rng.set_word_pos(u128::from(worker) << 40);
    std::iter::repeat_with(move || rng.random())
}

/// The order in which so many transports are measured in round `round` (from 1) of `rounds`: positions in the file.
///
/// One round keeps the order of the file. With several every round has an order of its own, drawn from the seed, the
/// first too: a machine that changes while it measures then favours no transport.
#[must_use]
pub fn order_of_round(seed: u64, round: u32, rounds: u32, transports: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..transports).collect();
    if rounds > 1 {
        let mut rng = rng(seed, Stream::Order);
        // A place of its own in the stream, so that a round does not depend on those before it.
        rng.set_word_pos(u128::from(round) << 32);
        order.shuffle(&mut rng);
    }
    order
}

/// The seed of client `client`'s own random choices.
#[must_use]
pub fn client_seed(seed: u64, client: u32) -> u64 {
    let mut rng = rng(seed, Stream::Client);
    rng.set_word_pos(u128::from(client) * 16);
    rng.random()
}

/// The events of one topic that are due in the measure phase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicEvents {
    /// Sequence number of the first one.
    pub first_n: u64,
    /// Due offsets in nanoseconds, rising; event `first_n + i` is due at the i-th.
    pub due_offsets_ns: Vec<u64>,
}

impl TopicEvents {
    /// Sequence numbers `from..until` of the events due at or after an offset.
    #[must_use]
    pub fn numbers_from(&self, offset_ns: u64) -> (u64, u64) {
        let skipped = self.due_offsets_ns.partition_point(|due| *due < offset_ns) as u64;
        (self.first_n + skipped, self.first_n + self.due_offsets_ns.len() as u64)
    }
}

/// The events due in `from_ns..until_ns`, by topic.
#[must_use]
pub fn events_between(schedule: EventSchedule, from_ns: u64, until_ns: u64) -> Vec<TopicEvents> {
    let mut topics = vec![TopicEvents::default(); schedule.published.len()];
    for event in schedule.take_while(|event| event.due_offset_ns < until_ns) {
        let topic = &mut topics[event.topic as usize];
        if event.due_offset_ns < from_ns {
            continue;
        }
        if topic.due_offsets_ns.is_empty() {
            topic.first_n = event.n;
        }
        topic.due_offsets_ns.push(event.due_offset_ns);
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Source, Topics, topic_index, topic_name};
    use crate::shape::Shape;

    fn events(rate: f64, arrival: Arrival, topics: Topics) -> Events {
        Events {
            topics,
            source: Source::Publisher,
            shape: Shape::FLAT,
            rate,
            arrival,
            size: EventSize::Fixed(200),
        }
    }

    #[test]
    fn constant_events_stand_on_the_grid_for_ever() {
        let schedule = EventSchedule::new(events(3.0, Arrival::Constant, Topics::Broadcast), 1, 1);
        let offsets: Vec<u64> = schedule.map(|event| event.due_offset_ns).take(3_000_001).collect();
        assert_eq!(offsets[..4], [0, 333_333_333, 666_666_667, 1_000_000_000]);
        assert_eq!(offsets[3_000_000], 1_000_000_000_000_000);
    }

    #[test]
    fn poisson_events_have_the_rate_and_the_spread_of_the_law() {
        let schedule = EventSchedule::new(events(100.0, Arrival::Poisson, Topics::Broadcast), 1, 7);
        let offsets: Vec<u64> = schedule.map(|event| event.due_offset_ns).take(20_000).collect();
        let mean = offsets[19_999] as f64 / 20_000.0;
        assert!((mean / 1e7 - 1.0).abs() < 0.03, "mean gap {mean} ns");
        let gaps: Vec<f64> = offsets.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // The standard deviation of an exponential law is its mean.
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.05);
    }

    #[test]
    fn the_same_seed_gives_the_same_schedule_and_another_another() {
        let of = |seed| {
            EventSchedule::new(events(10.0, Arrival::Poisson, Topics::Count(5)), 5, seed)
                .take(50)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn sequence_numbers_rise_by_one_in_each_topic() {
        let mut last = [0u64; 5];
        for event in EventSchedule::new(events(10.0, Arrival::Constant, Topics::Count(5)), 5, 3).take(500) {
            last[event.topic as usize] += 1;
            assert_eq!(event.n, last[event.topic as usize]);
        }
        assert!(last.iter().all(|count| *count > 50), "topics are about equally likely: {last:?}");
    }

    #[test]
    fn expected_numbers_of_a_topic_are_those_due_in_the_window() {
        let schedule = EventSchedule::new(events(10.0, Arrival::Constant, Topics::Broadcast), 1, 3);
        let topics = events_between(schedule, 1_000_000_000, 2_000_000_000);
        assert_eq!(topics[0].numbers_from(0), (11, 21));
        assert_eq!(topics[0].numbers_from(1_000_000_001), (12, 21));
        assert_eq!(topics[0].numbers_from(9_000_000_000), (21, 21));
    }

    #[test]
    fn the_length_of_a_topics_name_is_known_without_the_name() {
        for topics in [Topics::Broadcast, Topics::Count(1), Topics::PerClient] {
            for index in [0, 1, 9, 10, 99, 100, 12_345, 1_000_000, u32::MAX] {
                let length = topic_name(topics, index).len() as u64;
                assert_eq!(topic_name_bytes(topics, index), length, "{topics:?} {index}");
            }
        }
    }

    #[test]
    fn a_topic_is_found_by_its_name_alone() {
        let table = [
            (Topics::Broadcast, "all", Some(0)),
            (Topics::Broadcast, "t0", None),
            (Topics::Count(12), "all", None),
            (Topics::Count(12), "t0", Some(0)),
            (Topics::Count(12), "t11", Some(11)),
            (Topics::PerClient, "t12", None),
            (Topics::PerClient, "t011", None),
            (Topics::PerClient, "t+1", None),
            (Topics::PerClient, "t", None),
        ];
        for (topics, name, index) in table {
            assert_eq!(topic_index(topics, 12, name), index, "{topics:?} {name}");
        }
    }

    #[test]
    fn a_rate_of_nothing_publishes_nothing() {
        assert_eq!(EventSchedule::new(events(0.0, Arrival::Constant, Topics::Broadcast), 1, 3).next(), None);
    }

    #[test]
    fn poll_phases_are_spread_over_the_interval() {
        let phases: Vec<f64> = (0..10_000).map(|client| poll_phase(5, client)).collect();
        let mut tenths = [0u32; 10];
        for phase in &phases {
            tenths[(phase * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1150).contains(count)), "{tenths:?}");
        assert_eq!(poll_phase(5, 77).to_bits(), phases[77].to_bits());
        assert_ne!(client_seed(5, 77), client_seed(5, 78));
    }

    #[test]
    fn rounds_have_orders_of_their_own_and_one_round_that_of_the_file() {
        assert_eq!(order_of_round(7, 1, 1, 4), [0, 1, 2, 3]);
        let orders: Vec<Vec<usize>> = (1..=50).map(|round| order_of_round(7, round, 50, 4)).collect();
        for at in 0..4 {
            let first = orders.iter().filter(|order| order[0] == at).count();
            assert!((5..=22).contains(&first), "transport {at} was first {first} times of 50");
        }
        for order in &orders {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
        }
        assert_eq!(orders[2], order_of_round(7, 3, 5, 4), "a round owes nothing to those around it");
        assert_ne!(orders, (1..=50).map(|round| order_of_round(8, round, 50, 4)).collect::<Vec<_>>());
    }

    #[test]
    fn log_normal_sizes_have_the_asked_percentiles() {
        let size = EventSize::LogNormal { p50: 1_000, p99: 10_000 };
        let mut rng = rng(9, Stream::Size);
        let mut sizes: Vec<u32> = (0..20_000).map(|_| sample_size(size, 80, &mut rng)).collect();
        sizes.sort_unstable();
        assert!((900..1100).contains(&sizes[10_000]), "{}", sizes[10_000]);
        assert!((9_000..11_000).contains(&sizes[19_800]), "{}", sizes[19_800]);
    }

    #[test]
    fn asks_are_due_by_the_rate_and_the_arrival() {
        let asks =
            |arrival, seed| asks(events(4.0, arrival, Topics::PerClient), seed).take(3).collect::<Vec<_>>();
        assert_eq!(asks(Arrival::Constant, 1), [0, 250_000_000, 500_000_000]);
        assert_eq!(asks(Arrival::Poisson, 1), asks(Arrival::Poisson, 1));
        assert_ne!(asks(Arrival::Poisson, 1), asks(Arrival::Poisson, 2));
    }

    #[test]
    fn looks_meet_every_part_of_a_slot_alike_and_each_worker_has_its_own() {
        let of = |seed, worker| looks(seed, worker).take(1_000).collect::<Vec<f64>>();
        let mut tenths = [0; 10];
        for at in of(7, 0) {
            tenths[(at * 10.0) as usize] += 1;
        }
        // 100 each, with a deviation of 9.5.
        assert!(tenths.iter().all(|count| (60..140).contains(count)), "{tenths:?}");
        assert_eq!(of(7, 0), of(7, 0));
        assert_ne!(of(7, 0), of(7, 1));
        assert_ne!(of(7, 0), of(8, 0));
    }
}
