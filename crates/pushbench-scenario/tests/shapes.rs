//! Shapes of load: the course of clients and rates, and the events that are due in it.

#![expect(clippy::single_range_in_vec_init, reason = "one stretch of time is meant")]

use proptest::prelude::*;
use pushbench_scenario::schedule::EventSchedule;
use pushbench_scenario::shape::Stage;
use pushbench_scenario::{Arrival, EventSize, Events, Overrides, Plan, Shape, Source, Topics, parse};

const SECOND: u64 = 1_000_000_000;

fn plan(clients: &str, rate: &str) -> Plan {
    let text = format!(
        "name = \"x\"\n[clients]\ncount = 10\nshape = {clients}\n[events]\npattern = \"broadcast\"\nrate = \"10/s\"\n\
         shape = {rate}\n[phases]\nwarmup = \"2s\"\nmeasure = \"20s\"\n[[transports]]\nkind = \"sse\"\n"
    );
    parse(&text, "x.toml", &Overrides::default()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn events(rate: f64, arrival: Arrival, shape: Shape) -> Events {
    Events {
        topics: Topics::Broadcast,
        source: Source::Publisher,
        rate,
        shape,
        arrival,
        size: EventSize::Fixed(200),
    }
}

fn due(events: Events, until_ns: u64) -> Vec<u64> {
    let schedule = EventSchedule::new(events, 1, 5).map(|event| event.due_offset_ns);
    schedule.take_while(|due_ns| *due_ns < until_ns).collect()
}

/// Stages; then seconds since the warm-up began, with the factor there in percent and how many events of 10/s are due until
/// there. The warm-up takes 2 s.
#[test]
fn the_course_of_a_rate() {
    type Row = (u64, u32, u32);
    let table: [(&str, &[Row]); 8] = [
        ("[]", &[(0, 100, 0), (2, 100, 20), (22, 100, 220)]),
        ("[{ hold = \"5s\" }]", &[(0, 100, 0), (22, 100, 220)]),
        // The first value holds before the measure phase, the last to the end.
        ("[{ step = \"10%\" }]", &[(0, 10, 0), (2, 10, 2), (12, 10, 12), (22, 10, 22)]),
        (
            "[{ step = \"0%\" }, { ramp = \"10s\", to = \"100%\" }]",
            &[(0, 0, 0), (2, 0, 0), (4, 20, 2), (7, 50, 13), (12, 100, 50), (22, 100, 150)],
        ),
        (
            "[{ ramp = \"4s\", to = \"0%\" }, { hold = \"6s\" }, { step = \"200%\" }]",
            &[(2, 100, 20), (4, 50, 35), (6, 0, 40), (11, 0, 40), (12, 200, 40), (13, 200, 60)],
        ),
        ("[{ hold = \"5s\" }, { step = \"0%\" }]", &[(6, 100, 60), (7, 0, 70), (22, 0, 70)]),
        (
            "[{ hold = \"3s\" }, { spike = \"1000%\", for = \"2s\" }, { hold = \"1s\" }]",
            &[(4, 100, 40), (5, 1000, 50), (6, 1000, 150), (7, 100, 250), (22, 100, 400)],
        ),
        (
            "[{ step = \"50%\" }, { spike = \"150%\", for = \"1s\" }, { step = \"0%\" }, { spike = \"20%\", for = \"5s\" }]",
            &[(1, 50, 5), (2, 150, 10), (3, 20, 25), (7, 20, 33), (8, 0, 35)],
        ),
    ];
    for (stages, rows) in table {
        let events = plan("[]", stages).events;
        for (seconds, percent, number) in rows {
            let at_ns = seconds * SECOND;
            let factor = events.shape.factor_at(at_ns);
            assert!((factor - f64::from(*percent) / 100.0).abs() < 1e-12, "{stages} at {seconds}: {factor}");
            let area = events.shape.area_until(at_ns) / 1e8;
            assert!((area - f64::from(*number)).abs() < 0.5 + 1e-6, "{stages} until {seconds}: {area}");
            assert_eq!(due(events.clone(), at_ns).len() as u32, *number, "{stages} until {seconds}");
        }
    }
}

#[test]
fn the_course_of_the_clients() {
    // Ten clients: client i is there while more than i + 1/2 tenths are.
    let shape = plan(
        "[{ step = \"30%\" }, { ramp = \"10s\", to = \"80%\" }, { spike = \"10%\", for = \"2s\" }, { step = \"0%\" }]",
        "[]",
    )
    .presence;
    let seconds = |times: &[(u64, u64)]| -> Vec<std::ops::Range<u64>> {
        times.iter().map(|(from, until)| from * SECOND..until * SECOND).collect()
    };
    let table = [
        (0, seconds(&[(0, 14)])),
        (1, seconds(&[(0, 12)])),
        (2, seconds(&[(0, 12)])),
        (3, seconds(&[(3, 12)])),
        (7, seconds(&[(11, 12)])),
        (8, vec![]),
        (9, vec![]),
    ];
    for (client, times) in table {
        assert_eq!(shape.presence(client, 10), times, "client {client}");
    }
    for (at, there) in [(0, 3), (2, 3), (3, 3), (4, 4), (11, 7), (12, 1), (13, 1), (14, 0), (100, 0)] {
        assert_eq!(shape.present_at(at * SECOND, 10), there, "at {at}");
    }
    for client in 0..10 {
        assert_eq!(Shape::FLAT.presence(client, 10), [0..u64::MAX], "without a shape all are there, always");
    }
    let back = plan("[{ step = \"0%\" }, { hold = \"1s\" }, { step = \"100%\" }]", "[]");
    assert_eq!(back.presence.presence(9, 10), [3 * SECOND..u64::MAX]);
    assert_eq!((back.clients_at_begin(10), plan("[]", "[]").clients_at_begin(10)), (0, 10));
}

#[test]
fn a_poisson_process_follows_the_shape() {
    let stages = [
        Stage::Step { to: 0.0 },
        Stage::Ramp { length_ns: 100 * SECOND, to: 2.0 },
        Stage::Hold { length_ns: 50 * SECOND },
    ];
    let shape = Shape::of_stages(&stages, 0);
    let due = due(events(100.0, Arrival::Poisson, shape.clone()), 150 * SECOND);
    // 20,000 are due; each tenth of the area has 2,000 with a deviation of 45.
    let mut tenths = [0_u32; 10];
    for at_ns in &due {
        tenths[(shape.area_until(*at_ns) / (20.0 * SECOND as f64)) as usize] += 1;
    }
    assert!(tenths.iter().all(|count| (1_800..2_200).contains(count)), "{tenths:?}");
    // In time the same process at a flat rate, stretched and squeezed.
    let flat = EventSchedule::new(events(100.0, Arrival::Poisson, Shape::FLAT), 1, 5);
    for (at_ns, flat) in due.iter().zip(flat) {
        assert!((shape.area_until(*at_ns) - flat.due_offset_ns as f64).abs() < 3.0, "{at_ns}");
    }
}

#[test]
fn check_tells_the_course() {
    let shape = plan(
        "[]",
        "[{ step = \"10%\" }, { ramp = \"10s\", to = \"100%\" }, { hold = \"5s\" }, { spike = \"500%\", for = \"2s\" }]",
    );
    assert_eq!(
        shape.events.shape.in_words(2 * SECOND),
        "10%, from 0s to 10s to 100%, at 15s 500%, at 17s 100%"
    );
}

fn stages() -> impl Strategy<Value = Vec<Stage>> {
    let factor = || prop_oneof![Just(0.0), Just(1.0), 0.001..100.0_f64];
    let length = || 1_000_000..20 * SECOND;
    let stage = prop_oneof![
        factor().prop_map(|to| Stage::Step { to }),
        (length(), factor()).prop_map(|(length_ns, to)| Stage::Ramp { length_ns, to }),
        length().prop_map(|length_ns| Stage::Hold { length_ns }),
        (length(), factor()).prop_map(|(length_ns, to)| Stage::Spike { length_ns, to }),
    ];
    prop::collection::vec(stage, 0..8)
}

proptest! {
    #[test]
    fn in_any_time_as_many_events_are_due_as_the_area_says(
        stages in stages(), rate in 0.5..50.0_f64, times in (0..90 * SECOND, 0..90 * SECOND),
    ) {
        let (from_ns, until_ns) = (times.0.min(times.1), times.0.max(times.1));
        let shape = Shape::of_stages(&stages, 3 * SECOND);
        let due = due(events(rate, Arrival::Constant, shape.clone()), until_ns);
        prop_assert!(due.is_sorted());
        let count = due.iter().filter(|at_ns| **at_ns >= from_ns).count() as f64;
        let expected = rate * (shape.area_until(until_ns) - shape.area_until(from_ns)) / 1e9;
        prop_assert!((count - expected).abs() <= 1.0 + 1e-3, "{} events, {} expected", count, expected);
        for at_ns in due {
            // Rounded to a nanosecond, an event may be said to be due at the last instant at which something was.
            let near = [at_ns.saturating_sub(1), at_ns, at_ns + 1];
            prop_assert!(near.iter().any(|t_ns| shape.factor_at(*t_ns) > 0.0), "due at {}", at_ns);
        }
    }

    #[test]
    fn an_instant_is_where_its_area_is(stages in stages(), area in 0.0..2e11_f64) {
        let shape = Shape::of_stages(&stages, SECOND);
        if let Some(instant_ns) = shape.instant_of(area) {
            let slack = 2.0 * shape.peak().max(1.0);
            let reached = shape.area_until(instant_ns.round() as u64);
            prop_assert!((reached - area).abs() <= slack + area * 1e-9, "{} instead of {}", reached, area);
        } else {
            prop_assert!(shape.area_until(1000 * SECOND) <= area + 1.0);
        }
    }

    #[test]
    fn who_is_there_is_told_alike_by_the_client_and_by_the_instant(
        stages in stages(), clients in 1..200_u32, at_ns in 0..100 * SECOND,
    ) {
        let stages: Vec<Stage> = stages.into_iter().map(|stage| match stage {
            Stage::Step { to } => Stage::Step { to: to / 100.0 },
            Stage::Ramp { length_ns, to } => Stage::Ramp { length_ns, to: to / 100.0 },
            Stage::Spike { length_ns, to } => Stage::Spike { length_ns, to: to / 100.0 },
            Stage::Hold { .. } => stage,
        }).collect();
        let shape = Shape::of_stages(&stages, SECOND);
        let there = |client| shape.presence(client, clients).iter().any(|time| time.contains(&at_ns));
        let counted = (0..clients).filter(|client| there(*client)).count() as u32;
        let told = shape.present_at(at_ns, clients);
        // A crossing is rounded to a nanosecond, so that at its very instant one client may be on either side.
        prop_assert!(counted.abs_diff(told) <= 1, "{} and {}", counted, told);
        for client in 0..clients {
            let times = shape.presence(client, clients);
            prop_assert!(times.iter().all(|time| time.start < time.end));
            prop_assert!(times.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }
}
