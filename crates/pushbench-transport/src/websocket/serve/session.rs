//! The connection of one subscriber: events out, pings out, and the peer's messages in.
//!
//! An idle connection is this struct and nothing else.

use hyper::StatusCode;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::Settings;
use super::closing::{Ending, PATIENCE};
use super::handshake::{Accept, accept};
use super::peer::{Heard, Peer};
use crate::Kind;
use crate::asking::refusal_message;
use crate::http::Framing;
use crate::server::{Event, Go, Question, Refusal, ReplyForm, Start, Stream};
use crate::websocket::settings::Encoding;
use crate::websocket::wire::{CURSOR_HEADER, gap_message};

/// Pings without any sign of life after which the peer is taken for dead.
const SILENT_PINGS_MAX: u8 = 2;

/// The serving half of one connection.
#[derive(Debug)]
pub(super) struct Session {
    stage: Stage,
    /// 0 for no pings.
    ping_interval_ns: u64,
    encoding: Encoding,
    /// Pings since the last sign of life.
    silent_pings: u8,
}

#[derive(Debug)]
enum Stage {
    /// The `101` is yet to be sent.
    Upgrading {
        start: Start,
        accept: Accept,
        form: ReplyForm,
    },
    Open(Peer),
    /// This side has sent a close and waits for the peer's.
    Closing(Peer),
}

impl Session {
    pub(super) fn new(settings: &Settings, question: &Question<'_>) -> Result<Self, Refusal> {
        let Question { head, query, form, .. } = *question;
        let stage = Stage::Upgrading { start: query.start, accept: accept(head)?, form };
        let Settings { encoding, ping_interval, .. } = *settings;
        Ok(Self { stage, ping_interval_ns: ping_interval.as_ns(), encoding, silent_pings: 0 })
    }

    fn ping_at(&self, now_ns: u64) -> Go {
        match self.ping_interval_ns {
            0 => Go::On,
            interval_ns => Go::WakeAt(now_ns.saturating_add(interval_ns)),
        }
    }

    /// Sends a close, and goes on until the peer has answered it.
    fn close(&mut self, ending: Ending, now_ns: u64, out: &mut Vec<u8>) -> Go {
        let Ending::Close(code, reason) = ending else { return Go::End };
        let Stage::Open(peer) = &mut self.stage else { return Go::End };
        peer.close(CloseFrame { code, reason: reason.into() }, out);
        let peer = std::mem::replace(peer, Peer::new());
        self.stage = Stage::Closing(peer);
        Go::Closing { until_ns: now_ns.saturating_add(PATIENCE.as_nanos() as u64) }
    }
}

impl Stream for Session {
    fn start(&self) -> Start {
        match self.stage {
            Stage::Upgrading { start, .. } => start,
            Stage::Open(_) | Stage::Closing(_) => Start::Now,
        }
    }

    fn open(&mut self, cursor: u64, date: &str, now_ns: u64, out: &mut Vec<u8>) -> Go {
        if let Stage::Upgrading { accept, form, .. } = &self.stage {
            let response = form
                .begin(StatusCode::SWITCHING_PROTOCOLS, out)
                .header("connection", "Upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-accept", accept)
                // After which event the subscription begins.
                .number(CURSOR_HEADER, cursor);
            form.with_origin(response).end(Framing::None, date);
            self.stage = Stage::Open(Peer::new());
        }
        self.ping_at(now_ns)
    }

    fn event<'e>(&self, event: &'e Event) -> &'e [u8] {
        event.encoded(Kind::WebSocket, |event| {
            // The payload is known to be UTF-8.
            let opcode = match self.encoding {
                Encoding::Text => Data::Text,
                Encoding::Binary => Data::Binary,
            };
            let mut out = Vec::new();
            put_frame(OpCode::Data(opcode), event.payload(), &mut out);
            out.into()
        })
    }

    fn gap(&mut self, oldest: u64, out: &mut Vec<u8>) {
        put_frame(OpCode::Data(Data::Text), gap_message(oldest).as_bytes(), out);
    }

    fn refuse(&mut self, ask: u64, out: &mut Vec<u8>) {
        if matches!(self.stage, Stage::Open(_)) {
            put_frame(OpCode::Data(Data::Text), refusal_message(ask).as_bytes(), out);
        }
    }

    fn woken(&mut self, now_ns: u64, _: u64, out: &mut Vec<u8>) -> Go {
        if !matches!(self.stage, Stage::Open(_)) {
            return Go::End;
        }
        if self.silent_pings >= SILENT_PINGS_MAX {
            return self.close(Ending::Close(CloseCode::Error, "no answer to pings"), now_ns, out);
        }
        self.silent_pings += 1;
        put_frame(OpCode::Control(Control::Ping), b"", out);
        self.ping_at(now_ns)
    }

    fn received(&mut self, bytes: &[u8], _: u64, said: &mut Vec<String>, out: &mut Vec<u8>) -> Go {
        self.silent_pings = 0;
        let (peer, is_closing) = match &mut self.stage {
            Stage::Upgrading { .. } => return Go::On,
            Stage::Open(peer) => (peer, false),
            Stage::Closing(peer) => (peer, true),
        };
        match peer.feed(bytes, is_closing, said, out) {
            Heard::Nothing => Go::On,
            Heard::Close => Go::End,
            Heard::Fault(error) => {
                // Its further bytes mean nothing, so there is no answer to wait for.
                if let Ending::Fail(code, reason) = Ending::of(&error) {
                    peer.close(CloseFrame { code, reason: reason.into() }, out);
                }
                Go::End
            }
        }
    }

    fn shut_down(&mut self, now_ns: u64, out: &mut Vec<u8>) -> Go {
        self.close(Ending::AWAY, now_ns, out)
    }
}

/// Appends a whole message, as a server sends it: not masked (RFC 6455, section 5.1).
fn put_frame(opcode: OpCode, payload: &[u8], out: &mut Vec<u8>) {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    let length = payload.len() as u64;
    out.reserve(header.len(length) + payload.len());
    // Writing to a Vec cannot fail.
    let _ = header.format(length, out);
    out.extend_from_slice(payload);
}
