//! Answers to asks (pattern `stream`): each is a schedule of its own that begins with its ask.
//!
//! Part i of an answer is due when its schedule says so, whatever happened to part i - 1 and however busy the target is: one
//! heap holds the next due instant of every answer under way, and one absolute timer waits for the first of them. Parts that
//! are overdue are published at once and never dropped; how late each was is recorded. With the last part comes the event
//! that says that the answer is over, which is no part.
//!
//! A topic has one answer at a time. Who asks, how an ask is read and how its answer travels is not known here.

use hyper::StatusCode;
use pushbench_measure::{Figure, PhaseEdges, micros};
use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_scenario::{Answer, answer};
use pushbench_transport::envelope::{self, End, Stamp};
use pushbench_transport::server::{Refusal, TopicName, TopicRef};
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::rc::Rc;
use tokio::sync::Notify;

use crate::config::Answering;
use crate::reserved::Reserved;
use crate::server::{Counter, Server};

/// Overdue parts published before other tasks get their turn.
const BURST: u32 = 64;

/// The answers of one target.
pub(crate) struct Answers {
    answering: Option<Answering>,
    reserved: Rc<Reserved>,
    schedule: RefCell<Schedule>,
    /// The first due instant is earlier than it was.
    earlier: Notify,
    /// The phases in whose terms lateness is recorded, once there are any.
    pub(crate) edges: Cell<Option<PhaseEdges>>,
    pub(crate) begun: Counter,
    pub(crate) ended: Counter,
    /// Parts and ends that were due and found no room.
    pub(crate) unpublished: Counter,
}

/// Answers under way, in the order in which their next parts are due. Pure: no clock.
#[derive(Debug, Default)]
struct Schedule {
    topics: HashMap<TopicName, Asked>,
    /// By the number of their beginning.
    going: HashMap<u64, Going>,
    /// When which answer goes on; of some that are given up too.
    due: BinaryHeap<Reverse<(u64, u64)>>,
    begun: u64,
}

/// What was asked for last in a topic.
#[derive(Debug, Clone, Copy)]
struct Asked {
    ask: u64,
    /// Under which number the answer is under way.
    going: Option<u64>,
}

/// How far an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More is to come.
    UnderWay,
    /// It has ended.
    Over,
}

#[derive(Debug)]
struct Going {
    topic: Rc<TopicName>,
    ask: u64,
    answer: Answer,
    /// Parts that had their turn.
    parts: u32,
}

/// What is due of an answer at one instant.
#[derive(Debug, Clone, PartialEq)]
struct Instalment {
    topic: Rc<TopicName>,
    ask: u64,
    due_ns: u64,
    /// Number and size of the part; none of an answer without parts.
    part: Option<(u64, u32)>,
    /// How many parts the answer had, if it ends here.
    end: Option<u32>,
}

impl Schedule {
    /// Begins an answer; false when the topic has one under way.
    fn begin(&mut self, topic: &TopicName, ask: u64, answer: Answer, arrival_ns: u64) -> bool {
        let number = self.begun;
        let asked = self.topics.entry(topic.clone()).or_insert(Asked { ask, going: None });
        if asked.going.is_some() {
            return false;
        }
        *asked = Asked { ask, going: Some(number) };
        self.begun += 1;
        self.due.push(Reverse((arrival_ns.saturating_add(answer.first_ns), number)));
        self.going.insert(number, Going { topic: Rc::new(topic.clone()), ask, answer, parts: 0 });
        true
    }

    /// When something is due next.
    fn next_ns(&mut self) -> Option<u64> {
        // Those that are given up are passed over, each once.
        while let Some(Reverse((due_ns, number))) = self.due.peek() {
            if self.going.contains_key(number) {
                return Some(*due_ns);
            }
            self.due.pop();
        }
        None
    }

    /// What is due next, if it is due by now.
    fn take(&mut self, now_ns: u64) -> Option<Instalment> {
        let due_ns = self.next_ns().filter(|due_ns| *due_ns <= now_ns)?;
        let Reverse((_, number)) = self.due.pop()?;
        let Going { topic, ask, answer, parts } = self.going.get_mut(&number)?;
        let (topic, ask) = (Rc::clone(topic), *ask);
        let at = *parts as usize;
        let part = answer.sizes.get(at).map(|size| (at as u64 + 1, *size));
        *parts += 1;
        let count = answer.parts();
        if *parts < count {
            let gap_ns = answer.gaps_ns.get(at).copied().unwrap_or_default();
            self.due.push(Reverse((due_ns.saturating_add(gap_ns), number)));
            return Some(Instalment { topic, ask, due_ns, part, end: None });
        }
        self.remove(number);
        Some(Instalment { topic, ask, due_ns, part, end: Some(count) })
    }

    fn remove(&mut self, number: u64) {
        let Some(going) = self.going.remove(&number) else { return };
        if let Some(asked) = self.topics.get_mut(&*going.topic) {
            asked.going = None;
        }
    }

    /// Gives up the answer to that ask, if it is under way, and forgets that it was asked for: topics that are known by
    /// given up asks alone would be without number. True when it was.
    fn give_up(&mut self, topic: &str, ask: u64) -> bool {
        let is_under_way = self.topics.get(topic).is_some_and(|asked| asked.going.is_some());
        is_under_way && self.forget(topic, ask)
    }

    /// Forgets that this was asked for, be the answer under way or over. True when it was the last that was.
    fn forget(&mut self, topic: &str, ask: u64) -> bool {
        let Some(asked) = self.topics.get(topic).filter(|asked| asked.ask == ask) else { return false };
        if let Some(number) = asked.going {
            self.going.remove(&number);
        }
        self.topics.remove(topic);
        true
    }
}

impl Answers {
    pub(crate) fn new(answering: Option<Answering>, reserved: Rc<Reserved>) -> Self {
        Self {
            answering,
            reserved,
            schedule: RefCell::default(),
            earlier: Notify::new(),
            edges: Cell::new(None),
            begun: Counter::default(),
            ended: Counter::default(),
            unpublished: Counter::default(),
        }
    }

    /// Begins the answer to an ask that has just come.
    ///
    /// # Errors
    /// `404` where asks are not answered, and `409` while the topic has an answer, or a schedule that is not of answers.
    pub(crate) fn begin(&self, topic: TopicRef<'_>, ask: u64, arrival_ns: u64) -> Result<(), Refusal> {
        let Some(Answering { answers, size, seed }) = &self.answering else {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "this target answers no asks"));
        };
        if self.reserved.forbids_asks(topic.as_str(), arrival_ns) {
            let why = "a schedule has this topic to itself until its end; other topics are open";
            return Err(Refusal::new(StatusCode::CONFLICT, why));
        }
        let mut schedule = self.schedule.borrow_mut();
        let next_ns = schedule.next_ns();
        if !schedule.begin(&topic.to_name(), ask, answer(answers, *size, *seed, ask), arrival_ns) {
            let why = "this topic has an answer under way; one ends before the next begins";
            return Err(Refusal::new(StatusCode::CONFLICT, why));
        }
        self.begun.count();
        if schedule.next_ns() != next_ns {
            self.earlier.notify_one();
        }
        Ok(())
    }

    /// How far the answer is that was begun last in the topic.
    ///
    /// # Errors
    /// `404` when it is another one.
    pub(crate) fn progress(&self, topic: TopicRef<'_>, ask: u64) -> Result<Progress, Refusal> {
        let schedule = self.schedule.borrow();
        match schedule.topics.get(topic.as_str()) {
            Some(Asked { ask: last, going }) if *last == ask => {
                Ok(if going.is_some() { Progress::UnderWay } else { Progress::Over })
            }
            _ => Err(Refusal::new(StatusCode::NOT_FOUND, "this topic has no such answer")),
        }
    }

    /// Nobody can have that answer any more.
    pub(crate) fn give_up(&self, topic: &TopicName, ask: u64) {
        if self.schedule.borrow_mut().give_up(topic.as_str(), ask) {
            self.ended.count();
        }
    }

    /// Nobody gets what was due of that answer now, so nobody gets the whole of it.
    fn lose(&self, topic: &TopicName, ask: u64) {
        self.unpublished.count();
        let mut schedule = self.schedule.borrow_mut();
        let going = schedule.going.len();
        schedule.forget(topic.as_str(), ask);
        if schedule.going.len() < going {
            self.ended.count();
        }
    }

    /// Answers that have begun and not ended.
    pub(crate) fn under_way(&self) -> u64 {
        self.schedule.borrow().going.len() as u64
    }

    fn take(&self, now_ns: u64) -> Option<Instalment> {
        let due = self.schedule.borrow_mut().take(now_ns)?;
        if due.end.is_some() {
            self.ended.count();
        }
        Some(due)
    }
}

/// Publishes what is due. Never returns.
pub(crate) async fn run(server: Rc<Server>, alarm: Alarm) {
    let answers = &server.answers;
    let mut sleep = alarm.until(u64::MAX);
    let mut burst = 0;
    loop {
        if let Some(due) = answers.take(now_ns()) {
            if burst == BURST {
                tokio::task::yield_now().await;
                burst = 0;
            }
            burst += 1;
            publish(&server, &due, now_ns());
            continue;
        }
        burst = 0;
        let next_ns = answers.schedule.borrow_mut().next_ns();
        sleep.reset(next_ns.unwrap_or(u64::MAX));
        tokio::select! {
            biased;
            () = &mut sleep => {}
            () = answers.earlier.notified() => {}
        }
    }
}

fn publish(server: &Server, due: &Instalment, published_ns: u64) {
    let Instalment { topic, ask, due_ns, part, end } = due;
    let part = part.map(|(n, size)| {
        let mut payload = Vec::with_capacity(size as usize);
        let stamp = Stamp { n, due_ns: *due_ns, published_ns };
        envelope::encode(stamp, topic.as_str(), size as usize, &mut payload);
        text(payload)
    });
    let is_part = part.is_some();
    let end = end.map(|parts| {
        let mut payload = Vec::new();
        envelope::encode_end(End { parts, ask: *ask }, topic.as_str(), &mut payload);
        text(payload)
    });
    // Refused only where others have taken all the room there is.
    if server.publish_answer(topic, published_ns, part, end).is_err() {
        server.answers.lose(topic, *ask);
        server.driver.borrow_mut().lose_answer(topic.as_topic_ref(), *ask, published_ns);
        server.note_emptiness();
        return;
    }
    if let (true, Some(edges)) = (is_part, server.answers.edges.get()) {
        let slip_us = micros(published_ns.saturating_sub(*due_ns));
        server.histograms.borrow_mut().record(Figure::Slip, edges.phase_at(*due_ns), slip_us);
    }
}

/// An envelope is ASCII.
fn text(payload: Vec<u8>) -> String {
    String::from_utf8(payload).unwrap_or_default()
}

#[cfg(test)]
mod tests;
