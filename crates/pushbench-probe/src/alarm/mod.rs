//! Sleeping until exact instants of `CLOCK_MONOTONIC`, for all tasks of one thread.
//!
//! tokio's own timers tick in milliseconds and wake about one millisecond late at the median; this module
//! puts one absolute [`Timer`] into the same event loop, which wakes within tens of microseconds. All sleepers of
//! a thread share that one descriptor, so that 20,000 of them cost heap operations and no files.
//!
//! It does not repeat, does not measure its own lateness and is not for other threads: each thread has its own.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};

use tokio::{
    io::{Interest, unix::AsyncFd},
    task::coop,
};

use crate::clock::now_ns;
use crate::timer::Timer;
use crate::timers::{Key, Timers};

/// The alarm clock of one thread. Clones share the same descriptor and sleepers.
///
/// Nobody is woken unless the future of [`Alarm::run`] is being polled.
#[derive(Debug, Clone)]
pub struct Alarm {
    shared: Rc<Shared>,
}

#[derive(Debug)]
struct Shared {
    timer: AsyncFd<Timer>,
    queue: RefCell<Timers<Waker>>,
    /// The instant the descriptor is set to; `u64::MAX` while it is not set.
    armed_ns: Cell<u64>,
    /// Room for those who are woken together; empty in between.
    due: RefCell<Vec<Waker>>,
    /// How often it was set.
    #[cfg(test)]
    times_set: Cell<u64>,
}

impl Alarm {
    /// Creates the timer descriptor and registers it with the runtime.
    ///
    /// # Errors
    /// When the process is out of files.
    ///
    /// # Panics
    /// When called outside a tokio runtime with I/O enabled.
    pub fn new() -> io::Result<Self> {
        let timer = watch(Timer::new()?)?;
        let shared = Shared {
            timer,
            queue: RefCell::default(),
            armed_ns: Cell::new(u64::MAX),
            due: RefCell::default(),
            #[cfg(test)]
            times_set: Cell::default(),
        };
        Ok(Self { shared: Rc::new(shared) })
    }

    /// A future that completes once [`now_ns`] has reached `at_ns`; `u64::MAX` means never.
    pub fn until(&self, at_ns: u64) -> Sleep {
        Sleep { shared: Rc::clone(&self.shared), at_ns, key: None }
    }

    /// The driver that wakes the sleepers: spawn it on the thread's local task set before anyone sleeps.
    ///
    /// It runs until it is dropped, and returns only when the runtime can no longer watch the descriptor.
    pub fn run(&self) -> impl Future<Output = io::Error> + use<> {
        let shared = Rc::clone(&self.shared);
        async move { shared.drive().await }
    }

    /// Wakes whoever is due each time it is polled, by the clock alone; never completes.
    ///
    /// A thread with thousands of ready sockets gets to the timer's descriptor only after all of them. Polled beside the
    /// main future of a `LocalSet`, which is polled after every few dozen tasks, this lets sleepers have their turn in
    /// between. It is an addition to [`Alarm::run`], not a replacement: nothing polls it while the thread sleeps.
    pub fn attend(&self) -> impl Future<Output = Infallible> + use<> {
        let shared = Rc::clone(&self.shared);
        poll_fn(move |_| {
            if shared.next_ns() <= now_ns() {
                shared.wake_due();
            }
            Poll::Pending
        })
    }
}

/// Registers a timer descriptor with the event loop of the current runtime.
#[expect(
    unsafe_code,
    reason = "tokio's safe constructors are deprecated as unsound for descriptors not owned"
)]
fn watch(timer: Timer) -> io::Result<AsyncFd<Timer>> {
    // SAFETY: a timer owns its descriptor, which is open and stays the same for as long as the `AsyncFd` owns the timer.
    Ok(unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) }?)
}

/// Lets the tasks that have been woken so far have their turn first.
async fn after_the_woken() {
    let mut is_back = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Shared {
    async fn drive(&self) -> io::Error {
        loop {
            let mut expired = match self.timer.readable().await {
                Ok(expired) => expired,
                Err(error) => return error,
            };
            // Setting the timer again clears its expiry in the kernel, so the descriptor need not be read.
            expired.clear_ready();
            self.wake_due();
            // PERF: most of those who are woken ask for another instant at once. After them the timer is set once;
            // before them it would be set for the next sleeper, and then again for theirs.
            after_the_woken().await;
            self.arm();
        }
    }

    /// Wakes every sleeper whose instant has come. Who is next is left to [`Self::arm`].
    fn wake_due(&self) {
        let now_ns = now_ns();
        if self.armed_ns.get() <= now_ns {
            self.armed_ns.set(u64::MAX);
        }
        let mut due = self.due.take();
        self.queue.borrow_mut().take_due(now_ns, &mut due);
        // Outside the borrow: a waker may run foreign code that arms or drops other sleepers.
        due.drain(..).for_each(Waker::wake);
        self.due.replace(due);
    }

    /// When the next sleeper is due; `u64::MAX` is never.
    fn next_ns(&self) -> u64 {
        self.queue.borrow_mut().next_ns().unwrap_or(u64::MAX)
    }

    /// Sees to it that the descriptor expires when the next sleeper is due, or before.
    ///
    /// Always for the next of all: while the descriptor is not set, others than the one who asks may be waiting.
    fn arm(&self) {
        let at_ns = self.next_ns();
        if at_ns >= self.armed_ns.get() {
            return;
        }
        self.armed_ns.set(at_ns);
        #[cfg(test)]
        self.times_set.update(|times| times + 1);
        self.timer.get_ref().set(at_ns);
    }
}

/// Sleeping until an instant; made by [`Alarm::until`]. Dropping it cancels the wake-up.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    shared: Rc<Shared>,
    at_ns: u64,
    key: Option<Key>,
}

impl Sleep {
    /// Moves the sleep to another instant, earlier or later, whether it is pending, done or not yet polled.
    ///
    /// A task that already waits for it is woken at the new instant without polling again.
    pub fn reset(&mut self, at_ns: u64) {
        self.at_ns = at_ns;
        let Some(key) = self.key.take() else { return };
        self.key = self.shared.queue.borrow_mut().reschedule(key, at_ns);
        if self.key.is_some() {
            self.shared.arm();
        }
    }

    /// Makes sure that `waker` is woken at the instant.
    fn register(&mut self, waker: &Waker) {
        let mut queue = self.shared.queue.borrow_mut();
        if let Some(current) = self.key.and_then(|key| queue.sleeper(key)) {
            if !current.will_wake(waker) {
                let replaced = std::mem::replace(current, waker.clone());
                drop(queue);
                drop(replaced);
            }
            return;
        }
        self.key = Some(queue.insert(self.at_ns, waker.clone()));
        drop(queue);
        self.shared.arm();
    }

    fn cancel(&mut self) {
        if let Some(key) = self.key.take() {
            // A waker's drop may run foreign code, so it outlives the borrow.
            let waker = self.shared.queue.borrow_mut().remove(key);
            drop(waker);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // A task that is behind its schedule finds every instant past; the budget makes it yield now and then.
        let turn = ready!(coop::poll_proceed(context));
        if now_ns() < self.at_ns {
            self.register(context.waker());
            return Poll::Pending;
        }
        turn.made_progress();
        self.cancel();
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[cfg(test)]
mod tests;
