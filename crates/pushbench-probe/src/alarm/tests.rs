//! The alarm on a real event loop. No test has an upper bound on the wall clock.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Wake,
};

use tokio::task::{LocalSet, spawn_local};

use super::*;

const MS: u64 = 1_000_000;
/// An instant that no test lives to see.
const NEVER: u64 = u64::MAX;

/// Runs `test` on a current-thread runtime beside a driver.
fn with_alarm<T, F: Future<Output = T>>(test: impl FnOnce(Alarm) -> F) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let alarm = Alarm::new().unwrap();
        spawn_local(alarm.run());
        test(alarm).await
    })
}

/// Polls `sleep` once and says whether it is done.
async fn is_done(sleep: &mut Sleep) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *sleep).poll(context).is_ready())).await
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls `sleep`, which is for [`NEVER`], with `waker`, and only then moves it to `at_ns`: so it is the driver
/// that wakes it, however long this thread was held up in between.
fn enlist(sleep: &mut Sleep, waker: &Waker, at_ns: u64) {
    assert!(Pin::new(&mut *sleep).poll(&mut Context::from_waker(waker)).is_pending());
    sleep.reset(at_ns);
}

/// Returns when the driver has woken a sleeper for `at_ns`, and so everyone due before.
async fn driven_past(alarm: &Alarm, at_ns: u64) {
    let mut sleep = alarm.until(NEVER);
    let mut enlisted = false;
    let woken = poll_fn(move |context| {
        if enlisted {
            return Poll::Ready(());
        }
        enlisted = true;
        enlist(&mut sleep, context.waker(), at_ns);
        Poll::Pending
    });
    // A task of its own is polled only when it is woken.
    spawn_local(woken).await.unwrap();
}

/// A waker that notes its instant, and that it did not come early.
struct Logged {
    at_ns: u64,
    log: Arc<Mutex<Vec<u64>>>,
}

impl Wake for Logged {
    fn wake(self: Arc<Self>) {
        assert!(now_ns() >= self.at_ns);
        self.log.lock().unwrap().push(self.at_ns);
    }
}

#[test]
fn sleepers_wake_in_the_order_of_their_instants_and_never_early() {
    let woken = with_alarm(async |alarm| {
        let base = now_ns() + 5 * MS;
        let log = Arc::new(Mutex::new(Vec::new()));
        let sleeps = [5, 1, 3, 0, 4, 2].map(|place| {
            let at_ns = base + place * MS;
            let mut sleep = alarm.until(NEVER);
            enlist(&mut sleep, &Waker::from(Arc::new(Logged { at_ns, log: Arc::clone(&log) })), at_ns);
            sleep
        });
        driven_past(&alarm, base + 6 * MS).await;
        drop(sleeps);
        log.lock().unwrap().iter().map(|at_ns| (at_ns - base) / MS).collect::<Vec<_>>()
    });
    assert_eq!(woken, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_past_instant_is_done_at_the_first_poll() {
    with_alarm(async |alarm| {
        for at_ns in [0, 1, now_ns()] {
            assert!(is_done(&mut alarm.until(at_ns)).await);
        }
        assert!(!is_done(&mut alarm.until(NEVER)).await);
    });
}

#[test]
fn a_task_behind_its_schedule_lets_others_run() {
    with_alarm(async |alarm| {
        let other_ran = Rc::new(Cell::new(false));
        let seen = Rc::clone(&other_ran);
        spawn_local(async move { seen.set(true) });
        for _ in 0..10_000 {
            alarm.until(0).await;
        }
        assert!(other_ran.get());
    });
}

#[test]
fn reset_moves_a_pending_sleep_earlier_and_later() {
    with_alarm(async |alarm| {
        let mut earlier = alarm.until(NEVER);
        assert!(!is_done(&mut earlier).await);
        earlier.reset(now_ns() + 5 * MS);
        earlier.await;

        let mut later = alarm.until(NEVER);
        assert!(!is_done(&mut later).await);
        later.reset(now_ns() + MS);
        let moved_to = now_ns() + 20 * MS;
        later.reset(moved_to);
        later.await;
        assert!(now_ns() >= moved_to);
    });
}

#[test]
fn reset_of_a_waiting_sleep_wakes_its_task_without_another_poll() {
    with_alarm(async |alarm| {
        let sleep = Rc::new(RefCell::new(alarm.until(NEVER)));
        let held = Rc::clone(&sleep);
        let waiting = spawn_local(poll_fn(move |context| Pin::new(&mut *held.borrow_mut()).poll(context)));
        tokio::task::yield_now().await;
        sleep.borrow_mut().reset(now_ns() + MS);
        waiting.await.unwrap();
    });
}

#[test]
fn reset_makes_a_finished_sleep_usable_again() {
    with_alarm(async |alarm| {
        let mut sleep = alarm.until(0);
        for _ in 0..3 {
            let at_ns = now_ns() + 2 * MS;
            sleep.reset(at_ns);
            (&mut sleep).await;
            assert!(now_ns() >= at_ns);
        }
    });
}

#[test]
fn a_dropped_or_moved_sleep_wakes_nobody() {
    with_alarm(async |alarm| {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let at_ns = now_ns() + 5 * MS;
        let [mut dropped, mut moved, mut kept] = [(); 3].map(|()| alarm.until(NEVER));
        for sleep in [&mut dropped, &mut moved, &mut kept] {
            enlist(sleep, &waker, at_ns);
        }
        drop((dropped, waker));
        moved.reset(NEVER);
        driven_past(&alarm, at_ns + MS).await;
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        drop((moved, kept));
        assert_eq!(Arc::strong_count(&count), 1, "no waker may stay behind");
    });
}

#[test]
fn the_latest_waker_is_the_one_that_is_woken() {
    with_alarm(async |alarm| {
        let counts = [(); 2].map(|()| Arc::new(Count::default()));
        let at_ns = now_ns() + MS;
        let mut sleep = alarm.until(NEVER);
        for count in &counts {
            let waker = Waker::from(Arc::clone(count));
            assert!(Pin::new(&mut sleep).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        sleep.reset(at_ns);
        driven_past(&alarm, at_ns + MS).await;
        assert_eq!(counts.map(|count| count.0.load(Ordering::Relaxed)), [0, 1]);
    });
}

#[test]
fn ten_thousand_sleepers_are_rearmed_and_cancelled() {
    const SLEEPERS: u64 = 10_000;
    let laps = with_alarm(async |alarm| {
        let laps = Rc::new(Cell::new(0));
        let due = now_ns() + 20 * MS;
        let tasks: Vec<_> = (0..SLEEPERS)
            .map(|number| {
                let (alarm, laps) = (alarm.clone(), Rc::clone(&laps));
                spawn_local(async move {
                    // Half of them are due at the very same instant, the others are spread.
                    let phase = if number % 2 == 0 { 0 } else { number * 1_000 };
                    for lap in 0..3 {
                        let abandoned = &mut alarm.until(NEVER);
                        let at_ns = due + phase + lap * 20 * MS;
                        tokio::select! {
                            () = abandoned => unreachable!("that instant is never reached"),
                            () = alarm.until(at_ns) => {}
                        }
                        assert!(now_ns() >= at_ns);
                        laps.set(laps.get() + 1);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        laps.get()
    });
    assert_eq!(laps, 3 * SLEEPERS);
}

#[test]
fn who_attends_wakes_the_due_by_the_clock_and_nobody_else() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        // Nobody runs the driver: what is woken, the attendant woke.
        let alarm = Alarm::new().unwrap();
        let (due, later) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let (mut first, mut second) = (alarm.until(NEVER), alarm.until(NEVER));
        enlist(&mut first, &Waker::from(Arc::clone(&due)), now_ns());
        enlist(&mut second, &Waker::from(Arc::clone(&later)), now_ns() + 3_600_000 * MS);
        let mut attendant = Box::pin(alarm.attend());
        for _ in 0..2 {
            let polled = poll_fn(|context| Poll::Ready(attendant.as_mut().poll(context).is_pending())).await;
            assert!(polled, "it never completes");
        }
        assert_eq!((due.0.load(Ordering::Relaxed), later.0.load(Ordering::Relaxed)), (1, 0));
        assert!(is_done(&mut first).await);
    });
}

#[test]
fn the_timer_is_set_once_for_each_instant_that_is_slept_for() {
    const TURNS: u64 = 50;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let alarm = Alarm::new().unwrap();
        spawn_local(alarm.run());
        // Another, which is always pending and never next.
        let mut far = alarm.until(now_ns() + 3_600_000 * MS);
        assert!(!is_done(&mut far).await);
        let before = alarm.shared.times_set.get();
        let sleeps = alarm.clone();
        let sleeper = spawn_local(async move {
            let mut sleep = sleeps.until(NEVER);
            for _ in 0..TURNS {
                sleep.reset(now_ns() + MS / 2);
                (&mut sleep).await;
            }
        });
        tokio::select! {
            biased;
            never = alarm.attend() => match never {},
            done = sleeper => done.unwrap(),
        }
        let times = alarm.shared.times_set.get() - before;
        // And once more for the other.
        assert!(times <= TURNS + 1, "{times}");
    });
}

#[test]
fn an_earlier_sleeper_is_not_forgotten_while_the_timer_is_not_set() {
    with_alarm(async |alarm| {
        let at_ns = now_ns() + 20 * MS;
        let count = Arc::new(Count::default());
        let (mut due, mut earlier) = (alarm.until(NEVER), alarm.until(NEVER));
        enlist(&mut earlier, &Waker::from(Arc::clone(&count)), at_ns);
        enlist(&mut due, Waker::noop(), now_ns());
        // Takes out who is due; the next to ask asks for much later.
        let mut attendant = Box::pin(alarm.attend());
        poll_fn(|context| Poll::Ready(attendant.as_mut().poll(context).is_pending())).await;
        let mut later = alarm.until(now_ns() + 3_600_000 * MS);
        assert!(!is_done(&mut later).await);
        // Nobody asks the alarm for anything meanwhile; long enough for a busy machine.
        while count.0.load(Ordering::Relaxed) == 0 {
            assert!(now_ns() < at_ns + 20_000 * MS, "nobody woke it");
            tokio::task::yield_now().await;
        }
    });
}
