//! Polls: answered at once, or held until there is something to tell.

use pushbench_transport::polling::serve::write;
use pushbench_transport::server::{Hold, PollAnswer, Refusal, ReplyForm, Start, TopicRef};

use super::Driver;
use super::connection::{Farewell, Held, Mode, Waits};
use crate::hub::Pace;
use crate::key::Key;

impl Driver {
    /// Answers a poll or holds it.
    ///
    /// # Errors
    /// [`Refusal`] when the hub takes no more topics.
    pub(super) fn poll(
        &mut self,
        key: Key,
        topic: TopicRef<'_>,
        poll: PollAnswer,
        out: &mut Vec<u8>,
        now_ns: u64,
    ) -> Result<(), Refusal> {
        let bounds = self.bounds();
        self.hub.read(topic, poll.start, bounds, &mut self.batch);
        let Some(Hold { until_ns, look_every_ns }) =
            poll.hold.filter(|_| self.batch.is_empty() && !self.closing)
        else {
            self.note_skipped(poll.start);
            self.answer_poll(key, poll.form, out, now_ns);
            return Ok(());
        };
        // "From now on" is the moment the request came, not the moment of the last look.
        let after = self.batch.cursor;
        let (waits, wake_ns) = match look_every_ns {
            None => {
                let place = self.hub.subscribe(topic, Start::After(after), Pace::Once, key)?;
                (Waits::At(place), until_ns)
            }
            Some(every_ns) => (
                Waits::Looking { topic: topic.to_name(), every_ns },
                until_ns.min(now_ns.saturating_add(every_ns)),
            ),
        };
        if let Some(connection) = self.get(key) {
            connection.mode = Mode::Held(Held { after, until_ns, waits, form: poll.form });
        }
        self.set_timer(key, wake_ns);
        Ok(())
    }

    /// Writes what is in the batch.
    fn answer_poll(&mut self, key: Key, mut form: ReplyForm, out: &mut Vec<u8>, now_ns: u64) {
        // It may have been held when the target began to shut down.
        form.keeps_connection &= !self.closing;
        if !form.head_only {
            self.hub.sent += self.batch.events.len() as u64;
        }
        out.clear();
        write(&self.batch, form, self.date.at(now_ns), out);
        // The ring alone decides how long events are kept.
        self.batch.events.clear();
        self.reply(key, out, form, Farewell::Close, now_ns);
    }

    /// Answers a held poll with what there is, be it nothing.
    pub(super) fn answer_held(&mut self, key: Key, now_ns: u64) {
        let bounds = self.bounds();
        let Some(connection) = self.connections.get_mut(key.place()) else { return };
        let Mode::Held(Held { after, waits, form, .. }) = &connection.mode else { return };
        let (form, start) = (*form, Start::After(*after));
        match waits {
            Waits::At(place) => {
                let place = *place;
                self.hub.read_at(place, start, bounds, &mut self.batch);
                self.hub.unsubscribe(place);
            }
            Waits::Looking { topic, .. } => {
                self.hub.read(topic.as_topic_ref(), start, bounds, &mut self.batch);
            }
        }
        connection.mode = Mode::Asking;
        self.note_skipped(start);
        self.stop_timer(key);
        let mut out = std::mem::take(&mut self.out);
        self.answer_poll(key, form, &mut out, now_ns);
        self.out = out;
    }

    /// The time of a held poll has come: to be answered, or to look.
    pub(super) fn look(&mut self, key: Key, now_ns: u64) {
        let bounds = self.bounds();
        let Some(connection) = self.connections.get_mut(key.place()) else { return };
        let Mode::Held(Held { after, until_ns, waits, .. }) = &connection.mode else { return };
        let (after, until_ns) = (*after, *until_ns);
        if let Waits::Looking { topic, every_ns } = waits
            && now_ns < until_ns
        {
            let next_ns = until_ns.min(now_ns.saturating_add(*every_ns));
            self.hub.read(topic.as_topic_ref(), Start::After(after), bounds, &mut self.batch);
            let nothing = self.batch.is_empty();
            self.batch.events.clear();
            if nothing {
                return self.set_timer(key, next_ns);
            }
        }
        self.answer_held(key, now_ns);
    }
}
