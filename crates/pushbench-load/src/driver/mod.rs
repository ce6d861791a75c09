//! The one loop of a worker: it lets clients arrive, wakes them, and tells them when their sockets are ready.
//!
//! Invariants, each proved by `tests/allocations.rs` or by what is not here: per event and per poll no allocation, no log, no
//! formatting and no lock; one system call to wait and to be told of many ready sockets; one timer of the kernel for all
//! clients, set again only for who is due earlier. Orders, which are few, and the worker's own errands come before clients in
//! every turn, timers before sockets, and no kind of what clients do has more than some dozens of goes before the others get
//! theirs. Nothing is known here of what a client does with its turn.

mod asking;
mod figures;
mod orders;
mod senders;

use pushbench_measure::Histograms;
use pushbench_probe::clock::now_ns;
use pushbench_probe::readiness::Ready;
use pushbench_probe::timer::Timer;
use std::io;
use tokio::sync::oneshot;

use self::orders::Ending;
pub(crate) use self::orders::{Order, Orders};
use crate::account::Account;
use crate::arrivals::{Arrivals, number};
use crate::asks::Asks;
use crate::client::Client;
use crate::errands::Errands;
use crate::lives::{Lives, Move};
use crate::recorder::Recorder;
use crate::sends::Sends;
use crate::slow::SlowReaders;
use crate::thread::{Left, Thread, Turn};

/// Clients that are read before others get their turn: less than 200 µs.
const READS_IN_A_ROW: usize = 64;
/// Clients that are woken, most of them to send a request: no more than that.
const WAKES_IN_A_ROW: usize = 32;
/// Clients that arrive and connect, which takes several times as long.
const ARRIVALS_IN_A_ROW: usize = 8;
/// Clients that leave or come back, which is an end or a connect.
const MOVES_IN_A_ROW: usize = 8;
/// Clients that end their connections, each with a system call or two.
const ENDS_IN_A_ROW: usize = 32;

/// What is known of in the set beside the sockets; no client has such a key, for no worker has so many clients.
const TIMER: u64 = u64::MAX;
const BELL: u64 = u64::MAX - 1;

/// The clients of one thread and what they wait for.
pub(crate) struct Driver {
    thread: Thread,
    recorder: Recorder,
    clients: Vec<Client>,
    /// Second connections of the clients, in the same order; none where clients need none.
    uplinks: Vec<Client>,
    /// What clients are to send, once the phases are known and where they send anything.
    sends: Option<Sends>,
    /// From when on clients arrive.
    arrivals: Option<Arrivals>,
    errands: Option<Errands>,
    /// In steps in which clients leave and come back by plan.
    lives: Option<Box<Lives>>,
    /// What clients ask for, once the phases are known.
    asks: Option<Asks>,
    orders: Orders,
    /// Number of clients that are to arrive.
    clients_in_all: u32,
    /// Of these, those that do in the ramp.
    clients_in_ramp: u32,
    /// Who wants to know when every one has been ready once.
    all_ready: Vec<oneshot::Sender<()>>,
    /// The end of the step, once it was ordered.
    ending: Option<Ending>,
    timer: Timer,
    /// The instant that the timer is set to; `u64::MAX` while it is not.
    timer_ns: u64,
    ready: Ready,
    /// How many of `ready` have had their turn.
    served: usize,
    /// How many clients have been told that the step is over.
    ended: usize,
}

/// Whether there will be anything to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    GoesOn,
    Ends,
}

impl Driver {
    /// A driver without clients.
    ///
    /// # Errors
    /// When the kernel has no memory for what is watched.
    pub(crate) fn new(thread: Thread, timer: Timer, orders: Orders) -> io::Result<Self> {
        thread.sockets.add(&timer, TIMER)?;
        thread.sockets.add(&*orders.bell, BELL)?;
        let clients_in_all = thread.share.client_numbers().count() as u32;
        let clients_in_ramp = Arrivals::in_ramp(&thread.share);
        let figures = figures::of(&thread.share.plan);
        Ok(Self {
            recorder: Recorder { histograms: Histograms::prepared(&figures), ..Recorder::default() },
            thread,
            clients: Vec::new(),
            uplinks: Vec::new(),
            sends: None,
            arrivals: None,
            errands: None,
            lives: None,
            asks: None,
            orders,
            clients_in_all,
            clients_in_ramp,
            all_ready: Vec::new(),
            ending: None,
            timer,
            timer_ns: u64::MAX,
            ready: Ready::new(),
            served: 0,
            ended: 0,
        })
    }

    /// Drives the clients until they have been seen off, or until nobody is there any more to order that.
    ///
    /// # Errors
    /// When sockets can no longer be waited for.
    pub(crate) fn run(mut self) -> io::Result<()> {
        while self.obey() == Course::GoesOn {
            let now_ns = now_ns();
            if self.conclude(now_ns) == Course::Ends {
                break;
            }
            let left = self.turn(now_ns);
            if self.served == self.ready.len() {
                self.look(left)?;
            }
        }
        Ok(())
    }

    /// Asks what is ready, and waits for that when nothing else is to be done.
    fn look(&mut self, left: Left) -> io::Result<()> {
        self.served = 0;
        let next_ns = self.next_ns();
        if left == Left::More || next_ns <= now_ns() {
            return self.thread.sockets.look(&mut self.ready).map(drop);
        }
        if next_ns < self.timer_ns {
            self.timer_ns = next_ns;
            self.timer.set(next_ns);
        }
        self.thread.sockets.wait(&mut self.ready)
    }

    /// When there is something to do next; `u64::MAX` is never.
    fn next_ns(&mut self) -> u64 {
        let arrivals = self.arrivals.as_ref().filter(|_| !self.thread.is_over);
        let arrival_ns = arrivals.and_then(Arrivals::next_ns);
        let errand_ns = self.errands.as_ref().map(Errands::next_ns);
        let ending_ns = self.ending.as_ref().map(Ending::until_ns);
        let lives = self.lives.as_ref().filter(|_| !self.thread.is_over);
        let move_ns = lives.and_then(|lives| lives.next_ns());
        let slow_ns = self.thread.slow.as_ref().and_then(SlowReaders::next_ns);
        let send_ns = self.sends.as_ref().and_then(Sends::next_ns);
        let wake_ns = self.thread.wheel.next_ns();
        let all = [arrival_ns, self.next_ask_ns(), send_ns, errand_ns, ending_ns, move_ns, slow_ns, wake_ns];
        all.into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    /// Gives everybody a turn who has reason for one, up to a bound. Whether something was left, other than sockets that were
    /// reported and have not had their turn.
    fn turn(&mut self, now_ns: u64) -> Left {
        let errands = self.errands.as_mut();
        let errands = errands.map_or(Left::Nothing, |errands| errands.run(now_ns, &mut self.recorder));
        let ended = self.end();
        let arrived = self.let_in(now_ns);
        let moved = self.move_by_plan(now_ns);
        let asked = self.ask(now_ns);
        let sent = self.send_due(now_ns);
        let woken = self.wake(now_ns);
        let slow = self.read_slowly(now_ns);
        let read_again = self.read_again();
        self.serve();
        self.tell_ready();
        let conclusion = if self.is_conclusion_due(now_ns) { Left::More } else { Left::Nothing };
        let free = self.is_anybody_free();
        let all = [errands, ended, arrived, moved, asked, free, sent, woken, slow, read_again, conclusion];
        if all.contains(&Left::More) { Left::More } else { Left::Nothing }
    }

    fn let_in(&mut self, now_ns: u64) -> Left {
        for _ in 0..ARRIVALS_IN_A_ROW {
            let arrivals = self.arrivals.as_mut().filter(|_| !self.thread.is_over);
            let Some(arrival) = arrivals.and_then(|arrivals| arrivals.take_due(now_ns)) else {
                return Left::Nothing;
            };
            let number = number(&self.thread.share, self.clients.len() as u32);
            let slow = self.thread.slow.as_mut().is_some_and(|slow| slow.arrives(number));
            let mut account = Account::new(arrival.at_ns, arrival.topic);
            account.slow = slow;
            self.recorder.accounts.push(account);
            let half = asking::half(&self.thread.share, arrival.identity.clone());
            let mut client = Client::new(self.clients.len() as u32, half);
            let uplink = self.give_outbox(&mut client, arrival.identity);
            client.on_time(&mut Turn { thread: &mut self.thread, recorder: &mut self.recorder });
            self.clients.push(client);
            self.uplinks.extend(uplink);
        }
        Left::More
    }

    /// Has some of the clients leave or come back whose time that is.
    fn move_by_plan(&mut self, now_ns: u64) -> Left {
        let Some(lives) = self.lives.as_mut().filter(|_| !self.thread.is_over) else { return Left::Nothing };
        for _ in 0..MOVES_IN_A_ROW {
            let Some((client, moved)) = lives.take_due(now_ns, self.clients.len()) else {
                return Left::Nothing;
            };
            let turn = &mut Turn { thread: &mut self.thread, recorder: &mut self.recorder };
            match moved {
                Move::Leave { at_ns } => self.clients[client as usize].depart(at_ns, turn),
                Move::Return => self.clients[client as usize].come_back(turn),
            }
        }
        Left::More
    }

    fn wake(&mut self, now_ns: u64) -> Left {
        for _ in 0..WAKES_IN_A_ROW {
            let Some((at_ns, client)) = self.thread.wheel.pop_due(now_ns) else { return Left::Nothing };
            let turn = &mut Turn { thread: &mut self.thread, recorder: &mut self.recorder };
            senders::at(&mut self.clients, &mut self.uplinks, client).wake(at_ns, now_ns, turn);
        }
        Left::More
    }

    /// Those who read slowly and may read on.
    fn read_slowly(&mut self, now_ns: u64) -> Left {
        for _ in 0..WAKES_IN_A_ROW {
            let due = self.thread.slow.as_mut().and_then(|slow| slow.pop_due(now_ns));
            let Some(index) = due else { return Left::Nothing };
            let turn = &mut Turn { thread: &mut self.thread, recorder: &mut self.recorder };
            self.clients[index as usize].on_turn_again(turn);
        }
        Left::More
    }

    /// Those who were interrupted while they read.
    fn read_again(&mut self) -> Left {
        for _ in 0..self.thread.again.len().min(READS_IN_A_ROW) {
            let Some(index) = self.thread.again.pop_front() else { break };
            let turn = &mut Turn { thread: &mut self.thread, recorder: &mut self.recorder };
            senders::at(&mut self.clients, &mut self.uplinks, index).on_turn_again(turn);
        }
        if self.thread.again.is_empty() { Left::Nothing } else { Left::More }
    }

    /// Serves some of what the last look reported.
    fn serve(&mut self) {
        for ready in self.ready.iter().skip(self.served).take(READS_IN_A_ROW) {
            self.served += 1;
            match ready.key {
                TIMER => self.timer_ns = u64::MAX,
                // Orders are looked for in every turn: the bell only ends a wait.
                BELL => {}
                key => {
                    let turn = &mut Turn { thread: &mut self.thread, recorder: &mut self.recorder };
                    let index = Client::index_of(key);
                    senders::at(&mut self.clients, &mut self.uplinks, index).on_ready(ready, turn);
                }
            }
        }
    }

    /// Once the step is over, the next few clients end their connections. Those who are still to be told go on as before,
    /// except that nobody opens a connection any more.
    fn end(&mut self) -> Left {
        if !self.thread.is_over {
            return Left::Nothing;
        }
        let all = self.clients.iter_mut().chain(&mut self.uplinks);
        for client in all.skip(self.ended).take(ENDS_IN_A_ROW) {
            self.ended += 1;
            client.on_end(&mut Turn { thread: &mut self.thread, recorder: &mut self.recorder });
        }
        if self.ended < self.clients.len() + self.uplinks.len() { Left::More } else { Left::Nothing }
    }
}

#[cfg(test)]
mod tests;
