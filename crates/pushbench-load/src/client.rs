//! The life of one client: the only loop there is, for every transport.
//!
//! It connects when the transport's client half says so, stamps every read at its return and before any parsing,
//! hands the bytes over, and writes what the half wants written. Bytes are read into one buffer per thread; a client
//! that waits for an event owns no buffer. It decides nothing about protocol, reconnecting or pacing.

use pushbench_probe::socket::{client_socket, end_of_writing};
use pushbench_probe::{alarm::Sleep, clock::now_ns, limits::is_exhaustion};
use pushbench_transport::client::{Closed, Io, Reopen, Step, Subscriber};
use std::future::{Future as _, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::futures::Notified;

use crate::recorder::ClientObserver;
use crate::shared::Shared;

/// How long a connect may take, the kernel's own retries included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads in a row from one socket before other clients get their turn.
const READS_IN_A_ROW: usize = 16;

/// One client of a worker.
pub(crate) struct Client {
    pub(crate) shared: Rc<Shared>,
    /// Its account.
    pub(crate) index: usize,
    pub(crate) target: SocketAddr,
    pub(crate) half: Box<dyn Subscriber>,
    /// What the socket did not take yet; empty nearly always.
    pub(crate) unsent: Vec<u8>,
}

/// What ends the life of a connection.
#[derive(Debug, Clone, Copy)]
enum Next {
    Open { at_ns: u64, why: Reopen },
    End,
}

/// What a connection waits for.
enum Wake {
    Readable,
    Writable,
    Timer,
    Stop,
}

/// The word to stop: waited for until it comes, once.
enum Stop<'a, 'b> {
    Open(Pin<&'a mut Notified<'b>>),
    Told,
}

impl Stop<'_, '_> {
    /// Makes sure that a word from now on is heard.
    fn enable(&mut self) {
        if let Self::Open(notified) = self {
            notified.as_mut().enable();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self::Open(notified) = self else { return Poll::Pending };
        let told = notified.as_mut().poll(cx);
        if told.is_ready() {
            *self = Self::Told;
        }
        told
    }

    fn was_told(&self) -> bool {
        matches!(self, Self::Told)
    }
}

/// What a step of the half means for the connection at hand.
enum After {
    Hold,
    Leave(Next),
}

impl Client {
    /// Lives until the half says [`Step::End`] or the worker stops.
    pub(crate) async fn live(mut self, arrival_ns: u64) {
        let mut next = Next::Open { at_ns: arrival_ns, why: Reopen::Planned };
        while let Next::Open { at_ns, why } = next {
            self.shared.alarm.until(at_ns).await;
            if self.shared.is_over() {
                return;
            }
            let shared = Rc::clone(&self.shared);
            let _held = shared.hold();
            next = match self.connect().await {
                Ok(stream) => {
                    self.shared.recorder.borrow_mut().connected(why);
                    // Dropped before the stream: it takes the last reading.
                    let _metered = self.shared.meter.watch(&stream);
                    let next = if shared.is_over() {
                        self.see_off(&stream).await;
                        Next::End
                    } else {
                        self.hold(&stream).await
                    };
                    self.shared.recorder.borrow_mut().counters.closed += 1;
                    next
                }
                Err(error) => self.connect_failed(&error),
            };
            if !matches!(next, Next::Open { why: Reopen::Planned, .. }) {
                self.shared.recorder.borrow_mut().lost_connection(self.index);
            }
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = client_socket(self.target, self.shared.source)?;
        match tokio::time::timeout(CONNECT_TIMEOUT, socket.connect(self.target)).await {
            Ok(connected) => connected,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn connect_failed(&mut self, error: &io::Error) -> Next {
        {
            let counters = &mut self.shared.recorder.borrow_mut().counters;
            let counter =
                if is_exhaustion(error) { &mut counters.limits_hit } else { &mut counters.connect_errors };
            *counter += 1;
        }
        self.after_close(Closed::ConnectFailed)
    }

    /// Tells the half that there is no connection; whatever it answers, this one is over.
    fn after_close(&mut self, why: Closed) -> Next {
        let step = self.input(|half, io| half.closed(why, io));
        self.unsent = Vec::new();
        match step {
            Step::Open { at_ns, why } => Next::Open { at_ns, why },
            // Holding a connection that is gone makes no sense; a half that asks for it would hang.
            Step::Hold { .. } | Step::End => Next::End,
        }
    }

    /// Drives one connection to its end.
    async fn hold(&mut self, stream: &TcpStream) -> Next {
        let shared = Rc::clone(&self.shared);
        let mut sleep = shared.alarm.until(u64::MAX);
        let mut stop = Stop::Open(pin!(shared.stop.notified()));
        stop.enable();
        let step = self.input(|half, io| half.connected(io));
        let mut after = Self::obey(step, &mut sleep);
        loop {
            // Before leaving too: a half that gives a connection up may have said why (a close frame).
            let written = self.write_out(stream);
            if let After::Leave(next) = after {
                self.unsent = Vec::new();
                return if stop.was_told() { Next::End } else { next };
            }
            if let Err(error) = written {
                return self.broken(&error);
            }
            after = match self.wake(stream, &mut sleep, &mut stop).await {
                Ok(Wake::Readable) => self.read(stream, &mut sleep),
                Ok(Wake::Timer) => {
                    let step = self.input(|half, io| half.woken(io));
                    Self::obey(step, &mut sleep)
                }
                Ok(Wake::Writable) => After::Hold,
                Ok(Wake::Stop) => self.farewell(stream).await,
                Err(error) => After::Leave(self.broken(&error)),
            };
        }
    }

    async fn wake(&self, stream: &TcpStream, sleep: &mut Sleep, stop: &mut Stop<'_, '_>) -> io::Result<Wake> {
        let wants_to_write = !self.unsent.is_empty();
        poll_fn(|cx: &mut Context<'_>| {
            // The timer first: a socket that is always readable must not silence it.
            if Pin::new(&mut *sleep).poll(cx).is_ready() {
                return Poll::Ready(Ok(Wake::Timer));
            }
            if stop.poll(cx).is_ready() {
                return Poll::Ready(Ok(Wake::Stop));
            }
            if let Poll::Ready(ready) = stream.poll_read_ready(cx) {
                return Poll::Ready(ready.map(|()| Wake::Readable));
            }
            if wants_to_write && let Poll::Ready(ready) = stream.poll_write_ready(cx) {
                return Poll::Ready(ready.map(|()| Wake::Writable));
            }
            Poll::Pending
        })
        .await
    }

    /// The polite end: a transport that has a goodbye gets to hear the answer (RFC 6455, section 7.1.1: the server
    /// closes first), any other connection ends its own direction and waits for the end of the other.
    async fn farewell(&mut self, stream: &TcpStream) -> After {
        self.input(|half, io| {
            half.farewell(io);
            Step::End
        });
        if !self.unsent.is_empty() {
            return After::Hold;
        }
        self.see_off(stream).await;
        After::Leave(Next::End)
    }

    /// Ends this direction and reads to the end of the other. The bytes are counted, what they mean is of no interest any
    /// more. A socket closed at once would miss what is under way to it and answer it with a reset, and neither side's
    /// account of the wire could be closed.
    async fn see_off(&self, stream: &TcpStream) {
        if end_of_writing(stream).is_err() {
            return;
        }
        while stream.readable().await.is_ok() {
            match stream.try_read(&mut self.shared.read_buffer.borrow_mut()) {
                Ok(bytes @ 1..) => self.shared.recorder.borrow_mut().counters.down.framing += bytes as i64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(_) | Err(_) => break,
            }
        }
    }

    /// Reads what there is, up to a bound, and lets the half have it.
    fn read(&mut self, stream: &TcpStream, sleep: &mut Sleep) -> After {
        let shared = Rc::clone(&self.shared);
        let mut buffer = shared.read_buffer.borrow_mut();
        for _ in 0..READS_IN_A_ROW {
            let bytes = match stream.try_read(&mut buffer) {
                Ok(0) => return After::Leave(self.after_close(Closed::Eof)),
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return After::Leave(self.broken(&error)),
            };
            // The instant of reception: after the read, before any parsing.
            let received_ns = now_ns();
            let events_before = {
                let counters = &mut shared.recorder.borrow_mut().counters;
                counters.reads += 1;
                counters.down.framing += bytes as i64;
                counters.events
            };
            let step = self.input_at(received_ns, |half, io| half.received(&buffer[..bytes], io));
            let mut recorder = shared.recorder.borrow_mut();
            let events = recorder.counters.events - events_before;
            recorder.read(received_ns, events);
            drop(recorder);
            if let After::Leave(next) = Self::obey(step, sleep) {
                return After::Leave(next);
            }
        }
        After::Hold
    }

    fn broken(&mut self, error: &io::Error) -> Next {
        {
            let counters = &mut self.shared.recorder.borrow_mut().counters;
            // A machine without memory for a socket's buffers says nothing about the other side.
            let counter = if is_exhaustion(error) { &mut counters.limits_hit } else { &mut counters.broken };
            *counter += 1;
        }
        self.after_close(Closed::Broken)
    }

    /// Carries out what the half asked for, as far as it concerns the present connection.
    fn obey(step: Step, sleep: &mut Sleep) -> After {
        match step {
            Step::Hold { wake_ns } => {
                sleep.reset(wake_ns.unwrap_or(u64::MAX));
                After::Hold
            }
            Step::Open { at_ns, why } => After::Leave(Next::Open { at_ns, why }),
            Step::End => After::Leave(Next::End),
        }
    }

    fn input(&mut self, feed: impl FnOnce(&mut dyn Subscriber, &mut Io<'_>) -> Step) -> Step {
        self.input_at(now_ns(), feed)
    }

    fn input_at(&mut self, now_ns: u64, feed: impl FnOnce(&mut dyn Subscriber, &mut Io<'_>) -> Step) -> Step {
        let recorder = &mut *self.shared.recorder.borrow_mut();
        let mut observer = ClientObserver { recorder, client: self.index, now_ns };
        feed(self.half.as_mut(), &mut Io { now_ns, out: &mut self.unsent, observer: &mut observer })
    }

    /// Writes what the half left in its buffer, as far as the socket takes it.
    fn write_out(&mut self, stream: &TcpStream) -> io::Result<()> {
        let mut written = 0;
        let outcome = loop {
            if written == self.unsent.len() {
                break Ok(());
            }
            match stream.try_write(&self.unsent[written..]) {
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.shared.recorder.borrow_mut().counters.up.framing += written as i64;
        if written == self.unsent.len() {
            // A request is a few hundred bytes that an idle client need not keep.
            self.unsent = Vec::new();
        } else {
            self.unsent.drain(..written);
        }
        outcome
    }
}
