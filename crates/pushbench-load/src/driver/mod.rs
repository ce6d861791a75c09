//! The one loop of a worker: it lets clients arrive, wakes them, and tells them when their sockets are ready.
//!
//! Invariants, each proved by `tests/allocations.rs` or by what is not here: per event and per poll no allocation, no log, no
//! formatting, and no lock where a client is served; one system call for many ready sockets, and none to be told that there
//! are none; one timer of the kernel for all clients. A wait, for however many clients, takes the locks that the runtime has
//! on its two descriptors; nobody contends for them. Timers come before sockets, and after some dozens of either the other
//! tasks of the thread get their turn. Nothing is known here of what a client does with its turn.

use pushbench_probe::alarm::{Alarm, Sleep};
use pushbench_probe::clock::now_ns;
use pushbench_probe::readiness::{AT_ONCE, Ready};
use std::cell::{Cell, RefCell};
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::task::yield_now;

use crate::account::Account;
use crate::arrivals::Arrivals;
use crate::client::Client;
use crate::recorder::Recorder;
use crate::thread::{Thread, Turn};

/// Clients that are read before others get their turn: less than 200 µs.
const READS_IN_A_ROW: usize = 64;
/// Clients that are woken, most of them to send a request: no more than that.
const WAKES_IN_A_ROW: usize = 32;
/// Clients that arrive and connect, which takes several times as long.
const ARRIVALS_IN_A_ROW: usize = 8;
/// Clients that end their connections, each with a system call or two.
const ENDS_IN_A_ROW: usize = 32;

/// The word to stop, and whom to wake for it.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    told: Cell<bool>,
    driver: RefCell<Option<Waker>>,
}

impl Stop {
    /// Tells the driver that the step is over.
    pub(crate) fn tell(&self) {
        self.told.set(true);
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    fn register(&self, waker: &Waker) {
        let mut driver = self.driver.borrow_mut();
        if driver.as_ref().is_none_or(|known| !known.will_wake(waker)) {
            *driver = Some(waker.clone());
        }
    }
}

/// The clients of one thread and what they wait for.
pub(crate) struct Driver {
    clients: Vec<Client>,
    thread: Thread,
    arrivals: Arrivals,
    ready: Ready,
    /// How many of `ready` have had their turn.
    served: usize,
    /// Whether a look may find something: the poller has said so, or the last look left no room for more.
    is_look_due: bool,
    /// How many clients have been told that the step is over.
    ended: usize,
}

/// Whether something was left to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    More,
}

impl Driver {
    /// A driver of clients that are still to arrive.
    pub(crate) fn new(thread: Thread, arrivals: Arrivals) -> Self {
        let most = thread.share.client_numbers().count();
        Self {
            clients: Vec::with_capacity(most),
            thread,
            arrivals,
            ready: Ready::new(),
            served: 0,
            is_look_due: false,
            ended: 0,
        }
    }

    /// Drives the clients until the word to stop, and then until the last of them has let go of its connection.
    pub(crate) async fn run(mut self, alarm: Alarm, recorder: Rc<RefCell<Recorder>>, stop: Rc<Stop>) {
        let mut sleep = alarm.until(u64::MAX);
        loop {
            let left = {
                let recorder = &mut *recorder.borrow_mut();
                self.thread.is_over |= stop.told.get();
                let left = self.turn(now_ns(), recorder);
                if self.thread.is_over && self.thread.held == 0 {
                    return;
                }
                left
            };
            let waited = match left {
                Ok(Left::More) => {
                    yield_now().await;
                    self.ask_for_news().await
                }
                Ok(Left::Nothing) => self.wait(&mut sleep, &stop).await,
                Err(error) => Err(error),
            };
            // A set of sockets that fails is none that can be waited for; its clients receive nothing, and that shows.
            if waited.is_err() {
                return;
            }
        }
    }

    /// Waits until there may be something to do; false alarms are possible.
    ///
    /// What is registered already is not asked again, and sockets are waited for by a poll that keeps its waker; futures made
    /// and dropped for each wait would put themselves into lists and take themselves out again, under more locks.
    async fn wait(&mut self, sleep: &mut Sleep, stop: &Stop) -> io::Result<()> {
        let next_ns = self.next_ns();
        let mut is_woken = false;
        poll_fn(|context| {
            // Asked in any case: what changed while nobody waited is said once more otherwise.
            let news = self.poll_news(context);
            if news.is_ready() {
                return news;
            }
            if std::mem::replace(&mut is_woken, true) {
                return Poll::Ready(Ok(()));
            }
            stop.register(context.waker());
            if sleep.is_set_for(next_ns) {
                return Poll::Pending;
            }
            sleep.reset(next_ns);
            Pin::new(&mut *sleep).poll(context).map(Ok)
        })
        .await
    }

    /// Whether the poller says that a look may find something; if so, the next turn looks.
    fn poll_news(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let news = self.thread.poller.poll_changed(context);
        self.is_look_due |= news.is_ready();
        news
    }

    /// Asks once, without waiting.
    async fn ask_for_news(&mut self) -> io::Result<()> {
        poll_fn(|context| match self.poll_news(context) {
            Poll::Pending => Poll::Ready(Ok(())),
            news @ Poll::Ready(_) => news,
        })
        .await
    }

    /// When the next client arrives or is woken.
    fn next_ns(&mut self) -> u64 {
        let arrival_ns = self.arrivals.next_ns().filter(|_| !self.thread.is_over);
        [arrival_ns, self.thread.wheel.next_ns()].into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    /// Gives everybody a turn who has reason for one, up to a bound.
    fn turn(&mut self, now_ns: u64, recorder: &mut Recorder) -> io::Result<Left> {
        let ended = self.end(recorder);
        let arrived = self.let_in(now_ns, recorder);
        let woken = self.wake(now_ns, recorder);
        let read_again = self.read_again(recorder);
        let served = self.serve(recorder)?;
        let all = [ended, arrived, woken, read_again, served];
        Ok(if all.contains(&Left::More) { Left::More } else { Left::Nothing })
    }

    fn let_in(&mut self, now_ns: u64, recorder: &mut Recorder) -> Left {
        if self.thread.is_over {
            return Left::Nothing;
        }
        for _ in 0..ARRIVALS_IN_A_ROW {
            let Some(arrival) = self.arrivals.take_due(now_ns) else { return Left::Nothing };
            recorder.accounts.push(Account::new(arrival.at_ns, arrival.topic));
            let half = self.thread.share.transport().settings.subscriber(arrival.identity);
            let mut client = Client::new(self.clients.len() as u32, half);
            client.on_time(&mut Turn { thread: &mut self.thread, recorder });
            self.clients.push(client);
        }
        Left::More
    }

    fn wake(&mut self, now_ns: u64, recorder: &mut Recorder) -> Left {
        for _ in 0..WAKES_IN_A_ROW {
            let Some((at_ns, client)) = self.thread.wheel.pop_due(now_ns) else { return Left::Nothing };
            let turn = &mut Turn { thread: &mut self.thread, recorder };
            self.clients[client as usize].wake(at_ns, now_ns, turn);
        }
        Left::More
    }

    /// Those who were interrupted while they read.
    fn read_again(&mut self, recorder: &mut Recorder) -> Left {
        for _ in 0..self.thread.again.len().min(READS_IN_A_ROW) {
            let Some(index) = self.thread.again.pop_front() else { break };
            let turn = &mut Turn { thread: &mut self.thread, recorder };
            self.clients[index as usize].on_turn_again(turn);
        }
        if self.thread.again.is_empty() { Left::Nothing } else { Left::More }
    }

    /// Serves what the last look reported, and looks again when all of that has had its turn and there may be more.
    ///
    /// PERF: not in every turn. A turn for a client's instant comes before its answer does; a look would be one more
    /// system call for each poll, to be told that there is nothing.
    fn serve(&mut self, recorder: &mut Recorder) -> io::Result<Left> {
        if self.served == self.ready.iter().len() && self.is_look_due {
            self.served = 0;
            self.thread.poller.look(&mut self.ready)?;
            // One that was not full took all there was; whatever becomes ready from now on will be told.
            self.is_look_due = self.ready.iter().len() == AT_ONCE;
        }
        for ready in self.ready.iter().skip(self.served).take(READS_IN_A_ROW) {
            self.served += 1;
            let turn = &mut Turn { thread: &mut self.thread, recorder };
            self.clients[Client::index_of(ready.key)].on_ready(ready, turn);
        }
        let is_done = self.served == self.ready.iter().len() && !self.is_look_due;
        Ok(if is_done { Left::Nothing } else { Left::More })
    }

    /// Once the step is over, the next few clients end their connections. Those who are still to be told go on as before,
    /// except that nobody opens a connection any more.
    fn end(&mut self, recorder: &mut Recorder) -> Left {
        if !self.thread.is_over {
            return Left::Nothing;
        }
        for client in self.clients.iter_mut().skip(self.ended).take(ENDS_IN_A_ROW) {
            self.ended += 1;
            client.on_end(&mut Turn { thread: &mut self.thread, recorder });
        }
        if self.ended < self.clients.len() { Left::More } else { Left::Nothing }
    }
}

#[cfg(test)]
mod tests;
