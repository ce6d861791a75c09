//! What a client's state machine tells during one input, on its way into the record.

use pushbench_transport::client::{Direction, Note, Observer, Part};

use super::Recorder;
use crate::answers::Over;

/// The recorder as seen by one client's state machine during one input.
pub(crate) struct ClientObserver<'a> {
    pub(crate) recorder: &'a mut Recorder,
    pub(crate) client: u32,
    /// The instant of the input.
    pub(crate) now_ns: u64,
}

impl Observer for ClientObserver<'_> {
    fn event(&mut self, payload: &[u8]) {
        self.recorder.event(self.client, payload, self.now_ns);
    }

    fn ready(&mut self) {
        self.recorder.ready(self.client, self.now_ns);
    }

    fn note(&mut self, note: Note) {
        if self.recorder.accounts.get(self.client as usize).is_some_and(|account| account.slow) {
            return self.recorder.note_slow(note);
        }
        let counters = &mut self.recorder.counters;
        let counter = match note {
            Note::Request => &mut counters.requests,
            Note::EmptyReply => &mut counters.empty_replies,
            Note::Gap => &mut counters.gaps,
            Note::PollLate => &mut counters.polls_late,
            Note::PollSkipped => &mut counters.polls_skipped,
            Note::ErrorReply => &mut counters.error_replies,
            Note::ProtocolError => &mut counters.protocol_errors,
            Note::Timeout => &mut counters.timeouts,
            Note::CutShort => return self.recorder.answer_is_over(self.client, Over::CutShort),
        };
        *counter += 1;
    }

    fn reclassify(&mut self, direction: Direction, part: Part, bytes: u64) {
        let stream = match direction {
            Direction::Down => &mut self.recorder.counters.down,
            Direction::Up => &mut self.recorder.counters.up,
        };
        let bytes = bytes.cast_signed();
        stream.framing -= bytes;
        match part {
            Part::EmptyPoll => stream.empty_polls += bytes,
            Part::Connecting => stream.connecting += bytes,
            Part::Message => stream.payload += bytes,
        }
    }
}
