//! The hot loop: events from a topic's ring into the sockets of its subscribers.
//!
//! Invariants, for each event and subscriber:
//! * no allocation, no lock, no log, no formatting and no reading of a clock: the bytes were made once, and are written from
//!   where they are kept;
//! * one `send` and no other system call where events are not gathered, also for one who is behind; one `sendmsg` for all
//!   that is there where they are;
//! * a subscriber whose socket takes nothing costs a look, and what it has not got stays in the ring, which is everybody's;
//! * at most [`VISITS`] subscribers are visited before accepts, reads and timers get their turn.
//!
//! PERF: with 5,000 event streams and 5 events a second, 97 % of the target's time is the kernel's `send`.

use pushbench_scenario::{Coalesce, SlowPolicy};
use pushbench_transport::envelope::end_of;
use pushbench_transport::server::{Refusal, ReplyForm, Stream, TopicRef};
use std::io::IoSlice;

use super::Driver;
use super::connection::{Connection, Ends, Gone, Mode, Pipe, Streaming};
use crate::hub::{Gap, Pace, Place, Ring, Slot};
use crate::key::Key;

/// Subscribers visited from the end of one turn to that of the next, by publishing and by the turn together; or events
/// written to them, where these are more.
///
/// PERF: a turn costs about 3 µs beside its visits, and a `send` on loopback 6 to 8 µs: less than one part in a hundred is
/// paid for a publisher, a poll or an accept that waits half a millisecond at most.
pub(super) const VISITS: usize = 64;
/// Events written to one subscriber in a row.
const IN_A_ROW: usize = 64;

/// What came of writing to a subscriber.
#[derive(Debug, Clone, Copy)]
struct Delivered {
    events: u64,
    /// Of these, how many shared a write with others.
    coalesced: u64,
    /// Events that it will not get, because the ring has passed it by.
    skipped: u64,
    left: Result<Left, Gone>,
}

/// How a subscriber is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// It has everything, or as much as its socket takes.
    Waiting,
    /// There is more for it.
    Behind,
    /// The answer that it was about has ended, and with it the response.
    Answered(ReplyForm),
}

impl Driver {
    /// Begins a stream, and writes what is there for it already.
    ///
    /// # Errors
    /// [`Refusal`] when the hub takes no more topics.
    pub(super) fn open(
        &mut self,
        key: Key,
        topic: TopicRef<'_>,
        mut stream: Box<dyn Stream>,
        ends: Ends,
        out: &mut Vec<u8>,
        now_ns: u64,
    ) -> Result<(), Refusal> {
        let place = self.hub.subscribe(topic, stream.start(), Pace::Live, key)?;
        out.clear();
        let go = stream.open(self.hub.cursor(place), self.date.at(now_ns), now_ns, out);
        let Some(connection) = self.get(key) else { return Ok(()) };
        connection.mode = Mode::Streaming(Streaming::new(stream, place, ends, now_ns));
        if connection.pipe.write(out, now_ns).is_err() {
            self.close(key);
            return Ok(());
        }
        self.go(key, go, now_ns);
        // Others get their turn before a long replay.
        if self.closing || self.hub.visit(place).is_some_and(|(slot, ring)| slot.is_behind(ring)) {
            self.resume_later(key);
        }
        Ok(())
    }

    /// Walks as far as publishing may walk in this turn: where it is soon done, nobody waits for the loop.
    pub(crate) fn walk_at_once(&mut self, now_ns: impl FnOnce() -> u64) {
        if self.coalesce == Coalesce::Off && self.hub.has_unfinished() {
            self.fan_out(now_ns());
        }
    }

    /// Goes on with the walks that are not done.
    pub(super) fn fan_out(&mut self, now_ns: u64) {
        while self.visits > 0 {
            let Some(topic) = self.hub.next_unfinished() else { return };
            while self.visits > 0 {
                let Some(place) = self.hub.step(topic) else { break };
                let sends = self.visit(place, now_ns);
                self.visits = self.visits.saturating_sub(sends.max(1));
                self.hub.visited(place);
            }
            self.hub.rest(topic);
        }
    }

    /// Gives a subscriber what is there for it, and cuts it off if it is too slow. Returns how many events it got.
    fn visit(&mut self, place: Place, now_ns: u64) -> usize {
        let Self { hub, connections, out, coalesce, slow, .. } = self;
        let Some((slot, ring)) = hub.visit(place) else { return 0 };
        let key = slot.connection;
        if slot.pace == Pace::Once {
            slot.settle(ring);
            if slot.is_behind(ring) {
                self.answer_held(key, now_ns);
                return 1;
            }
            return 0;
        }
        let Some(connection) = connections.get_mut(key.place()) else { return 0 };
        if connection.pipe.is_blocked() {
            if *slow == SlowPolicy::Disconnect && ring.is_too_slow(slot.next, slot.live_bytes) {
                hub.slow += 1;
                self.close(key);
            }
            return 0;
        }
        let delivered = deliver(slot, ring, connection, *coalesce, out, now_ns);
        self.delivered(key, delivered, now_ns)
    }

    /// Sees to how a live subscriber is left. Returns how many events it got.
    fn delivered(&mut self, key: Key, delivered: Delivered, now_ns: u64) -> usize {
        let Delivered { events, coalesced, skipped, left } = delivered;
        self.hub.sent += events;
        self.hub.coalesced += coalesced;
        self.hub.skipped += skipped;
        match left {
            Ok(Left::Waiting) => self.note_blocked(key),
            Ok(Left::Behind) => self.resume_later(key),
            Ok(Left::Answered(form)) => self.answered(key, form, now_ns),
            Err(Gone) => self.close(key),
        }
        events as usize
    }

    /// Writes what is there for a stream that did not get it in time; then, if the target shuts down, its end.
    pub(super) fn catch_up(&mut self, key: Key, now_ns: u64) {
        let Self { hub, connections, out, coalesce, .. } = self;
        let Some(connection) = connections.get_mut(key.place()) else { return };
        let Mode::Streaming(Streaming { place: Some(place), was_shut_down, .. }) = &connection.mode else {
            return;
        };
        let (place, was_shut_down) = (*place, *was_shut_down);
        let (slot, ring) = hub.at(place);
        let delivered = deliver(slot, ring, connection, *coalesce, out, now_ns);
        self.delivered(key, delivered, now_ns);
        let streams = |connection: &mut Connection| matches!(connection.mode, Mode::Streaming(_));
        if self.closing && !was_shut_down && self.get(key).is_some_and(streams) {
            let (slot, ring) = self.hub.at(place);
            if !slot.is_behind(ring) {
                self.shut_stream_down(key, now_ns);
            }
        }
    }

    fn shut_stream_down(&mut self, key: Key, now_ns: u64) {
        let out = &mut self.out;
        out.clear();
        let Some(connection) = self.connections.get_mut(key.place()) else { return };
        let Mode::Streaming(streaming) = &mut connection.mode else { return };
        streaming.was_shut_down = true;
        let go = streaming.stream.shut_down(now_ns, out);
        if connection.pipe.write(out, now_ns).is_err() {
            return self.close(key);
        }
        self.go(key, go, now_ns);
    }
}

/// Writes what a ring has for one live subscriber whose socket takes something.
fn deliver(
    slot: &mut Slot,
    ring: &Ring,
    connection: &mut Connection,
    coalesce: Coalesce,
    out: &mut Vec<u8>,
    now_ns: u64,
) -> Delivered {
    debug_assert!(!connection.pipe.is_blocked(), "an event would be written into the middle of another");
    let skipped = slot.settle(ring);
    let before = slot.next;
    let left = write_to(slot, ring, connection, coalesce, out, now_ns);
    let events = slot.next - before;
    // All that it got, it got in one write.
    let coalesced = if coalesce == Coalesce::Off || events < 2 { 0 } else { events };
    Delivered { events, coalesced, skipped, left }
}

/// The same for one whose place was settled to the ring.
fn write_to(
    slot: &mut Slot,
    ring: &Ring,
    connection: &mut Connection,
    coalesce: Coalesce,
    out: &mut Vec<u8>,
    now_ns: u64,
) -> Result<Left, Gone> {
    let Connection { mode: Mode::Streaming(streaming), pipe, .. } = connection else {
        return Ok(Left::Waiting);
    };
    if slot.is_behind(ring) {
        streaming.sent_ns = now_ns;
    }
    if slot.gap == Gap::Yes {
        slot.gap = Gap::No;
        out.clear();
        streaming.stream.gap(slot.next, out);
        pipe.write(out, now_ns)?;
        if pipe.is_blocked() {
            return Ok(Left::Waiting);
        }
    }
    let until = match streaming.ends {
        Ends::Never => u64::MAX,
        Ends::WithAnAnswer(ask) | Ends::WithItsAnswer(ask) => end_of_answer(ask, slot, ring),
    };
    let stream = streaming.stream.as_ref();
    match coalesce {
        Coalesce::Off => one_by_one(slot, ring, pipe, stream, until, now_ns)?,
        Coalesce::Tick | Coalesce::Within(_) => together(slot, ring, pipe, stream, until, now_ns)?,
    }
    if slot.next == until && !pipe.is_blocked() {
        return last(slot, ring, pipe, streaming, out, now_ns);
    }
    Ok(if slot.is_behind(ring) && !pipe.is_blocked() { Left::Behind } else { Left::Waiting })
}

/// The id of the event that ends the answer to an ask, of those that are there for a subscriber.
fn end_of_answer(ask: u64, slot: &Slot, ring: &Ring) -> u64 {
    let end_at = |id: u64| end_of(ring.get(id)?.payload());
    let ends = |id: &u64| end_at(*id).is_some_and(|end| end.ask == ask);
    (slot.next..=ring.newest()).take(IN_A_ROW + 1).find(ends).unwrap_or(u64::MAX)
}

/// Writes the event that ends an answer, and the end of the response with it.
fn last(
    slot: &mut Slot,
    ring: &Ring,
    pipe: &mut Pipe,
    streaming: &mut Streaming,
    out: &mut Vec<u8>,
    now_ns: u64,
) -> Result<Left, Gone> {
    let Some(event) = ring.get(slot.next) else { return Ok(Left::Waiting) };
    out.clear();
    out.extend_from_slice(streaming.stream.event(event));
    slot.next += 1;
    let form = streaming.stream.end(out);
    pipe.write(out, now_ns)?;
    Ok(form.map_or(Left::Waiting, Left::Answered))
}

/// Up to the event `until`.
fn one_by_one(
    slot: &mut Slot,
    ring: &Ring,
    pipe: &mut Pipe,
    stream: &dyn Stream,
    until: u64,
    now_ns: u64,
) -> Result<(), Gone> {
    for _ in 0..IN_A_ROW {
        if slot.next == until {
            break;
        }
        let Some(event) = ring.get(slot.next) else { break };
        slot.next += pipe.write_event(stream.event(event), now_ns)?;
        if pipe.is_blocked() {
            break;
        }
    }
    Ok(())
}

/// Up to the event `until`.
fn together(
    slot: &mut Slot,
    ring: &Ring,
    pipe: &mut Pipe,
    stream: &dyn Stream,
    until: u64,
    now_ns: u64,
) -> Result<(), Gone> {
    let mut events = [IoSlice::new(&[]); IN_A_ROW];
    let mut count = 0;
    for event in &mut events {
        if slot.next + count == until {
            break;
        }
        let Some(next) = ring.get(slot.next + count) else { break };
        *event = IoSlice::new(stream.event(next));
        count += 1;
    }
    if count > 0 {
        slot.next += pipe.write_events(&events[..count as usize], now_ns)?;
    }
    Ok(())
}
