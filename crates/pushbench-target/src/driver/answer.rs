//! Asks and their answers, as far as connections are concerned: how one begins, and how a response ends with it.

use pushbench_transport::asking::Ask;
use pushbench_transport::polling::serve::{write_nothing, write_ticket};
use pushbench_transport::server::{Refusal, ReplyForm, Stream, TopicRef};

use super::Driver;
use super::connection::{Ends, Farewell, Mode};
use crate::answers::Progress;
use crate::key::Key;

impl Driver {
    /// Begins the answer to an ask; returns the newest id before it.
    ///
    /// # Errors
    /// [`Refusal`] when there is none for it, or no room for its topic.
    pub(super) fn begin_answer(
        &mut self,
        topic: TopicRef<'_>,
        ask: u64,
        now_ns: u64,
    ) -> Result<u64, Refusal> {
        self.answers.begin(topic, ask, now_ns)?;
        let newest = self.hub.newest(topic);
        if newest.is_err() {
            self.answers.give_up(&topic.to_name(), ask);
        }
        newest
    }

    /// Begins the answer to an ask, and says where it is to be found.
    ///
    /// # Errors
    /// As [`Driver::begin_answer`].
    pub(super) fn give_ticket(
        &mut self,
        key: Key,
        (path, topic, ask): (&str, TopicRef<'_>, u64),
        form: ReplyForm,
        out: &mut Vec<u8>,
        now_ns: u64,
    ) -> Result<(), Refusal> {
        let cursor = self.begin_answer(topic, ask, now_ns)?;
        out.clear();
        write_ticket(path, topic, ask, cursor, form, self.date.at(now_ns), out);
        self.reply(key, out, form, Farewell::Close, now_ns);
        Ok(())
    }

    /// Goes on with an answer that was begun before.
    ///
    /// One that is over and known to its end is a `204`, which tells an `EventSource` to come back no more (WHATWG HTML,
    /// 9.2.3).
    ///
    /// # Errors
    /// [`Refusal`] when the topic has no such answer.
    pub(super) fn resume_answer(
        &mut self,
        key: Key,
        (topic, ask, after): (TopicRef<'_>, u64, u64),
        stream: Box<dyn Stream>,
        form: ReplyForm,
        out: &mut Vec<u8>,
        now_ns: u64,
    ) -> Result<(), Refusal> {
        let progress = self.answers.progress(topic, ask)?;
        if progress == Progress::Over && self.hub.newest(topic)? == after {
            out.clear();
            write_nothing(after, form, self.date.at(now_ns), out);
            self.reply(key, out, form, Farewell::Close, now_ns);
            return Ok(());
        }
        self.open(key, topic, stream, Ends::WithAnAnswer(ask), out, now_ns)
    }

    /// A response has ended with its answer: the connection waits for the next request, if it is kept.
    pub(super) fn answered(&mut self, key: Key, mut form: ReplyForm, now_ns: u64) {
        let Some(connection) = self.get(key) else { return };
        if let Mode::Streaming(streaming) = &mut connection.mode {
            streaming.ends = Ends::Never;
        }
        self.leave_topic(key);
        self.stop_timer(key);
        form.keeps_connection &= !self.closing;
        self.reply(key, &[], form, Farewell::Linger, now_ns);
    }

    /// Tells those who wait for an answer that there will be no more of it: a response ends without its end, a held poll is
    /// answered, and finds out with the next, and on a connection that carries messages the ask is refused.
    pub(crate) fn lose_answer(&mut self, topic: TopicRef<'_>, ask: u64, now_ns: u64) {
        for key in self.hub.subscribers_of(topic) {
            match self.get(key).map(|connection| &connection.mode) {
                Some(Mode::Held(_)) => self.answer_held(key, now_ns),
                Some(Mode::Streaming(streaming)) if streaming.ends == Ends::Never => {
                    self.refuse_message(key, ask, now_ns);
                }
                Some(Mode::Streaming(_)) => self.close(key),
                _ => {}
            }
        }
    }

    /// A client has asked on a connection that carries messages.
    pub(super) fn asked_by_message(&mut self, key: Key, ask: Ask, now_ns: u64) {
        let Some(connection) = self.connections.get(key.place()) else { return };
        let Mode::Streaming(streaming) = &connection.mode else { return };
        let Some(place) = streaming.place else { return };
        let topic = self.hub.name(place).as_topic_ref();
        let (ask, begun) = match ask {
            Ask::New(ask) => (ask, self.answers.begin(topic, ask, now_ns)),
            Ask::Resumed(ask) => (ask, self.answers.progress(topic, ask).map(drop)),
        };
        if begun.is_err() {
            self.counters.error_replies.count();
            self.refuse_message(key, ask, now_ns);
        }
    }

    fn refuse_message(&mut self, key: Key, ask: u64, now_ns: u64) {
        let out = &mut self.out;
        out.clear();
        let Some(connection) = self.connections.get_mut(key.place()) else { return };
        let Mode::Streaming(streaming) = &mut connection.mode else { return };
        streaming.stream.refuse(ask, out);
        if connection.pipe.write(out, now_ns).is_err() {
            self.close(key);
        }
    }
}
