//! The sockets of one event loop, and what the kernel counts on them: the same for clients and for the target.
//!
//! Every socket is entered when it is connected and read once more just before it is closed. All open ones are read at
//! the instants of [`wire::instants`], some at a time, so that whoever else lives on the thread gets its turn. Nothing is
//! done per read, write or event, and an open socket costs an entry of 16 bytes.

use pushbench_measure::wire::{self, Ip, Life, Opened, READINGS, Reading, Stage, Wire, WireLog};
use pushbench_measure::{PhaseEdges, micros};
use pushbench_probe::alarm::Alarm;
use pushbench_probe::clock::now_ns;
use pushbench_probe::tcp_info::{self, TcpInfo, TcpState};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;

/// Sockets read before others get their turn: less than 100 µs.
const SOCKETS_IN_A_ROW: usize = 64;

/// The sockets of one event loop.
#[derive(Debug)]
pub struct Meter {
    opened: Opened,
    ip: Ip,
    open: RefCell<Slab<RawFd>>,
    /// Sum over the sockets that are closed.
    closed: Cell<Wire>,
    /// The reading of all open sockets that is under way.
    sweep: Cell<Option<Sweep>>,
    log: Cell<WireLog>,
}

/// The readings of a step: when the next is due, and how far the one under way has come. One meter has one at a time.
#[derive(Debug)]
pub struct Readings {
    meter: Rc<Meter>,
    instants: [u64; READINGS],
    /// How many are over.
    taken: usize,
    /// When the one under way began.
    begun_ns: Option<u64>,
}

/// How far a reading of all open sockets has come.
#[derive(Debug, Clone, Copy)]
struct Sweep {
    /// Entries from here on are still to be read.
    next: usize,
    sum: Wire,
}

/// A socket's entry; dropping it takes the last reading, so it must be dropped before the socket is.
#[derive(Debug)]
pub struct Metered {
    meter: Rc<Meter>,
    key: usize,
}

impl Meter {
    /// A meter for sockets that were opened from that side, between addresses of the family of `address`.
    #[must_use]
    pub fn new(opened: Opened, address: SocketAddr) -> Self {
        let mapped = address.ip().to_canonical().is_ipv4();
        let ip = if mapped { Ip::V4 } else { Ip::V6 };
        Self {
            opened,
            ip,
            open: RefCell::default(),
            closed: Cell::default(),
            sweep: Cell::default(),
            log: Cell::default(),
        }
    }

    /// Enters a connected socket.
    #[must_use]
    pub fn watch(self: &Rc<Self>, socket: &impl AsRawFd) -> Metered {
        let key = self.open.borrow_mut().insert(socket.as_raw_fd());
        Metered { meter: Rc::clone(self), key }
    }

    /// Sum over all sockets so far, with the segments that those still open will make when they are closed now.
    #[must_use]
    pub fn whole(&self) -> Wire {
        let mut sum = self.closed.get();
        for (_, fd) in self.open.borrow().iter() {
            sum.add(&self.read(*fd, Life::Ends));
        }
        sum
    }

    /// The readings so far, and the sum over all sockets.
    #[must_use]
    pub fn log(&self) -> WireLog {
        WireLog { whole: self.whole(), ..self.log.get() }
    }

    /// The readings of all open sockets at the instants of a step.
    #[must_use]
    pub fn readings(self: &Rc<Self>, edges: PhaseEdges) -> Readings {
        let sockets = self.open.borrow().len();
        let instants = wire::instants(&edges, sockets);
        Readings { meter: Rc::clone(self), instants, taken: 0, begun_ns: None }
    }

    /// Takes the readings of a step as a task; `note` is told of each, by its position, as it begins.
    pub async fn follow(self: &Rc<Self>, alarm: &Alarm, edges: PhaseEdges, mut note: impl FnMut(usize)) {
        let mut readings = self.readings(edges);
        while let Some(next_ns) = readings.next_ns() {
            alarm.until(next_ns).await;
            readings.advance(&mut note);
            tokio::task::yield_now().await;
        }
    }

    /// Reads the next few sockets; true when there are no more.
    fn read_some(&self) -> bool {
        let Some(mut sweep) = self.sweep.get() else { return true };
        let open = self.open.borrow();
        let until = sweep.next + SOCKETS_IN_A_ROW;
        for key in sweep.next..until {
            if let Some(fd) = open.get(key) {
                sweep.sum.add(&self.read(*fd, Life::GoesOn));
            }
        }
        sweep.next = until;
        self.sweep.set(Some(sweep));
        until >= open.capacity()
    }

    fn read(&self, fd: RawFd, life: Life) -> Wire {
        let info = match life {
            // An error of a byte in passing is gone with the next reading; this one is the last.
            Life::Ends => tcp_info::read_settled(fd),
            Life::GoesOn => tcp_info::read(fd),
        };
        match info {
            Ok(info) => Wire::of(&reading(&info), self.opened, self.ip, life),
            Err(_) => Wire::unread(),
        }
    }

    fn close(&self, key: usize) {
        let fd = self.open.borrow_mut().remove(key);
        let last = self.read(fd, Life::Ends);
        let add = |mut sum: Wire| {
            sum.add(&last);
            sum
        };
        self.closed.set(add(self.closed.get()));
        // A reading under way that has not come to this entry would never know of it.
        if let Some(sweep) = self.sweep.get().filter(|sweep| key >= sweep.next) {
            self.sweep.set(Some(Sweep { sum: add(sweep.sum), ..sweep }));
        }
    }
}

impl Readings {
    /// When there is something to be read next, which may be past; `None` when all is read.
    #[must_use]
    pub fn next_ns(&self) -> Option<u64> {
        self.begun_ns.or_else(|| self.instants.get(self.taken).copied())
    }

    /// Reads the next few sockets; to be called when it is time. `note` is told of a reading, by its position, as it begins.
    pub fn advance(&mut self, note: impl FnOnce(usize)) {
        let meter = &self.meter;
        let begun_ns = *self.begun_ns.get_or_insert_with(|| {
            note(self.taken);
            meter.sweep.set(Some(Sweep { next: 0, sum: meter.closed.get() }));
            now_ns()
        });
        if !meter.read_some() {
            return;
        }
        let sum = meter.sweep.take().map(|sweep| sweep.sum).unwrap_or_default();
        let mut log = meter.log.get();
        log.note(self.taken, sum, micros(now_ns() - begun_ns));
        meter.log.set(log);
        self.begun_ns = None;
        self.taken += 1;
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.meter.close(self.key);
    }
}

fn reading(info: &TcpInfo) -> Reading {
    let stage = match info.state {
        TcpState::SynSent | TcpState::SynReceived | TcpState::Listen | TcpState::Established => Stage::Open,
        TcpState::FinWait1 | TcpState::FinWait2 => Stage::ClosedHere,
        TcpState::CloseWait => Stage::ClosedThere,
        TcpState::LastAck | TcpState::Closing => Stage::ClosedByBoth,
        TcpState::TimeWait | TcpState::Closed => Stage::Over,
    };
    Reading {
        stage,
        timestamps: info.timestamps,
        bytes_sent: info.bytes_sent,
        bytes_resent: info.bytes_retrans,
        bytes_received: info.bytes_received,
        segments_sent: info.segs_out.into(),
        segments_received: info.segs_in.into(),
        segments_resent: info.total_retrans.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    struct Rig {
        listener: TcpListener,
        clients: Rc<Meter>,
        targets: Rc<Meter>,
    }

    /// Both ends of a connection. Fields are dropped in order: an entry before its socket.
    struct Pair {
        client: (Metered, TcpStream),
        target: (Metered, TcpStream),
    }

    impl Rig {
        async fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let meter = |opened| Rc::new(Meter::new(opened, address));
            Self { listener, clients: meter(Opened::Here), targets: meter(Opened::There) }
        }

        async fn pair(&self) -> Pair {
            let client = TcpStream::connect(self.listener.local_addr().unwrap()).await.unwrap();
            let (target, _) = self.listener.accept().await.unwrap();
            Pair {
                client: (self.clients.watch(&client), client),
                target: (self.targets.watch(&target), target),
            }
        }
    }

    /// A request and its answer.
    async fn exchange(pair: &mut Pair, up: usize, down: usize) {
        let ((_, client), (_, target)) = (&mut pair.client, &mut pair.target);
        let mut buffer = vec![0; up.max(down)];
        client.write_all(&buffer[..up]).await.unwrap();
        target.read_exact(&mut buffer[..up]).await.unwrap();
        target.write_all(&buffer[..down]).await.unwrap();
        client.read_exact(&mut buffer[..down]).await.unwrap();
    }

    /// Both ends close, the target first.
    async fn close(pair: Pair) {
        let Pair { client: (client_entry, mut client), target: (target_entry, mut target) } = pair;
        target.shutdown().await.unwrap();
        drop(target_entry);
        drop(target);
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        drop(client_entry);
        drop(client);
    }

    #[tokio::test]
    async fn both_ends_come_to_the_same_sums() {
        let rig = Rig::new().await;
        for round in 1..4 {
            let mut pair = rig.pair().await;
            for _ in 0..round {
                exchange(&mut pair, 100, 300).await;
            }
            close(pair).await;
        }
        let (clients, targets) = (rig.clients.whole(), rig.targets.whole());
        assert_eq!((clients.sockets, clients.stream_out, clients.stream_in), (3, 600, 1800));
        assert_eq!((targets.stream_in, targets.stream_out), (600, 1800));
        assert_eq!(
            (clients.segments_in, clients.segments_out),
            (targets.segments_out, targets.segments_in),
            "{clients:?} {targets:?}"
        );
        assert_eq!(
            (clients.bytes_in(), clients.bytes_out()),
            (targets.bytes_out(), targets.bytes_in()),
            "{clients:?} {targets:?}"
        );
    }

    #[tokio::test]
    async fn sockets_that_come_and_go_during_a_reading_are_counted_once() {
        let rig = Rig::new().await;
        let mut pairs = Vec::new();
        for _ in 0..SOCKETS_IN_A_ROW + 8 {
            let mut pair = rig.pair().await;
            exchange(&mut pair, 10, 20).await;
            pairs.push(pair);
        }
        let all = pairs.len() as u64;
        rig.clients.sweep.set(Some(Sweep { next: 0, sum: rig.clients.closed.get() }));
        assert!(!rig.clients.read_some());
        // One that was read already, whose entry is taken by a new one; and one that was not read yet.
        close(pairs.swap_remove(0)).await;
        let new = rig.pair().await;
        assert_eq!(new.client.0.key, 0);
        close(pairs.swap_remove(SOCKETS_IN_A_ROW + 1)).await;
        while !rig.clients.read_some() {}
        let sum = rig.clients.sweep.take().unwrap().sum;
        assert_eq!((sum.sockets, sum.stream_out, sum.stream_in), (all, 10 * all, 20 * all));
        let whole = rig.clients.whole();
        assert_eq!((whole.sockets, whole.stream_out), (all + 1, 10 * all));
    }

    #[tokio::test]
    async fn a_socket_that_cannot_be_read_makes_the_sum_unknown() {
        let rig = Rig::new().await;
        let pair = rig.pair().await;
        *rig.clients.open.borrow_mut().get_mut(pair.client.0.key).unwrap() = -1;
        assert_eq!(rig.clients.whole(), Wire::unread());
    }
}
