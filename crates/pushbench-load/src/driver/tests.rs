use super::*;
use crate::within_a_minute;
use pushbench_measure::snapshot::{WorkerFinal, WorkerSnapshot};
use pushbench_measure::wire::Opened;
use pushbench_measure::{Counters, Figure, PhaseEdges};
use pushbench_probe::bell::Bell;
use pushbench_probe::readiness::{AT_ONCE, Set};
use pushbench_scenario::{Overrides, WorkerShare};
use pushbench_transport::meter::Meter;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot::Receiver;

const MS: u64 = 1_000_000;

/// A driver whose clients are to connect to `target`, and where its orders come from; none of its clients has arrived.
fn driver(clients: u32, target: SocketAddr) -> (Driver, mpsc::Sender<Order>) {
    let scenario = format!(
        "name = \"some\"\n[clients]\ncount = {clients}\nconnect_rate = \"1000000/s\"\n[events]\npattern = \"broadcast\"\n\
         rate = \"1/s\"\nsize = \"100B\"\n[phases]\nmeasure = \"1s\"\n[[transports]]\nkind = \"sse\""
    );
    let plan = pushbench_scenario::parse(&scenario, "some.toml", &Overrides::default()).unwrap();
    let targets = vec![target];
    let share = WorkerShare { plan, transport: 0, clients, worker: 0, workers: 1, targets, source: None };
    let (share, meter) = (Rc::new(share), Rc::new(Meter::new(Opened::Here, target)));
    let (sender, receiver) = mpsc::channel();
    let orders = Orders { channel: receiver, bell: Arc::new(Bell::new().unwrap()) };
    let thread = Thread::new(share, meter, Set::new().unwrap());
    let mut driver = Driver::new(thread, Timer::new().unwrap(), orders).unwrap();
    // A bell can always be rung, which is reported once.
    driver.look(Left::More).unwrap();
    driver.turn(now_ns());
    (driver, sender)
}

/// Nobody listens there, and nobody is to connect.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// An order to close the books, and where these come.
fn finish() -> (Order, Receiver<Box<(WorkerSnapshot, WorkerFinal)>>) {
    let (reply, books) = oneshot::channel();
    (Order::Finish { tick_ns: 1, reply }, books)
}

#[test]
fn the_timer_is_set_for_whoever_is_next_and_not_again_for_later() {
    within_a_minute(|| {
        let (mut driver, _orders) = driver(1, nowhere());
        let now_ns = now_ns();
        let [near_ns, far_ns] = [20, 40].map(|ahead| now_ns + ahead * MS);
        for at_ns in [near_ns, far_ns] {
            driver.thread.wheel.insert(at_ns, 0);
            // Nothing wakes it but the timer.
            while super::now_ns() < at_ns {
                driver.look(Left::Nothing).unwrap();
                assert!(driver.timer_ns == near_ns || at_ns == far_ns, "it was set to {}", driver.timer_ns);
                driver.serve();
                driver.thread.wheel.insert(now_ns + 60_000 * MS, 0);
            }
            driver.thread.wheel.pop_due(at_ns).unwrap();
        }
    });
}

#[test]
fn an_instant_that_has_passed_is_not_waited_for() {
    within_a_minute(|| {
        let (mut driver, _orders) = driver(1, nowhere());
        for _ in 0..3 {
            driver.thread.wheel.insert(now_ns(), 0);
            driver.look(Left::Nothing).unwrap();
            assert!(driver.ready.is_empty() && driver.timer_ns == u64::MAX);
            driver.thread.wheel.pop_due(now_ns()).unwrap();
        }
    });
}

#[test]
fn a_driver_that_waits_hears_the_bell_and_ends_when_nobody_can_order_it_any_more() {
    within_a_minute(|| {
        let (driver, orders) = driver(1, nowhere());
        let bell = Arc::clone(&driver.orders.bell);
        let leaving = std::thread::spawn(move || {
            let (reply, counters) = oneshot::channel();
            orders.send(Order::Count { reply }).unwrap();
            bell.ring();
            assert_eq!(counters.blocking_recv().unwrap(), Counters::default());
            drop(orders);
            bell.ring();
        });
        driver.run().unwrap();
        leaving.join().unwrap();
    });
}

#[test]
fn the_books_of_a_step_that_never_began_are_handed_over_at_once() {
    within_a_minute(|| {
        let (driver, orders) = driver(7, nowhere());
        let (order, mut books) = finish();
        orders.send(order).unwrap();
        driver.run().unwrap();
        let (last, sums) = *books.try_recv().unwrap();
        assert_eq!((last.tick_ns, last.ever_connected), (1, 0));
        assert_eq!((sums.tally.intended, sums.tally.connected), (7, 0));
    });
}

#[test]
fn the_last_reading_is_taken_before_the_clients_leave() {
    within_a_minute(|| {
        let mut rig = Rig::ready(3);
        let now_ns = now_ns();
        let edges = PhaseEdges { start_ns: now_ns, measure_ns: now_ns, drain_ns: now_ns, end_ns: now_ns };
        let (order, mut books) = finish();
        rig.orders.send(Order::Begin(edges)).unwrap();
        rig.orders.send(order).unwrap();
        let streams = std::mem::take(&mut rig.streams);
        let peers = std::thread::spawn(move || {
            // Each ends when its client has, which comes after the reading.
            for mut stream in streams {
                stream.set_nonblocking(false).unwrap();
                stream.read_to_end(&mut Vec::new()).unwrap();
            }
        });
        rig.driver.run().unwrap();
        peers.join().unwrap();
        let (_, sums) = *books.try_recv().unwrap();
        assert_eq!(sums.wire.readings.map(|reading| reading.sockets), [3; 4]);
        assert_eq!(sums.wire.whole.sockets, 3);
        let [.., closed] = sums.at_readings;
        assert_eq!((closed.opened, closed.closed), (3, 3));
    });
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const EVENT: &str = "data: x\n\n";

/// A driver and the servers of its clients, all of which are ready; all that has been reported has been served.
struct Rig {
    driver: Driver,
    orders: mpsc::Sender<Order>,
    streams: Vec<TcpStream>,
}

impl Rig {
    fn ready(clients: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let (driver, orders) = driver(clients, listener.local_addr().unwrap());
        let mut rig = Self { driver, orders, streams: Vec::new() };
        let (reply, mut all_ready) = oneshot::channel();
        rig.orders.send(Order::Connect { start_ns: now_ns(), reply }).unwrap();
        assert_eq!(rig.driver.obey(), Course::GoesOn);
        while rig.streams.len() < clients as usize {
            rig.driver.turn(now_ns());
            rig.streams.extend(std::iter::from_fn(|| {
                let (stream, _) = listener.accept().ok()?;
                stream.set_nonblocking(true).unwrap();
                Some(stream)
            }));
        }
        rig.until(|driver| driver.recorder.counters.requests == u64::from(clients));
        assert!(all_ready.try_recv().is_err(), "nobody has been answered");
        rig.write_all(HEAD);
        rig.until(|driver| driver.recorder.ever_connected == clients);
        all_ready.try_recv().unwrap();
        rig.turns();
        rig
    }

    /// Turns until nothing is left to be done, but for the conclusion of the step.
    fn turns(&mut self) {
        loop {
            let left = self.driver.turn(now_ns());
            let is_served = self.driver.served == self.driver.ready.len();
            let is_deserted = self.driver.thread.is_over && self.driver.thread.held == 0;
            if is_served && (left == Left::Nothing || is_deserted) {
                return;
            }
        }
    }

    /// Waits and turns as the driver does, until it is so.
    fn until(&mut self, is_so: impl Fn(&Driver) -> bool) {
        loop {
            self.turns();
            if is_so(&self.driver) {
                return;
            }
            self.driver.look(Left::Nothing).unwrap();
        }
    }

    fn write_all(&self, bytes: &str) {
        for mut stream in &self.streams {
            stream.write_all(bytes.as_bytes()).unwrap();
        }
    }
}

#[test]
fn however_many_are_ready_at_once_none_is_missed() {
    within_a_minute(|| {
        const READS: u32 = READS_IN_A_ROW as u32;
        const LOOK: u32 = AT_ONCE as u32;
        for clients in [1, READS - 1, READS, READS + 1, LOOK - 1, LOOK, LOOK + 1] {
            let mut rig = Rig::ready(clients);
            for round in 1..=3 {
                rig.write_all(EVENT);
                rig.until(|driver| driver.recorder.counters.events >= u64::from(round * clients));
                assert_eq!(rig.driver.recorder.counters.events, u64::from(round * clients));
            }
        }
    });
}

#[test]
fn an_order_and_an_errand_are_not_kept_waiting_by_many_clients() {
    within_a_minute(|| {
        const CLIENTS: usize = 3 * READS_IN_A_ROW;
        let mut rig = Rig::ready(CLIENTS as u32);
        // Until more are ready than have a turn at once; on a busy machine some are told of later than they are written to.
        loop {
            rig.write_all(EVENT);
            rig.driver.look(Left::More).unwrap();
            if rig.driver.ready.len() > READS_IN_A_ROW {
                break;
            }
            rig.turns();
        }
        let looks = |driver: &Driver| driver.recorder.histograms.all_phases(Figure::TimerLate).count();
        let (looked, received) = (looks(&rig.driver), rig.driver.recorder.counters.events);
        let (reply, mut counters) = oneshot::channel();
        rig.orders.send(Order::Count { reply }).unwrap();
        rig.driver.orders.bell.ring();
        assert_eq!(rig.driver.obey(), Course::GoesOn);
        assert_eq!(counters.try_recv().unwrap().events, received, "before anybody has a turn");
        rig.driver.turn(rig.driver.errands.as_ref().unwrap().next_ns());
        assert_eq!(looks(&rig.driver), looked + 1);
        assert!(rig.driver.served < rig.driver.ready.len(), "the others are still to come");
    });
}

#[test]
fn a_stop_in_the_middle_of_a_batch_leaves_nobody_behind() {
    within_a_minute(|| {
        const CLIENTS: usize = 3 * READS_IN_A_ROW;
        let mut rig = Rig::ready(CLIENTS as u32);
        let before = rig.driver.recorder.counters.down.total();
        rig.write_all(EVENT);
        while rig.driver.recorder.counters.events == 0 {
            rig.driver.look(Left::Nothing).unwrap();
            rig.driver.turn(now_ns());
        }
        assert!(rig.driver.recorder.counters.events < CLIENTS as u64, "the others are in the batch");
        rig.driver.thread.is_over = true;
        // Every byte is counted, and the end of every connection seen.
        let bytes = before + (CLIENTS * EVENT.len()) as u64;
        rig.turns();
        rig.until(|driver| driver.recorder.counters.down.total() == bytes);
        assert_eq!(rig.driver.thread.held as usize, CLIENTS);
        rig.streams.clear();
        rig.until(|driver| driver.thread.held == 0);
    });
}

#[test]
fn the_clients_of_a_thread_do_not_all_end_in_one_turn() {
    within_a_minute(|| {
        const CLIENTS: usize = 8 * ENDS_IN_A_ROW;
        let mut rig = Rig::ready(CLIENTS as u32);
        rig.driver.thread.is_over = true;
        // Which may come in between.
        rig.driver.errands = None;
        for told in 1..=CLIENTS / ENDS_IN_A_ROW {
            let left = rig.driver.turn(now_ns());
            assert_eq!(rig.driver.ended, told * ENDS_IN_A_ROW);
            assert_eq!(left == Left::More, rig.driver.ended < CLIENTS);
        }
        rig.streams.clear();
        rig.until(|driver| driver.thread.held == 0);
    });
}
