//! Waiting for thousands of sockets at once: an epoll set of one's own.
//!
//! A thread of one's own waits in a [`Set`], which may also hold a [timer](crate::timer) and a [bell](crate::bell); a task that
//! shares its thread with others has a [`Poller`], which is a set inside the event loop of the runtime. Sockets are watched edge-triggered, for reading and writing at once,
//! from when they are added until they are closed: no further system call says what is waited for. Whoever is told that a
//! socket is ready has to read until a read comes back short, or write until the socket takes no more; otherwise nothing is
//! said again. What a socket is, and what is done with it, is not known here.
//!
//! PERF: a task and a registration of the runtime for every socket cost about 400 bytes and half a microsecond per
//! wake-up more than a place in a slab and a number in this set.

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::retry_on_intr;
use rustix::time::Timespec;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Most sockets that one look reports.
pub const AT_ONCE: usize = 256;

/// A set of sockets, each known by a number of the caller's.
#[derive(Debug)]
pub struct Set {
    epoll: OwnedFd,
}

/// A set that a task of the runtime can wait for.
#[derive(Debug)]
pub struct Poller {
    set: AsyncFd<Set>,
}

/// What one look reported.
pub struct Ready {
    events: Vec<epoll::Event>,
}

/// What a socket is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent flags, as the kernel reports them")]
pub struct Readiness {
    /// The number under which it was added.
    pub key: u64,
    /// A read will not be refused for now: there are bytes, the peer's end, or an error.
    pub readable: bool,
    /// A write will not be refused for now: there is room, the connect is over, or there is an error.
    pub writable: bool,
    /// The peer has ended its direction, or there is an error: a read that comes back short is not the last one then,
    /// and nothing more will be said.
    pub ended: bool,
    /// There is an error, or nothing goes either way any more: the peer has reset the connection, or both have ended it.
    pub broken: bool,
}

impl Set {
    /// An empty set.
    ///
    /// # Errors
    /// When the process is out of files.
    pub fn new() -> io::Result<Self> {
        Ok(Self { epoll: epoll::create(CreateFlags::CLOEXEC)? })
    }

    /// Watches a socket, or another descriptor, until it is closed or removed. What it is ready for already is reported first.
    ///
    /// # Errors
    /// When the kernel has no memory for it, or `fs.epoll.max_user_watches` is reached.
    pub fn add(&self, socket: impl AsFd, key: u64) -> io::Result<()> {
        let both = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(key), both)?)
    }

    /// Forgets a socket that goes on to live elsewhere; one that is closed is forgotten by the kernel.
    ///
    /// # Errors
    /// When it is not in the set.
    pub fn remove(&self, socket: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket)?)
    }

    /// Replaces `ready` by what is ready now, without waiting. True when there is something.
    ///
    /// # Errors
    /// Never for a set of this process.
    pub fn look(&self, ready: &mut Ready) -> io::Result<bool> {
        self.report(ready, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))
    }

    /// Replaces `ready` by what is ready now, or as soon as something is; the thread sleeps until then.
    ///
    /// # Errors
    /// Never for a set of this process.
    pub fn wait(&self, ready: &mut Ready) -> io::Result<()> {
        self.report(ready, None).map(drop)
    }

    fn report(&self, ready: &mut Ready, longest: Option<&Timespec>) -> io::Result<bool> {
        ready.events.clear();
        // An interrupted one has not looked: whoever looks only when told so would miss what there is.
        retry_on_intr(|| epoll::wait(&self.epoll, spare_capacity(&mut ready.events), longest))?;
        Ok(!ready.events.is_empty())
    }
}

impl AsRawFd for Set {
    fn as_raw_fd(&self) -> RawFd {
        self.epoll.as_raw_fd()
    }
}

impl Poller {
    /// An empty set.
    ///
    /// # Errors
    /// When the process is out of files.
    ///
    /// # Panics
    /// When called outside a tokio runtime with I/O enabled.
    pub fn new() -> io::Result<Self> {
        Ok(Self { set: register(Set::new()?)? })
    }

    /// [`Set::add`].
    ///
    /// # Errors
    /// As there.
    pub fn add(&self, socket: impl AsFd, key: u64) -> io::Result<()> {
        self.set.get_ref().add(socket, key)
    }

    /// [`Set::remove`].
    ///
    /// # Errors
    /// As there.
    pub fn remove(&self, socket: impl AsFd) -> io::Result<()> {
        self.set.get_ref().remove(socket)
    }

    /// [`Set::look`].
    ///
    /// # Errors
    /// As there.
    pub fn look(&self, ready: &mut Ready) -> io::Result<bool> {
        self.set.get_ref().look(ready)
    }

    /// Waits until [`Poller::look`] may have something to report; false alarms are possible.
    ///
    /// # Errors
    /// When the runtime cannot watch the set any more.
    pub async fn changed(&self) -> io::Result<()> {
        self.set.readable().await?.clear_ready();
        Ok(())
    }
}

impl Ready {
    /// Room for a report.
    #[must_use]
    pub fn new() -> Self {
        Self { events: Vec::with_capacity(AT_ONCE) }
    }

    /// What is ready, in the order in which it became so.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Readiness> {
        self.events.iter().map(Readiness::of)
    }

    /// The socket at that place of the order.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Readiness> {
        self.events.get(at).map(Readiness::of)
    }

    /// How many sockets are ready.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl Readiness {
    fn of(event: &epoll::Event) -> Self {
        // The kernel's struct is packed: its fields cannot be borrowed.
        let (data, flags) = (event.data, event.flags);
        let any_end = EventFlags::ERR | EventFlags::HUP;
        Self {
            key: data.u64(),
            readable: flags.intersects(EventFlags::IN | EventFlags::RDHUP | any_end),
            writable: flags.intersects(EventFlags::OUT | any_end),
            ended: flags.intersects(EventFlags::RDHUP | any_end),
            broken: flags.intersects(any_end),
        }
    }
}

impl Default for Ready {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(
    unsafe_code,
    reason = "tokio's safe constructors are deprecated as unsound for descriptors not owned"
)]
fn register(set: Set) -> io::Result<AsyncFd<Set>> {
    // SAFETY: a set owns its descriptor, which is open and stays the same for as long as the `AsyncFd` owns the set.
    Ok(unsafe { AsyncFd::register_with_interest(set, Interest::READABLE) }?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use rustix::net::{RecvFlags, SendFlags, recv, send};

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(future)
    }

    fn pair() -> (OwnedFd, OwnedFd) {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap()
    }

    fn reported(poller: &Poller) -> Vec<Readiness> {
        let mut ready = Ready::new();
        poller.look(&mut ready).unwrap();
        ready.iter().collect()
    }

    #[test]
    fn a_socket_is_reported_once_for_each_change() {
        run(async {
            let poller = Poller::new().unwrap();
            let (ours, theirs) = pair();
            poller.add(&ours, 7).unwrap();
            assert_eq!(
                reported(&poller),
                [Readiness { key: 7, readable: false, writable: true, ended: false, broken: false }]
            );
            assert_eq!(reported(&poller), []);
            for _ in 0..2 {
                send(&theirs, b"ab", SendFlags::empty()).unwrap();
                poller.changed().await.unwrap();
                assert_eq!(
                    reported(&poller),
                    [Readiness { key: 7, readable: true, writable: true, ended: false, broken: false }]
                );
                assert_eq!(reported(&poller), [], "nothing has changed, though nothing was read");
            }
            let mut buffer = [0; 8];
            assert_eq!(recv(&ours, &mut buffer[..], RecvFlags::empty()).unwrap().0, 4);
            drop(theirs);
            assert_eq!(
                reported(&poller),
                [Readiness { key: 7, readable: true, writable: true, ended: true, broken: true }]
            );
        });
    }

    #[test]
    fn what_happened_before_anybody_waited_is_not_missed() {
        run(async {
            let poller = Poller::new().unwrap();
            let (ours, theirs) = pair();
            poller.add(&ours, 1).unwrap();
            reported(&poller);
            send(&theirs, b"a", SendFlags::empty()).unwrap();
            loop {
                poller.changed().await.unwrap();
                if reported(&poller).iter().any(|ready| ready.readable) {
                    break;
                }
            }
        });
    }

    #[test]
    fn a_removed_socket_and_a_closed_one_are_silent() {
        run(async {
            let poller = Poller::new().unwrap();
            let pairs = [pair(), pair()];
            for (key, (ours, _)) in (0..).zip(&pairs) {
                poller.add(ours, key).unwrap();
            }
            poller.remove(&pairs[0].0).unwrap();
            let [(kept, removed_peer), (closed, closed_peer)] = pairs;
            drop(closed);
            let _ = send(&removed_peer, b"x", SendFlags::empty());
            let _ = send(&closed_peer, b"x", SendFlags::NOSIGNAL);
            assert_eq!(reported(&poller), []);
            assert!(poller.remove(&kept).is_err());
        });
    }

    #[test]
    fn more_sockets_than_one_look_reports_come_one_after_the_other() {
        run(async {
            let poller = Poller::new().unwrap();
            let pairs: Vec<_> = (0..AT_ONCE as u64 + 3).map(|key| (key, pair())).collect();
            for (key, (ours, _)) in &pairs {
                poller.add(ours, *key).unwrap();
            }
            let looks: Vec<usize> = (0..3).map(|_| reported(&poller).len()).collect();
            assert_eq!(looks, [AT_ONCE, 3, 0]);
        });
    }

    #[test]
    fn a_thread_that_waits_goes_on_when_there_is_something() {
        let set = Set::new().unwrap();
        let (ours, theirs) = pair();
        set.add(&ours, 3).unwrap();
        let mut ready = Ready::new();
        set.wait(&mut ready).unwrap();
        assert_eq!(ready.get(0).map(|ready| (ready.key, ready.readable)), Some((3, false)), "it takes bytes");
        let writer = std::thread::spawn(move || send(&theirs, b"a", SendFlags::empty()).map(|_| theirs));
        set.wait(&mut ready).unwrap();
        assert_eq!(ready.get(0).map(|ready| (ready.key, ready.readable)), Some((3, true)));
        let _theirs = writer.join().unwrap().unwrap();
    }
}
