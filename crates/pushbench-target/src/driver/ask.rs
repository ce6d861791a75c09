//! From the bytes of a request to its answer: which requests are served here, and how the answer begins.

use pushbench_transport::server::{
    Answer, Parsed, Query, Question, Refusal, ReplyForm, RequestHead, Start, parse,
};

use super::Driver;
use super::connection::{Ends, Farewell, HeadFrom, Mode};
use crate::config::allows;
use crate::golden;
use crate::key::Key;

/// What was made of a head.
enum Understood {
    /// Answered, or on the way to it.
    Served,
    /// Not a plain request for events.
    Foreign,
}

impl Driver {
    /// Serves the request at the front of `bytes` and returns how many bytes it had; `None` when they are all gone,
    /// because they are kept as the beginning of a head or lent with their connection.
    pub(super) fn ask(&mut self, key: Key, bytes: &[u8], now_ns: u64) -> Option<usize> {
        let head_from = self.get(key)?.head_from;
        let head_bytes = self.limits.head_bytes;
        // A longer head from the HTTP library was found short enough there, and is only written otherwise.
        let seen = match head_from {
            HeadFrom::Here => &bytes[..head_bytes.min(bytes.len())],
            HeadFrom::Library => bytes,
        };
        let mut out = std::mem::take(&mut self.out);
        let parsed = parse(seen, |head| self.understand(key, head, &mut out, now_ns));
        self.out = out;
        match parsed {
            Parsed::Complete(Understood::Served, size) => {
                if let Some(connection) = self.get(key) {
                    connection.head_from = HeadFrom::Here;
                }
                Some(size)
            }
            Parsed::Partial if bytes.len() <= head_bytes => {
                let connection = self.get(key)?;
                connection.pipe.patience.received(|| now_ns);
                connection.input = bytes.to_vec();
                None
            }
            _ if head_from == HeadFrom::Library => {
                self.refuse_head(key, now_ns);
                None
            }
            _ => {
                self.lend(key, bytes.to_vec());
                None
            }
        }
    }

    fn understand(&mut self, key: Key, head: &RequestHead<'_>, out: &mut Vec<u8>, now_ns: u64) -> Understood {
        let counted = self.get(key).is_none_or(|connection| connection.head_from == HeadFrom::Library);
        let Some((settings, methods)) = self.settings.at(head.path) else { return Understood::Foreign };
        // Whatever is wrong with it, the HTTP library's side says so.
        let hosts = head.headers().filter(|(name, _)| name.eq_ignore_ascii_case("host")).count();
        let has_host = hosts == 1 || (hosts == 0 && head.minor_version == 0);
        if !allows(methods, head.method) || !has_host || head.has_body() {
            return Understood::Foreign;
        }
        // One that came from the HTTP library was counted there.
        if !counted {
            self.counters.requests.count();
        }
        self.asked += 1;
        let jitter = golden::nth(self.asked) * 2.0 - 1.0;
        let mut form = ReplyForm::of(head);
        form.keeps_connection &= !self.closing;
        let date = self.date.at(now_ns);
        out.clear();
        let answer = Query::parse(head.query).and_then(|query| {
            let question = Question { head, query: &query, form, date, now_ns, jitter };
            settings.serve(&question, out).map(|answer| (query, answer))
        });
        if let Some(connection) = self.get(key) {
            connection.pipe.patience.called();
        }
        let refused = match answer {
            Ok((query, answer)) => self.begin(key, (head.path, &query), answer, form, out, now_ns),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = refused {
            self.refuse_request(key, &refusal, form, out, now_ns);
        }
        Understood::Served
    }

    fn begin(
        &mut self,
        key: Key,
        (path, query): (&str, &Query<'_>),
        answer: Answer,
        form: ReplyForm,
        out: &mut Vec<u8>,
        now_ns: u64,
    ) -> Result<(), Refusal> {
        let topic = query.topic();
        match (answer, query.ask) {
            (Answer::Whole, _) => {
                self.reply(key, out, form, Farewell::Close, now_ns);
                Ok(())
            }
            (Answer::Ticket(form), Some(ask)) => self.give_ticket(key, (path, topic, ask), form, out, now_ns),
            (Answer::Asked(stream), Some(ask)) => {
                self.begin_answer(topic, ask, now_ns)?;
                self.open(key, topic, stream, Ends::WithItsAnswer(ask), out, now_ns)
            }
            (Answer::AskedAgain(stream), Some(ask)) => match stream.start() {
                Start::Now => {
                    self.begin_answer(topic, ask, now_ns)?;
                    self.open(key, topic, stream, Ends::WithAnAnswer(ask), out, now_ns)
                }
                Start::After(after) => {
                    self.resume_answer(key, (topic, ask, after), stream, form, out, now_ns)
                }
            },
            (Answer::Poll(poll), ask) => {
                if let Some(ask) = ask {
                    self.answers.progress(topic, ask)?;
                }
                self.poll(key, topic, poll, out, now_ns)
            }
            (Answer::Stream(stream) | Answer::Asked(stream) | Answer::AskedAgain(stream), _) => {
                self.open(key, topic, stream, Ends::Never, out, now_ns)
            }
            (Answer::Ticket(_), None) => Err(Refusal::bad_request("nothing is asked for")),
        }
    }

    fn refuse_request(
        &mut self,
        key: Key,
        refusal: &Refusal,
        form: ReplyForm,
        out: &mut Vec<u8>,
        now_ns: u64,
    ) {
        self.counters.error_replies.count();
        out.clear();
        refusal.write(form, self.date.at(now_ns), out);
        // Bytes of the request may still be under way.
        self.reply(key, out, form, Farewell::Linger, now_ns);
    }

    /// A head that came from the HTTP library and is not understood here: it has more fields than are read.
    fn refuse_head(&mut self, key: Key, now_ns: u64) {
        let form =
            ReplyForm { head_only: false, other_origin: false, minor_version: 1, keeps_connection: false };
        let refusal = Refusal::new(
            hyper::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "the head of the request has too many fields",
        );
        let mut out = std::mem::take(&mut self.out);
        self.refuse_request(key, &refusal, form, &mut out, now_ns);
        self.out = out;
    }

    /// Writes a whole reply, and says farewell if its form has it that it is the last.
    pub(super) fn reply(&mut self, key: Key, reply: &[u8], form: ReplyForm, farewell: Farewell, now_ns: u64) {
        let Some(connection) = self.get(key) else { return };
        connection.mode = Mode::Asking;
        connection.pipe.patience.answered(now_ns);
        if connection.pipe.write(reply, now_ns).is_err() {
            return self.close(key);
        }
        self.note_blocked(key);
        let Some(connection) = self.get(key) else { return };
        if !form.keeps_connection {
            connection.mode = Mode::Ending(farewell);
            self.advance(key, now_ns);
        } else if !connection.input.is_empty() {
            self.resume_later(key);
        }
    }
}
