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

/// Whether an answer is under way. Of each ask comes its end or [`Note::CutShort`], and after that nothing.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// The ask whose answer is under way.
    ask: Option<u64>,
    /// What comes may be of an answer that was given up, until that one's end or another one's first part.
    stale: bool,
}

impl Turn {
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

    /// Whether an event belongs to the answer under way.
    fn takes(&mut self, payload: &[u8]) -> bool {
        let is_end = envelope::is_end(payload).is_some();
        if self.stale {
            let is_first = || envelope::stamp_of(payload).is_some_and(|stamp| stamp.n == 1);
            let begins = self.ask.is_some() && is_first();
            if begins || is_end {
                self.stale = false;
            }
            if !begins {
                return false;
            }
        }
        let takes = self.ask.is_some();
        if is_end {
            self.ask = None;
        }
        takes
    }
}

/// Looks on what a half finds, and passes on what belongs to the answer under way.
pub(crate) struct Watch<'a> {
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) turn: &'a mut Turn,
    /// Whether the transport has become ready.
    pub(crate) became_ready: bool,
}

impl Observer for Watch<'_> {
    fn event(&mut self, payload: &[u8]) {
        if let Some(ask) = refused_ask(payload) {
            if self.turn.ask == Some(ask) {
                self.observer.note(Note::ErrorReply);
                self.turn.cut_short(self.observer);
            }
        } else if self.turn.takes(payload) {
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
            self.turn.give_up(self.observer);
        }
    }

    fn reclassify(&mut self, direction: Direction, part: Part, bytes: u64) {
        self.observer.reclassify(direction, part, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Stamp;
    use crate::scripted::Seen;
    use proptest::prelude::*;

    fn part(n: u64) -> Vec<u8> {
        let mut out = Vec::new();
        envelope::encode(Stamp { n, due_ns: 1, published_ns: 2 }, "t7", 0, &mut out);
        out
    }

    fn end() -> Vec<u8> {
        let mut out = Vec::new();
        envelope::encode_end(3, "t7", &mut out);
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
        let (mut turn, mut seen) = (Turn::default(), Seen::default());
        turn.begin(1);
        assert!(turn.takes(&part(1)) && turn.takes(&part(2)));
        turn.give_up(&mut seen);
        turn.give_up(&mut seen);
        assert_eq!(seen.notes, [Note::CutShort], "once");
        turn.begin(2);
        assert!(!turn.takes(&part(3)) && !turn.takes(&end()), "still the first one's");
        assert!(turn.takes(&part(1)) && turn.takes(&end()));
        assert!(!turn.takes(&part(9)), "nobody asked");
        // The first one's end has come while nobody was there.
        turn.begin(3);
        turn.give_up(&mut seen);
        turn.begin(4);
        assert!(turn.takes(&part(1)) && turn.takes(&end()));
        assert_eq!(turn.ask(), None);
    }

    proptest! {
        #[test]
        fn any_message_is_safe(message: String) {
            let _ = (Ask::of(&message), refused_ask(message.as_bytes()));
        }
    }
}
