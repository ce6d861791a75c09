//! What the halves that ask have in common (pattern `stream`): when an answer is over, and the words for it on a connection
//! that carries messages.
//!
//! Not a transport of its own: how an ask and its answer travel is decided in the transports' folders.

use crate::client::{Direction, Note, Observer, Part};
use crate::envelope;

const ASK: &str = r#"{"ask":"#;
const RESUME: &str = r#","resume":true"#;
const REFUSED: &str = r#"{"refused":"#;

/// What a client says to ask on a connection that carries messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// For an answer.
    New(u64),
    /// For nothing new: it was cut off from that answer, and wants to be told where there is none of that number.
    Resumed(u64),
}

impl Ask {
    /// The message.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::New(ask) => format!("{ASK}{ask}}}"),
            Self::Resumed(ask) => format!("{ASK}{ask}{RESUME}}}"),
        }
    }

    /// What the message asks for; `None` when it is no ask.
    #[must_use]
    pub fn of(message: &str) -> Option<Self> {
        let rest = message.strip_prefix(ASK)?.strip_suffix('}')?;
        match rest.strip_suffix(RESUME) {
            Some(digits) => number(digits).map(Self::Resumed),
            None => number(rest).map(Self::New),
        }
    }
}

/// What a server says to refuse an ask on such a connection: always a text message.
#[must_use]
pub fn refusal_message(ask: u64) -> String {
    format!("{REFUSED}{ask}}}")
}

/// Which ask is refused; `None` when the message is something else.
#[must_use]
pub fn refused_ask(message: &[u8]) -> Option<u64> {
    number(std::str::from_utf8(message.strip_prefix(REFUSED.as_bytes())?).ok()?.strip_suffix('}')?)
}

/// A whole number without a sign.
fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The answer that a client waits for, if any. Of each ask comes its end or [`Note::CutShort`], and after that nothing.
#[derive(Debug, Default)]
pub(crate) struct Awaited {
    ask: Option<u64>,
    /// What comes may be a part of an answer that was given up, until an end or another one's first part.
    stale: bool,
}

impl Awaited {
    /// Of an ask whose answer comes apart from everything else.
    pub(crate) fn of(ask: u64) -> Self {
        Self { ask: Some(ask), stale: false }
    }

    /// Asks on a connection on which there may be more to come of an answer that was given up.
    pub(crate) fn begin(&mut self, ask: u64) {
        debug_assert!(self.ask.is_none(), "an answer is under way");
        self.ask = Some(ask);
    }

    /// The ask whose answer is under way.
    pub(crate) fn ask(&self) -> Option<u64> {
        self.ask
    }

    /// The answer under way, if any, goes on without this client.
    pub(crate) fn cut_short(&mut self, observer: &mut dyn Observer) {
        if self.ask.take().is_some() {
            observer.note(Note::CutShort);
        }
    }

    /// The same, and what is left of it may still come.
    pub(crate) fn give_up(&mut self, observer: &mut dyn Observer) {
        self.stale |= self.ask.is_some();
        self.cut_short(observer);
    }

    /// Whether an event belongs to the answer under way. An end says to which ask; a part does not.
    fn takes(&mut self, payload: &[u8]) -> bool {
        if let Some(end) = envelope::end_of(payload) {
            self.stale = false;
            return self.ask.take_if(|ask| *ask == end.ask).is_some();
        }
        if self.stale {
            let is_first = envelope::stamp_of(payload).is_some_and(|stamp| stamp.n == 1);
            self.stale = self.ask.is_none() || !is_first;
        }
        self.ask.is_some() && !self.stale
    }
}

/// Looks on what a half finds, and passes on what belongs to the answer under way.
pub(crate) struct Watch<'a> {
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) awaited: &'a mut Awaited,
    /// Whether the transport has become ready.
    pub(crate) became_ready: bool,
}

impl Observer for Watch<'_> {
    fn event(&mut self, payload: &[u8]) {
        if let Some(ask) = refused_ask(payload) {
            if self.awaited.ask == Some(ask) {
                self.observer.note(Note::ErrorReply);
                self.awaited.cut_short(self.observer);
            }
        } else if self.awaited.takes(payload) {
            self.observer.event(payload);
        }
    }

    fn ready(&mut self) {
        self.became_ready = true;
        self.observer.ready();
    }

    fn note(&mut self, note: Note) {
        self.observer.note(note);
        // Parts are gone: the answer cannot be whole any more.
        if note == Note::Gap {
            self.awaited.give_up(self.observer);
        }
    }

    fn reclassify(&mut self, direction: Direction, part: Part, bytes: u64) {
        self.observer.reclassify(direction, part, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::{End, Stamp};
    use crate::scripted::Seen;
    use proptest::prelude::*;

    fn part(n: u64) -> Vec<u8> {
        let mut out = Vec::new();
        envelope::encode(Stamp { n, due_ns: 1, published_ns: 2 }, "t7", 0, &mut out);
        out
    }

    fn end(ask: u64) -> Vec<u8> {
        let mut out = Vec::new();
        envelope::encode_end(End { parts: 3, ask }, "t7", &mut out);
        out
    }

    #[test]
    fn an_ask_is_read_back_and_nothing_else_is_one() {
        for ask in [0, 7, u64::MAX] {
            for said in [Ask::New(ask), Ask::Resumed(ask)] {
                assert_eq!(Ask::of(&said.message()), Some(said));
                assert!(serde_json::from_str::<serde_json::Value>(&said.message()).is_ok());
            }
            assert_eq!(refused_ask(refusal_message(ask).as_bytes()), Some(ask));
        }
        for other in
            ["", "{}", r#"{"ask":}"#, r#"{"ask":-1}"#, r#"{"ask":+1}"#, r#"{"ask":1,"x":2}"#, r#"{"ask":1"#]
        {
            assert_eq!(Ask::of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_left_of_an_answer_that_was_given_up_belongs_to_nobody() {
        let (mut awaited, mut seen) = (Awaited::default(), Seen::default());
        awaited.begin(1);
        assert!(awaited.takes(&part(1)) && awaited.takes(&part(2)));
        awaited.give_up(&mut seen);
        awaited.give_up(&mut seen);
        assert_eq!(seen.notes, [Note::CutShort], "once");
        awaited.begin(2);
        assert!(!awaited.takes(&part(3)) && !awaited.takes(&end(1)), "still the first one's");
        assert!(awaited.takes(&part(1)) && awaited.takes(&end(2)));
        assert!(!awaited.takes(&part(9)) && !awaited.takes(&end(9)), "nobody asked");
        // The end of one that was given up has come while nobody was there.
        awaited.begin(3);
        awaited.give_up(&mut seen);
        awaited.begin(4);
        assert!(awaited.takes(&part(1)) && awaited.takes(&end(4)));
        assert_eq!(awaited.ask(), None);
    }

    #[test]
    fn an_end_is_that_of_its_ask_whatever_was_lost_before_it() {
        let (mut awaited, mut seen) = (Awaited::default(), Seen::default());
        awaited.begin(1);
        awaited.give_up(&mut seen);
        awaited.begin(2);
        // Neither the end of the first nor the first part of the second has come: whose this one is nobody knows.
        assert!(!awaited.takes(&part(2)));
        assert!(awaited.takes(&end(2)), "but the end is the second one's");
        awaited.begin(3);
        assert!(awaited.takes(&part(2)) && !awaited.takes(&end(2)), "a late end ends nothing");
        assert!(awaited.takes(&part(3)) && awaited.takes(&end(3)));
        assert_eq!(seen.notes, [Note::CutShort]);
    }

    proptest! {
        #[test]
        fn any_message_is_safe(message: String) {
            let _ = (Ask::of(&message), refused_ask(message.as_bytes()));
        }
    }
}
