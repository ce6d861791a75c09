//! Faults on purpose, between the publisher and the hub, so that every transport gets them alike.
//!
//! Each event passes four stages in this order, and is due for each by its number within the topic:
//!
//! 1. **drop**: it ends here, and nothing else happens to it.
//! 2. **delay**: it waits so long from the instant it was published. Delayed events keep their order; where only a share
//!    is delayed, later ones overtake them.
//!    Then it waits for its turn (**limit**): so many a second go on, in the order in which they come here.
//! 3. **reorder**: it waits until a later event of its topic has gone on, or until the schedule is over. One that was
//!    overtaken while it was delayed has come after its successor already.
//! 4. **duplicate**: it goes into the hub twice in a row.
//!
//! The envelope is written before the first stage: it keeps the event's number, its due time and the instant it was
//! published. The hub gives ids as events come in, so ids stay without holes and resuming works as ever.
//!
//! The end of an answer is no event in this sense: it comes after every part that is to come at all, and that is its only fault.
//!
//! Beside that the whole target stands still now and then (`stall`). What a fault means for a client is not known here.

mod door;
mod stall;

use hyper::StatusCode;
use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::Inject;
use pushbench_transport::server::{Refusal, TopicName};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use tokio::sync::Notify;

use self::door::{Door, Numbered};
use self::stall::Stalls;
use crate::hub::Hub;
use crate::server::Server;

/// Payload that may be held back by delays at once; what comes on top is refused.
const DELAYED_BYTES: u64 = 256 << 20;
/// Delayed events that are handed over before other tasks get their turn.
const BURST: usize = 64;

/// The faults of one target.
pub(crate) struct Injector {
    inject: Inject,
    /// Those of topics that the hub has, and of some that it has forgotten: never more than it had topics at once.
    doors: RefCell<HashMap<TopicName, Door>>,
    /// In the order of their instants, which is that of their arrival: all wait equally long.
    delayed: RefCell<VecDeque<Delayed>>,
    /// Those that wait for their turn, in the order of their turns.
    turns: RefCell<VecDeque<Delayed>>,
    /// When the next one has its turn.
    turn_ns: Cell<u64>,
    delayed_bytes: Cell<u64>,
    most_delayed_bytes: u64,
    more: Notify,
    stalls: Stalls,
}

/// What happens later.
struct Delayed {
    at_ns: u64,
    what: Later,
}

enum Later {
    Enter(TopicName, Numbered),
    /// The end of an answer.
    End(TopicName, String),
    /// Nothing more is published: those that wait for a successor wait in vain.
    Release,
}

impl Later {
    /// Payload that it holds back.
    fn bytes(&self) -> u64 {
        match self {
            Self::Enter(_, event) => event.payload.len() as u64,
            Self::End(_, payload) => payload.len() as u64,
            Self::Release => 0,
        }
    }
}

impl Injector {
    pub(crate) fn new(inject: Inject) -> Self {
        Self {
            inject,
            doors: RefCell::default(),
            delayed: RefCell::default(),
            turns: RefCell::default(),
            turn_ns: Cell::new(0),
            delayed_bytes: Cell::new(0),
            most_delayed_bytes: DELAYED_BYTES,
            more: Notify::new(),
            stalls: Stalls::default(),
        }
    }

    /// Publishes the payload that `payload` makes of the event's number within its topic, as far as the faults let it,
    /// and returns the number.
    ///
    /// # Errors
    /// When the hub has no room for the topic, or too much is held back already.
    pub(crate) fn publish(
        &self,
        hub: &mut Hub,
        topic: &TopicName,
        published_ns: u64,
        payload: impl FnOnce(u64) -> String,
    ) -> Result<u64, Refusal> {
        hub.admit(topic)?;
        if self.delayed_bytes.get() >= self.most_delayed_bytes {
            let why = "injected faults already hold back 256 MiB of events";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why));
        }
        let n = self.at_door(hub, topic, Door::number)?;
        hub.count_published();
        let event = Numbered { n, payload: payload(n) };
        if self.inject.drops(n) {
            return Ok(n);
        }
        match self.inject.delay_ns(n) {
            Some(delay_ns) => {
                self.delayed_bytes.set(self.delayed_bytes.get() + event.payload.len() as u64);
                self.later(published_ns.saturating_add(delay_ns), Later::Enter(topic.clone(), event));
            }
            None => self.take_turn(hub, Later::Enter(topic.clone(), event), published_ns),
        }
        Ok(n)
    }

    /// Publishes the end of an answer, behind all of its parts.
    ///
    /// # Errors
    /// When the hub has no room for the topic.
    pub(crate) fn publish_end(
        &self,
        hub: &mut Hub,
        topic: &TopicName,
        published_ns: u64,
        payload: String,
    ) -> Result<(), Refusal> {
        match self.inject.longest_delay_ns() {
            0 if self.inject.turn_ns().is_none() => self.end(hub, topic, payload, published_ns),
            0 => {
                self.take_turn(hub, Later::End(topic.clone(), payload), published_ns);
                Ok(())
            }
            delay_ns => {
                self.delayed_bytes.set(self.delayed_bytes.get() + payload.len() as u64);
                self.later(published_ns.saturating_add(delay_ns), Later::End(topic.clone(), payload));
                Ok(())
            }
        }
    }

    fn end(&self, hub: &mut Hub, topic: &TopicName, payload: String, now_ns: u64) -> Result<(), Refusal> {
        // A part that waits for a successor has none in its answer.
        let going_in = self.at_door(hub, topic, |door| door.release(&self.inject))?;
        hand_over(hub, topic, going_in, now_ns);
        hub.push(topic, now_ns, |_| payload).map(drop)
    }

    /// The schedule has published its last event: nothing waits for a successor longer than it is delayed anyway.
    pub(crate) fn schedule_is_over(&self, now_ns: u64) {
        self.later(now_ns.saturating_add(self.inject.longest_delay_ns()), Later::Release);
    }

    /// Counts standstills from `from_ns` on; none begins at `until_ns` or later.
    pub(crate) fn stall_between(&self, from_ns: u64, until_ns: u64) {
        self.stalls.between(from_ns, until_ns);
    }

    /// Stands still whenever it is time to. Never returns.
    pub(crate) async fn stand_still(&self, alarm: &Alarm) {
        if let Some(stall) = self.inject.stall() {
            self.stalls.run(stall, alarm).await;
        }
    }

    /// Lets delayed events go on when their time has come. Never returns.
    pub(crate) async fn let_go(&self, server: &Server, alarm: &Alarm) {
        loop {
            let first_of =
                |queue: &RefCell<VecDeque<Delayed>>| queue.borrow().front().map(|first| first.at_ns);
            match first_of(&self.delayed).into_iter().chain(first_of(&self.turns)).min() {
                None => self.more.notified().await,
                Some(at_ns) => {
                    tokio::select! {
                        () = alarm.until(at_ns) => {}
                        // What comes may be due before.
                        () = self.more.notified() => continue,
                    }
                    server.with_hub(|hub| self.let_go_due(hub, now_ns()));
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Up to a burst of those whose instant has come.
    fn let_go_due(&self, hub: &mut Hub, now_ns: u64) {
        for _ in 0..BURST {
            let due = self.delayed.borrow_mut().pop_front_if(|delayed| delayed.at_ns <= now_ns);
            match due.map(|delayed| delayed.what) {
                Some(what) => {
                    self.delayed_bytes.set(self.delayed_bytes.get() - what.bytes());
                    self.take_turn(hub, what, now_ns);
                }
                None => break,
            }
        }
        for _ in 0..BURST {
            let due = self.turns.borrow_mut().pop_front_if(|waiting| waiting.at_ns <= now_ns);
            let Some(Delayed { what, .. }) = due else { return };
            self.delayed_bytes.set(self.delayed_bytes.get() - what.bytes());
            self.go_on(hub, what, now_ns);
        }
    }

    /// Lets what is not delayed any more go on, at once or when its turn has come.
    fn take_turn(&self, hub: &mut Hub, what: Later, now_ns: u64) {
        let Some(interval_ns) = self.inject.turn_ns() else { return self.go_on(hub, what, now_ns) };
        let at_ns = self.turn_ns.get().max(now_ns);
        if matches!(what, Later::Enter(..)) {
            self.turn_ns.set(at_ns + interval_ns);
        }
        // Whose turn it is may still stand in the queue.
        let mut turns = self.turns.borrow_mut();
        if at_ns > now_ns || !turns.is_empty() {
            self.delayed_bytes.set(self.delayed_bytes.get() + what.bytes());
            turns.push_back(Delayed { at_ns, what });
            self.more.notify_one();
        } else {
            drop(turns);
            self.go_on(hub, what, now_ns);
        }
    }

    fn go_on(&self, hub: &mut Hub, what: Later, now_ns: u64) {
        match what {
            Later::Enter(topic, event) => self.enter(hub, &topic, event, now_ns),
            Later::End(topic, payload) => {
                // Where the topic was forgotten since and there is no room any more, nobody listens.
                let _ = self.end(hub, &topic, payload, now_ns);
            }
            Later::Release => self.release(hub, now_ns),
        }
    }

    fn later(&self, at_ns: u64, what: Later) {
        let mut delayed = self.delayed.borrow_mut();
        // Publish requests take their instant before the publisher does, or after it: none may overtake another.
        let at_ns = delayed.back().map_or(at_ns, |last| last.at_ns.max(at_ns));
        delayed.push_back(Delayed { at_ns, what });
        drop(delayed);
        self.more.notify_one();
    }

    fn enter(&self, hub: &mut Hub, topic: &TopicName, event: Numbered, now_ns: u64) {
        // Where the topic was forgotten since the event was published and there is no room any more, nobody listens.
        if let Ok(going_in) = self.at_door(hub, topic, |door| door.enter(event, &self.inject)) {
            hand_over(hub, topic, going_in, now_ns);
        }
    }

    /// Does something at the door of a topic, which is made where there is none.
    fn at_door<T>(
        &self,
        hub: &mut Hub,
        topic: &TopicName,
        pass: impl FnOnce(&mut Door) -> T,
    ) -> Result<T, Refusal> {
        hub.admit(topic)?;
        let mut doors = self.doors.borrow_mut();
        // This topic is one of the hub's and has no door: if the others are as many, some lead nowhere.
        if !doors.contains_key(topic) && doors.len() >= hub.topics() {
            doors.retain(|topic, _| hub.has(topic));
        }
        Ok(pass(doors.entry(topic.clone()).or_default()))
    }

    fn release(&self, hub: &mut Hub, now_ns: u64) {
        let doors: Vec<(TopicName, Vec<String>)> = {
            let mut doors = self.doors.borrow_mut();
            doors.iter_mut().map(|(topic, door)| (topic.clone(), door.release(&self.inject))).collect()
        };
        for (topic, going_in) in doors {
            hand_over(hub, &topic, going_in, now_ns);
        }
    }
}

fn hand_over(hub: &mut Hub, topic: &TopicName, payloads: Vec<String>, now_ns: u64) {
    for payload in payloads {
        // The topic was admitted when the event was published; where it was forgotten since, nobody listens.
        let _ = hub.push(topic, now_ns, |_| payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::Keep;
    use pushbench_scenario::Coalesce;

    fn hub(topics_max: usize) -> Hub {
        Hub::new(Keep { events: 10, bytes: u64::MAX, backlog_bytes: 0 }, topics_max, Coalesce::Off)
    }

    #[test]
    fn what_is_held_back_is_bounded_and_refused_events_have_no_number() {
        let mut hub = hub(10);
        let injector = Injector { most_delayed_bytes: 8, ..Injector::new("delay=10us/2".parse().unwrap()) };
        let topic = TopicName::new("t").unwrap();
        let publish = |hub: &mut Hub, now_ns| injector.publish(hub, &topic, now_ns, |n| format!("four{n}"));
        // Every second one is held back, five bytes each.
        let numbers: Vec<u64> = (0..6).filter_map(|_| publish(&mut hub, 0).ok()).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
        assert_eq!((hub.published, injector.delayed_bytes.get()), (4, 10));
        injector.let_go_due(&mut hub, 9_999);
        assert!(publish(&mut hub, 9_999).is_err(), "none is due");
        injector.let_go_due(&mut hub, 10_000);
        assert_eq!((publish(&mut hub, 10_000).ok(), injector.delayed_bytes.get()), (Some(5), 0));
    }

    #[test]
    fn so_many_a_second_go_on_in_their_order_and_a_pause_is_not_saved_up() {
        const MS: u64 = 1_000_000;
        let mut hub = hub(10);
        let injector = Injector::new("limit=1000/s".parse().unwrap());
        let topic = TopicName::new("t").unwrap();
        let publish = |hub: &mut Hub, now_ns: u64| {
            injector.publish(hub, &topic, now_ns, |_| String::new()).unwrap();
        };
        let turns = |injector: &Injector| -> Vec<u64> {
            injector.turns.borrow().iter().map(|waiting| waiting.at_ns / 1000).collect()
        };
        for _ in 0..4 {
            publish(&mut hub, 50 * MS);
        }
        injector.schedule_is_over(50 * MS);
        injector.let_go_due(&mut hub, 50 * MS);
        assert_eq!(turns(&injector), [51_000, 52_000, 53_000, 54_000], "one has gone on");
        injector.let_go_due(&mut hub, 52 * MS);
        assert_eq!(turns(&injector), [53_000, 54_000]);
        // Late by a few turns: nobody overtakes those that stand in the queue.
        publish(&mut hub, 60 * MS);
        assert_eq!(turns(&injector), [53_000, 54_000, 60_000]);
        injector.let_go_due(&mut hub, 60 * MS);
        publish(&mut hub, 60 * MS + 1);
        assert_eq!(turns(&injector), [61_000], "ten idle turns are gone");
    }

    #[test]
    fn topics_that_the_hub_has_forgotten_have_no_door_for_ever() {
        let injector = Injector::new("delay=10us".parse().unwrap());
        let topic = |name: &str| TopicName::new(name).unwrap();
        let publish =
            |hub: &mut Hub, name: &str| injector.publish(hub, &topic(name), 0, |_| String::new()).ok();
        let mut first = hub(2);
        assert_eq!(
            ["a", "b", "a", "c"].map(|name| publish(&mut first, name)),
            [Some(1), Some(1), Some(2), None]
        );
        // A hub that knows none of these has forgotten them all.
        let mut second = hub(2);
        for name in ["c", "b"] {
            publish(&mut second, name);
            assert!(injector.doors.borrow().len() <= 2, "{:?}", injector.doors.borrow().keys());
        }
        let mut third = hub(2);
        injector.let_go_due(&mut third, 10_000);
        assert_eq!(third.topics(), 2, "what was delayed goes in where there is room");
    }
}
