//! The jobs for real, at tiny sizes. What they show depends on the machine; that they do what they say does not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic anywhere")]

use pushbench_floor::{FloorError, Repetition, Sides, Size, repetition, round_trips};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const TINY: Size = Size {
    connections: 30,
    rounds: 4,
    interval: Duration::from_millis(10),
    flat_out: Duration::from_millis(50),
};

fn tiny(sides: &Sides, number: u8) -> Repetition {
    repetition(&TINY, number, sides, &AtomicBool::new(false)).unwrap()
}

#[test]
fn a_repetition_sends_what_it_says_and_loses_nothing() {
    let shown = tiny(&Sides::default(), 1);
    assert_eq!(shown.opening.connections, 30);
    assert_eq!((shown.paced.sent, shown.paced.received), (120, 120));
    assert!(shown.paced.reads <= 120 && shown.paced.reads >= 30, "{:?}", shown.paced);
    // Three intervals lie between the first round and the last.
    assert!(shown.paced.elapsed_ns >= 30_000_000, "{:?}", shown.paced);
    assert_eq!(shown.flat_out.sent, shown.flat_out.received);
    assert!(shown.flat_out.sent >= 30 && shown.flat_out.elapsed_ns >= 50_000_000, "{:?}", shown.flat_out);
    for fan_out in [shown.paced, shown.flat_out] {
        assert!(fan_out.sending_cpu_ns > 0 && fan_out.receiving_cpu_ns > 0, "{fan_out:?}");
    }
}

#[test]
fn both_sides_may_share_a_cpu() {
    let cpus = pushbench_probe::affinity::allowed().unwrap();
    let shown = tiny(&Sides { sender: vec![cpus[0]], receiver: vec![cpus[0]] }, 2);
    assert_eq!(shown.flat_out.sent, shown.flat_out.received);
    assert!(shown.flat_out.sent > 0);
}

#[test]
fn every_round_trip_is_a_time() {
    let interval = Duration::from_millis(1);
    for connections in [1, 3] {
        let times =
            round_trips(connections, 20, interval, &Sides::default(), &AtomicBool::new(false)).unwrap();
        assert_eq!(times.count(), 20);
        assert!(times.quantile(0.0).unwrap() > 0);
    }
}

#[test]
fn a_stop_ends_every_job_before_its_time() {
    let stop = AtomicBool::new(false);
    let endless = Size { rounds: u32::MAX, ..TINY };
    let jobs: [&(dyn Fn() -> Result<(), FloorError> + Sync); 3] = [
        &|| repetition(&endless, 3, &Sides::default(), &stop).map(|_| ()),
        &|| {
            let size = Size { flat_out: Duration::from_hours(1), ..TINY };
            repetition(&size, 4, &Sides::default(), &stop).map(|_| ())
        },
        &|| round_trips(1, u32::MAX, Duration::from_millis(1), &Sides::default(), &stop).map(|_| ()),
    ];
    std::thread::scope(|scope| {
        let ends: Vec<_> = jobs.iter().map(|job| scope.spawn(job)).collect();
        // Better in the middle, when the sockets of all are open; a job that has not begun ends as well.
        let deadline = Instant::now() + Duration::from_secs(5);
        while pushbench_probe::limits::open_fds().unwrap() < 122 && Instant::now() < deadline {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        for end in ends {
            let end = end.join().unwrap();
            assert!(matches!(end, Err(FloorError::Stopped)), "{end:?}");
        }
    });
}
