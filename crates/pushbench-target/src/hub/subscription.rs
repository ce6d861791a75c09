//! The hub as one connection sees it: what a transport's serving half is given.

use pushbench_transport::server::{
    Batch, Bounds, Closed, Hub as HubView, Next, Pace, Refusal, Start, Subscription as Place, TopicName,
};
use std::rc::Rc;
use std::task::{Context, Poll};

use super::Hub;
use super::ring::{Gap, Keep, Ring};
use super::topic::{Slot, Topic};
use crate::connection::{Connection, Stream};

/// The hub, for the requests of one connection: a subscriber that is too slow is cut off by closing it.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) hub: Rc<Hub>,
    pub(crate) connection: Rc<Connection>,
}

/// A place in a topic.
pub(crate) struct Subscription {
    hub: Rc<Hub>,
    topic: Rc<Topic>,
    key: usize,
    /// A gap to be told before anything else.
    gap: Gap,
}

impl HubView for Desk {
    type Subscription = Subscription;
    type Socket = Stream;

    fn read(&self, topic: &TopicName, start: Start, bounds: Bounds) -> Batch {
        let batch = match self.hub.topics.borrow().get(topic) {
            Some(topic) => batch(&topic.ring.borrow(), start, bounds),
            None => batch(&Ring::new(Keep { events: 0, bytes: 0, backlog_bytes: 0 }), start, bounds),
        };
        self.hub.sent.set(self.hub.sent.get() + batch.events.len() as u64);
        batch
    }

    fn subscribe(&self, topic: &TopicName, start: Start, pace: Pace) -> Result<Subscription, Refusal> {
        let topic = self.hub.topic(topic)?;
        let (next, gap, live_bytes) = {
            let ring = topic.ring.borrow();
            let (next, gap) = begin(&ring, start);
            (next, gap, ring.end_bytes())
        };
        let connection = Rc::clone(&self.connection);
        let key = topic.insert(Slot { waker: None, next, live_bytes, pace, connection });
        self.hub.subscribers.set(self.hub.subscribers.get() + 1);
        Ok(Subscription { hub: Rc::clone(&self.hub), topic, key, gap })
    }

    fn closed(&self) -> impl Future<Output = ()> + 'static {
        let mut closed = self.hub.closed.subscribe();
        async move {
            // An error means that the hub is gone, which is as good as closed.
            let _ = closed.wait_for(|closed| *closed).await;
        }
    }
}

/// The id to take next, and whether a gap lies before it.
fn begin(ring: &Ring, start: Start) -> (u64, Gap) {
    match start {
        Start::Now => (ring.next_id(), Gap::No),
        Start::After(after) => ring.resume(after),
    }
}

fn batch(ring: &Ring, start: Start, bounds: Bounds) -> Batch {
    let (next, gap) = begin(ring, start);
    let mut batch = Batch { cursor: next - 1, gap: gap == Gap::Yes, ..Batch::default() };
    let mut bytes = 0;
    while let Some(event) = ring.get(batch.cursor + 1) {
        bytes += event.payload().len();
        if !batch.events.is_empty() && (batch.events.len() >= bounds.events || bytes > bounds.bytes) {
            batch.more = true;
            break;
        }
        batch.cursor = event.id();
        batch.events.push(Rc::clone(event));
    }
    batch
}

impl Subscription {
    fn with_slot<T>(&self, change: impl FnOnce(&mut Slot) -> T) -> T {
        change(&mut self.topic.slots.borrow_mut()[self.key])
    }

    /// The next id to take; a place that the ring has passed by moves on, over a gap.
    fn settle(&mut self) -> u64 {
        let next = self.with_slot(|slot| slot.next);
        let ring = self.topic.ring.borrow();
        if next >= ring.first_held() {
            return next;
        }
        let oldest = ring.oldest();
        drop(ring);
        self.gap = Gap::Yes;
        self.with_slot(|slot| slot.next = oldest);
        oldest
    }
}

impl Place for Subscription {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let next = self.settle();
        if self.gap == Gap::Yes || next <= self.topic.ring.borrow().newest() {
            return Poll::Ready(Ok(()));
        }
        if self.hub.is_closed() {
            return Poll::Ready(Err(Closed));
        }
        self.with_slot(|slot| match &mut slot.waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => slot.waker = Some(context.waker().clone()),
        });
        Poll::Pending
    }

    fn take(&mut self) -> Option<Next> {
        let next = self.settle();
        if self.gap == Gap::Yes {
            self.gap = Gap::No;
            return Some(Next::Gap { oldest: next });
        }
        let event = self.topic.ring.borrow().get(next).cloned()?;
        self.with_slot(|slot| slot.next = next + 1);
        self.hub.sent.set(self.hub.sent.get() + 1);
        Some(Next::Event(event))
    }

    fn cursor(&self) -> u64 {
        self.with_slot(|slot| slot.next) - 1
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.topic.remove(self.key);
        self.hub.subscribers.set(self.hub.subscribers.get() - 1);
        self.hub.forget(&self.topic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { events: 10, bytes: 1000 };

    fn desk(events: usize, backlog_bytes: u64) -> Desk {
        let hub = Rc::new(Hub::new(Keep { events, bytes: u64::MAX, backlog_bytes }, 10));
        Desk { hub, connection: Rc::new(Connection::new(0)) }
    }

    fn publish(desk: &Desk, count: usize) {
        for _ in 0..count {
            desk.hub.publish(&topic(), |id| id.to_string()).unwrap();
        }
    }

    fn topic() -> TopicName {
        TopicName::new("t").unwrap()
    }

    /// What a subscription gives without waiting: ids, and gaps as negative ids.
    fn taken(subscription: &mut Subscription) -> Vec<i64> {
        std::iter::from_fn(|| subscription.take())
            .map(|next| match next {
                Next::Event(event) => event.id().cast_signed(),
                Next::Gap { oldest } => -oldest.cast_signed(),
            })
            .collect()
    }

    #[test]
    fn what_the_ring_has_passed_by_is_a_gap_also_for_one_who_was_there() {
        let desk = desk(2, 0);
        publish(&desk, 2);
        let mut replaying = desk.subscribe(&topic(), Start::After(0), Pace::Once).unwrap();
        publish(&desk, 3);
        assert_eq!(taken(&mut replaying), [-4, 4, 5]);
        assert_eq!(replaying.cursor(), 5);
        publish(&desk, 1);
        assert_eq!(taken(&mut replaying), [6]);
    }

    #[test]
    fn who_is_too_far_behind_is_cut_off_once_and_who_replays_is_not() {
        let desk = desk(20, 3);
        publish(&desk, 9);
        let quick = Desk { connection: Rc::new(Connection::new(0)), ..desk.clone() };
        let mut replaying = quick.subscribe(&topic(), Start::After(0), Pace::Live).unwrap();
        let slow = desk.subscribe(&topic(), Start::Now, Pace::Live).unwrap();
        assert_eq!(taken(&mut replaying).len(), 9);
        for cut in [0, 0, 1, 1] {
            publish(&desk, 1);
            assert_eq!(taken(&mut replaying).len(), 1);
            assert_eq!(desk.hub.slow.get(), cut);
        }
        assert!(!desk.connection.cut(), "it was cut already");
        assert!(quick.connection.cut(), "it was not");
        drop((slow, replaying));
        assert_eq!(desk.hub.subscribers.get(), 0);
    }

    #[test]
    fn an_unused_topic_is_forgotten_and_a_used_one_keeps_its_ids() {
        let desk = desk(0, 0);
        drop(desk.subscribe(&topic(), Start::Now, Pace::Live).unwrap());
        assert_eq!(desk.hub.topics(), 0);
        let subscription = desk.subscribe(&topic(), Start::Now, Pace::Live).unwrap();
        publish(&desk, 1);
        drop(subscription);
        assert_eq!(desk.hub.topics(), 1);
        assert_eq!(desk.read(&topic(), Start::Now, BOUNDS).cursor, 1);
    }
}
