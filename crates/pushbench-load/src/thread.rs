//! What the clients of one thread have in common: where they wait, where they read to, and what their sockets carry.

use pushbench_probe::readiness::Set;
use pushbench_probe::wheel::Wheel;
use pushbench_scenario::share::WorkerShare;
use pushbench_transport::meter::Meter;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::recorder::Recorder;
use crate::slow::SlowReaders;

/// Size of the one read buffer of a thread, in bytes.
const READ_BUFFER: usize = 64 << 10;

/// What all clients of a thread share.
pub(crate) struct Thread {
    pub(crate) share: Rc<WorkerShare>,
    /// The sockets, and what else the thread waits for.
    pub(crate) sockets: Set,
    pub(crate) wheel: Wheel,
    /// What the sockets carry on the wire.
    pub(crate) meter: Rc<Meter>,
    pub(crate) read_buffer: Box<[u8]>,
    /// What the client at hand wants to write; empty between clients.
    pub(crate) out: Vec<u8>,
    /// The message that is being sent.
    pub(crate) message: Vec<u8>,
    /// Clients whose socket was not read to the end of what it had.
    pub(crate) again: VecDeque<u32>,
    /// Who reads slowly, if anybody does.
    pub(crate) slow: Option<SlowReaders>,
    /// Connections, those on their way included.
    pub(crate) held: u32,
    /// Whether the step is over: no connection is made any more, and none is kept.
    pub(crate) is_over: bool,
}

/// What a client is handed for one input.
pub(crate) struct Turn<'a> {
    pub(crate) thread: &'a mut Thread,
    pub(crate) recorder: &'a mut Recorder,
}

/// Whether something was left to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    More,
}

impl Thread {
    /// A thread without clients, whose sockets will be in that set.
    pub(crate) fn new(share: Rc<WorkerShare>, meter: Rc<Meter>, sockets: Set) -> Self {
        let slow = SlowReaders::of(&share.plan, share.clients);
        Self {
            share,
            sockets,
            wheel: Wheel::default(),
            meter,
            read_buffer: vec![0; READ_BUFFER].into_boxed_slice(),
            out: Vec::new(),
            message: Vec::new(),
            again: VecDeque::new(),
            slow,
            held: 0,
            is_over: false,
        }
    }

    /// Whether a client reads slowly by plan.
    pub(crate) fn is_slow(&self, client: u32) -> bool {
        self.slow.as_ref().is_some_and(|slow| slow.is_slow(client))
    }
}
