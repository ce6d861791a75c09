//! What a target is told: where to listen, its limits, and the settings of its transports.

use pushbench_transport::{Kind, Settings};
use std::net::SocketAddr;
use std::time::Duration;

use pushbench_probe::limits::open_files;
use pushbench_scenario::plan::{BACKLOG_BYTES, RING_BYTES};
use pushbench_scenario::{Answers, Coalesce, EventSize, Inject, Law, Parts, SlowPolicy};

/// Descriptors left for everything but connections when the limit of connections follows from the limit of files.
const RESERVED_FDS: u64 = 64;

/// A target to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What clients may do.
    pub limits: Limits,
    /// Settings of transports; those not named here have their defaults. Only the server's keys matter.
    pub settings: Vec<Settings>,
    /// Events kept per topic for clients that come back, as far as [`Limits::ring_bytes`] allows.
    pub ring_events: u32,
    /// Whether events are gathered before they are written.
    pub coalesce: Coalesce,
    /// What becomes of a subscriber that is further behind than [`Limits::queue_bytes`].
    pub slow: SlowPolicy,
    /// Send buffer that accepted sockets ask for, in bytes; `None` leaves it to the kernel, which lets it grow to megabytes.
    pub send_buffer: Option<u32>,
    /// What goes wrong on purpose.
    pub inject: Option<Inject>,
    /// Whether the target will be away for a while and have its port again then.
    pub restarts: bool,
    /// What asks are answered with; `None`: they are refused.
    pub answers: Option<Answering>,
}

/// What asks are answered with (pattern `stream`).
#[derive(Debug, Clone, PartialEq)]
pub struct Answering {
    /// How many parts come when.
    pub answers: Answers,
    /// Size of a part.
    pub size: EventSize,
    /// Seed of the answers.
    pub seed: u64,
}

/// About what a language model does: 20 parts of 256 bytes, one every 50 ms.
impl Default for Answering {
    fn default() -> Self {
        const PAUSE_NS: u64 = 50_000_000;
        let answers = Answers {
            parts: Parts::Fixed(20),
            first: Law::Constant(PAUSE_NS),
            gap: Law::Constant(PAUSE_NS),
            stall_ns: 10 * PAUSE_NS,
        };
        Self { answers, size: EventSize::Fixed(256), seed: 0 }
    }
}

impl Config {
    /// A target with every default.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            limits: Limits::default(),
            settings: Vec::new(),
            ring_events: 1024,
            coalesce: Coalesce::Off,
            slow: SlowPolicy::Disconnect,
            send_buffer: None,
            inject: None,
            restarts: false,
            answers: Some(Answering::default()),
        }
    }
}

/// What clients may do. Sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Head of a request; more is refused with `431`.
    pub head_bytes: usize,
    /// Body of a publish request, or of an ask; more is refused with `413`.
    pub publish_body_bytes: usize,
    /// Topics; a further one is refused with `503`. A schedule with more topics raises it.
    pub topics: usize,
    /// Payload of the events that a topic keeps for clients that come back, however few events that is.
    pub ring_bytes: u64,
    /// How far a subscriber may be behind, in payload; then it is disconnected and counted, or skips what is beyond.
    pub queue_bytes: u64,
    /// How long the head of a request may take; then the connection is closed.
    pub head_timeout: Duration,
    /// How long a connection may wait for its next request, and a publish request for its body; also how long a client
    /// may read nothing of what is there for it. Then the connection is closed, and a client that does not read is
    /// counted as a slow one.
    pub idle_timeout: Duration,
    /// Connections at once; `None`: the limit of open files less a reserve. One more is refused with `503`.
    pub connections: Option<u64>,
    /// Events in one polling reply.
    pub reply_events: usize,
    /// Bytes of payload in one polling reply, unless a single event is longer.
    pub reply_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 8 << 10,
            publish_body_bytes: 1 << 20,
            topics: 10_000,
            ring_bytes: RING_BYTES,
            queue_bytes: BACKLOG_BYTES,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            connections: None,
            reply_events: 1000,
            reply_bytes: 1 << 20,
        }
    }
}

impl Limits {
    /// Connections at once, with the limit of open files as it is now.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.unwrap_or_else(|| open_files().soft.saturating_sub(RESERVED_FDS).max(1))
    }
}

/// The kind whose endpoint has that path.
pub(crate) fn kind_at(path: &str) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.path() == path)
}

/// Whether a method is among those that are listed as in `Allow`.
pub(crate) fn allows(methods: &str, method: &str) -> bool {
    methods.split(", ").any(|allowed| allowed == method)
}

/// The settings of every transport, by kind.
#[derive(Debug)]
pub(crate) struct Served(Vec<Settings>);

impl Served {
    /// The defaults, overridden by `settings`; of two of one kind the later counts.
    pub(crate) fn new(settings: &[Settings]) -> Self {
        let mut served: Vec<_> = Kind::ALL.iter().map(|kind| kind.default_settings()).collect();
        for settings in settings {
            served[settings.kind().index()] = settings.clone();
        }
        Self(served)
    }

    /// The settings of the kind whose endpoint has that path, and its methods as `Allow` has them.
    pub(crate) fn at(&self, path: &str) -> Option<(&Settings, &'static str)> {
        let kind = kind_at(path)?;
        Some((&self.0[kind.index()], kind.methods()))
    }
}
