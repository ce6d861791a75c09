use super::*;
use pushbench_measure::wire::Opened;
use pushbench_scenario::{Overrides, WorkerShare};
use pushbench_transport::meter::Meter;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::task::Context;
use tokio::task::{LocalSet, coop, spawn_local};

const MS: u64 = 1_000_000;

/// A driver whose clients are to connect to `target`; none of them has arrived.
fn driver(clients: u32, target: SocketAddr) -> Driver {
    let scenario = format!(
        "name = \"some\"\n[clients]\ncount = {clients}\nconnect_rate = \"1000000/s\"\n[events]\npattern = \"broadcast\"\n\
         rate = \"1/s\"\nsize = \"100B\"\n[phases]\nmeasure = \"1s\"\n[[transports]]\nkind = \"sse\""
    );
    let plan = pushbench_scenario::parse(&scenario, "some.toml", &Overrides::default()).unwrap();
    let targets = vec![target];
    let share = WorkerShare { plan, transport: 0, clients, worker: 0, workers: 1, targets, source: None };
    let (share, meter) = (Rc::new(share), Rc::new(Meter::new(Opened::Here, target)));
    let thread = Thread::new(Rc::clone(&share), meter).unwrap();
    Driver::new(thread, Arrivals::new(share, 0))
}

/// Nobody listens there, and nobody is to connect.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// Runs a test as a task of its own, which the bound on its time does not wake.
fn run<F: Future<Output = ()> + 'static>(test: impl FnOnce(Alarm) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let alarm = Alarm::new().unwrap();
        spawn_local(alarm.run());
        tokio::time::timeout(std::time::Duration::from_secs(20), spawn_local(test(alarm)))
            .await
            .expect("what is waited for comes")
            .unwrap();
    });
}

/// Leaves the present poll of a task no budget.
fn use_up_budget(context: &mut Context<'_>) {
    while let Poll::Ready(turn) = coop::poll_proceed(context) {
        turn.made_progress();
    }
}

#[test]
fn a_wait_without_budget_does_not_lose_the_wake_up_of_the_next() {
    run(async |alarm| {
        let mut driver = driver(1, nowhere());
        driver.thread.is_over = true;
        let (mut sleep, stop) = (alarm.until(u64::MAX), Stop::default());
        let at_ns = now_ns() + 50 * MS;
        driver.thread.wheel.insert(at_ns, 0);
        poll_fn(|context| {
            use_up_budget(context);
            Poll::Ready(())
        })
        .await;
        driver.wait(&mut sleep, &stop).await.unwrap();
        // The task was woken for want of budget; from now on only the instant wakes it.
        while now_ns() < at_ns {
            driver.wait(&mut sleep, &stop).await.unwrap();
        }
    });
}

#[test]
fn a_wait_for_an_instant_that_has_been_slept_for_ends() {
    run(async |alarm| {
        let mut driver = driver(1, nowhere());
        driver.thread.is_over = true;
        let (mut sleep, stop) = (alarm.until(u64::MAX), Stop::default());
        let at_ns = now_ns();
        driver.thread.wheel.insert(at_ns, 0);
        for _ in 0..3 {
            driver.wait(&mut sleep, &stop).await.unwrap();
        }
    });
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const EVENT: &str = "data: x\n\n";

/// A driver and the servers of its clients, all of which are ready; all that has been reported has been served.
struct Rig {
    driver: Driver,
    recorder: Recorder,
    streams: Vec<TcpStream>,
    sleep: Sleep,
    stop: Stop,
}

impl Rig {
    async fn ready(clients: u32, alarm: &Alarm) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let driver = driver(clients, listener.local_addr().unwrap());
        let (recorder, streams) = (Recorder::default(), Vec::new());
        let mut rig = Self { driver, recorder, streams, sleep: alarm.until(u64::MAX), stop: Stop::default() };
        let all = clients as usize;
        while rig.streams.len() < all {
            rig.driver.turn(now_ns(), &mut rig.recorder).unwrap();
            rig.streams.extend(std::iter::from_fn(|| {
                let (stream, _) = listener.accept().ok()?;
                stream.set_nonblocking(true).unwrap();
                Some(stream)
            }));
            yield_now().await;
        }
        rig.until(|rig| rig.recorder.counters.requests == u64::from(clients)).await;
        rig.write_all(HEAD);
        rig.until(|rig| rig.recorder.ever_connected == clients).await;
        rig.turns();
        rig
    }

    /// Turns until nothing is left to be done.
    fn turns(&mut self) {
        while self.driver.turn(now_ns(), &mut self.recorder).unwrap() == Left::More {}
    }

    /// Waits and turns as the driver does, until it is so.
    async fn until(&mut self, is_so: impl Fn(&Self) -> bool) {
        loop {
            self.turns();
            if is_so(self) {
                return;
            }
            self.driver.wait(&mut self.sleep, &self.stop).await.unwrap();
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
    run(async |alarm| {
        const READS: u32 = READS_IN_A_ROW as u32;
        const LOOK: u32 = AT_ONCE as u32;
        for clients in [1, READS - 1, READS, READS + 1, LOOK - 1, LOOK, LOOK + 1] {
            let mut rig = Rig::ready(clients, &alarm).await;
            for round in 1..=3 {
                rig.write_all(EVENT);
                rig.until(|rig| rig.recorder.counters.events >= u64::from(round * clients)).await;
                assert_eq!(rig.recorder.counters.events, u64::from(round * clients));
            }
        }
    });
}

#[test]
fn sockets_are_looked_at_when_there_is_news_of_them() {
    run(async |alarm| {
        let mut rig = Rig::ready(2, &alarm).await;
        rig.write_all(EVENT);
        rig.turns();
        assert_eq!(rig.recorder.counters.events, 0, "a turn for something else does not look");
        rig.until(|rig| rig.recorder.counters.events == 2).await;
    });
}

#[test]
fn a_stop_in_the_middle_of_a_batch_leaves_nobody_behind() {
    run(async |alarm| {
        const CLIENTS: usize = 3 * READS_IN_A_ROW;
        let mut rig = Rig::ready(CLIENTS as u32, &alarm).await;
        let before = rig.recorder.counters.down.total();
        rig.write_all(EVENT);
        while rig.recorder.counters.events == 0 {
            rig.driver.wait(&mut rig.sleep, &rig.stop).await.unwrap();
            assert_eq!(rig.driver.turn(now_ns(), &mut rig.recorder).unwrap(), Left::More);
        }
        assert_eq!(rig.recorder.counters.events, READS_IN_A_ROW as u64, "the others are in the batch");
        rig.driver.thread.is_over = true;
        // Every byte is counted, and the end of every connection seen.
        let bytes = before + (CLIENTS * EVENT.len()) as u64;
        rig.turns();
        assert_eq!(rig.recorder.counters.down.total(), bytes);
        assert_eq!(rig.driver.thread.held as usize, CLIENTS);
        rig.streams.clear();
        rig.until(|rig| rig.driver.thread.held == 0).await;
    });
}

#[test]
fn others_have_their_turn_while_the_clients_of_a_thread_end() {
    run(async |alarm| {
        const CLIENTS: usize = 8 * ENDS_IN_A_ROW;
        let Rig { driver, recorder, streams, .. } = Rig::ready(CLIENTS as u32, &alarm).await;
        let (stop, recorder) = (Rc::new(Stop::default()), Rc::new(RefCell::new(recorder)));
        let driving = spawn_local(driver.run(alarm.clone(), recorder, Rc::clone(&stop)));
        yield_now().await;
        stop.tell();
        let mut requests = [0; 4096];
        for mut stream in &streams {
            assert!(stream.read(&mut requests).unwrap() > 0);
        }
        let has_ended = |stream: &&TcpStream| stream.peek(&mut [0]).is_ok_and(|bytes| bytes == 0);
        let mut progress = Vec::new();
        while progress.last() != Some(&CLIENTS) {
            yield_now().await;
            progress.push(streams.iter().filter(has_ended).count());
        }
        let most = progress.iter().scan(0, |before, now| Some(now - std::mem::replace(before, *now))).max();
        // The runtime may give a task another turn before this one gets its own.
        assert!(most <= Some(2 * ENDS_IN_A_ROW), "{progress:?}");
        drop(streams);
        driving.await.unwrap();
    });
}
