//! What a plan needs: processes and their files, ports, memory, time.

use insta::assert_snapshot;
use pushbench_scenario::needs::{Limit, Machine, needs};
use pushbench_scenario::{Overrides, describe, parse};
use std::time::Duration;

use crate::{MACHINE, SCENARIO, needed, plan};

/// 20,000 files less a tenth less 200 are 17,800 clients a process. Of 28,232 ports half are found at once; less a tenth
/// these are 12,704 towards each target.
#[test]
fn processes_follow_from_the_limit_of_open_files() {
    // Clients; targets; workers of a held stream; workers with a new socket per second.
    let table = [
        (1, 1, 1, 1),
        (6_352, 1, 1, 1),
        (6_353, 1, 1, 2),
        (12_704, 1, 1, 2),
        (12_705, 1, 2, 3),
        (17_800, 1, 2, 3),
        (17_801, 2, 2, 2),
        (100_000, 6, 6, 6),
        (1_000_000, 57, 57, 57),
    ];
    let machine = Machine { memory_available_bytes: 1 << 40, ..MACHINE };
    for (clients, targets, workers, polling_workers) in table {
        let needs = needed(clients, "", &machine);
        let held = needs.of("sse", clients).unwrap();
        assert_eq!((held.targets, held.workers), (targets, workers), "{clients}");
        assert_eq!(needs.of("close", clients).unwrap().workers, polling_workers, "{clients}");
        assert_eq!(needs.refusals(), [], "{clients}");
        assert!(held.ports_per_target <= 12_704, "{held:?}");
        assert!(held.files_per_worker <= 18_000 && held.files_per_target <= 18_000, "{held:?}");
        assert_eq!(held.sockets, 2 * u64::from(clients));
    }
}

#[test]
fn a_plan_may_have_more_processes_than_it_needs() {
    let needs = needed(1000, "[target]\nprocesses = 2\n[workers]\nprocesses = 4", &MACHINE);
    let step = needs.of("sse", 1000).unwrap();
    assert_eq!((step.targets, step.workers), (2, 4));
    assert_eq!((step.files_per_target, step.files_per_worker, step.ports_per_target), (516, 266, 125));
    assert_eq!(needs.refusals(), []);
}

#[test]
fn new_sockets_are_counted_by_the_clock_or_by_the_event() {
    let needs = needed(1000, "", &MACHINE);
    let opens = |label| needs.of(label, 1000).unwrap().opens_per_second;
    assert!(opens("sse").abs() < 1e-9);
    assert!((opens("close") - 1000.0).abs() < 1e-9);
    // A long poll ends at each of the 5 events a second, and at its timeout.
    assert!((opens("long-close") - 5050.0).abs() < 1e-9);
    // The ramp of 2 s and the phases of 40 s are over before the first TIME_WAIT ends.
    assert_eq!(needs.of("close", 1000).unwrap().time_wait, 42_000);
    assert_eq!(needs.of("close", 1000).unwrap().ports_per_target, 2000);
}

#[test]
fn the_length_of_a_run_is_the_sum_of_its_steps() {
    let needs = needed(1000, "", &MACHINE);
    // The ramp, the phases, and starting and ending.
    let step = needs.of("sse", 1000).unwrap().duration;
    assert_eq!(step, Duration::from_secs(2 + 40 + 2));
    assert_eq!(needs.duration, step * 3);
    let many = needed(1_000_000, "", &MACHINE).of("sse", 1_000_000).unwrap().duration;
    assert!(many > Duration::from_secs(2000 + 40 + 50), "that many take a while to close: {many:?}");
}

#[test]
fn memory_grows_with_the_clients() {
    let bytes = |clients| needed(clients, "", &MACHINE).of("sse", clients).unwrap().memory_bytes();
    assert_eq!(bytes(1002) - bytes(1001), bytes(1001) - bytes(1000));
    // A connection alone takes the kernel some 8 KiB.
    assert!((8 << 10..64 << 10).contains(&(bytes(1001) - bytes(1000))));
}

#[test]
fn kept_events_are_there_twice_and_take_no_more_than_a_ring_may() {
    let bytes = |size: &str, ring: u32| {
        let scenario = SCENARIO.replace("rate = \"5/s\"", &format!("rate = \"5000/s\"\nsize = \"{size}\""));
        let table = format!("[target]\nring = {ring}\n");
        let plan = parse(&format!("{scenario}{table}"), "x.toml", &Overrides::default()).unwrap();
        needs(&plan, &MACHINE).of("sse", 1000).unwrap().memory_bytes()
    };
    // The payload, and the form in which it is sent; some 100 bytes are for the bookkeeping.
    let per_event = (bytes("10KiB", 200) - bytes("10KiB", 100)) / 100;
    assert!((20_480..21_000).contains(&per_event), "{per_event}");
    // Sixteen events of 1 MiB fill a ring.
    assert!(bytes("1MiB", 16) - bytes("1MiB", 15) > 2 << 20);
    assert_eq!(bytes("1MiB", 16), bytes("1MiB", 10_000));
}

/// A limit of 256 leaves 30 clients a process, so there are 100 targets and 100 workers, and all are the coordinator's.
#[test]
fn the_coordinator_has_files_of_every_process() {
    let machine = Machine { open_files_soft_after_raise: 256, ..MACHINE };
    let step = needed(3000, "", &machine).of("sse", 3000).unwrap().clone();
    assert_eq!((step.targets, step.workers, step.files_coordinator), (100, 100, 14 + 2 * 200 + 3 * 3));
    let refusals = needed(3000, "", &machine).refusals();
    let files = refusals.iter().find(|refusal| refusal.limit == Limit::CoordinatorFiles).unwrap();
    assert_snapshot!(files, @"
    open files of the coordinator: 256 here, 297 needed for 3000 clients of `sse`; 1080 would fit
      hint: ulimit -n 297 (beyond the hard limit: as root, or in limits.conf); fewer processes are needed then; --clients max takes as many as fit
    ");
    let enough = |files| {
        let machine = Machine { open_files_soft_after_raise: files, ..MACHINE };
        needed(3000, "", &machine).refusals().is_empty()
    };
    assert!(enough(files.needed) && !enough(files.needed - 1));
    let text = describe(&plan(3000, ""), &needed(3000, "", &machine));
    assert!(text.contains("\n  the coordinator needs 423 files, more than any other process\n"), "{text}");

    let fixed = needed(1000, "[target]\nprocesses = 100", &machine).refusals();
    let files = fixed.iter().find(|refusal| refusal.limit == Limit::CoordinatorFiles).unwrap();
    assert!(files.remedy.starts_with("fewer [target] or [workers] processes, or ulimit -n "), "{files}");
}

#[test]
fn who_publishes_by_request_has_a_second_connection_and_a_room_is_at_one_target() {
    let chat = SCENARIO.replace(
        "pattern = \"broadcast\"\nrate = \"5/s\"",
        "pattern = \"chat\"\nmembers = 50\nrate = \"6/m\"",
    ) + "[[transports]]\nkind = \"websocket\"\n";
    let plan = |clients: u32, more: &str| {
        let overrides = Overrides { clients: Some(vec![clients]), ..Overrides::default() };
        parse(&format!("{chat}{more}"), "x.toml", &overrides).unwrap_or_else(|faults| panic!("{faults}"))
    };
    let needs_of = |clients, more| needs(&plan(clients, more), &MACHINE);
    let needs = needs_of(1000, "");
    let (posts, sends) = (needs.of("sse", 1000).unwrap(), needs.of("websocket", 1000).unwrap());
    assert_eq!((posts.sockets, sends.sockets), (4000, 2000));
    assert_eq!((posts.files_per_target, sends.files_per_target), (2016, 1016));
    assert_eq!((posts.files_per_worker, posts.ports_per_target), (2016, 2000));
    assert!(posts.kernel_bytes == 2 * sends.kernel_bytes && posts.user_bytes > sends.user_bytes);
    // A long poll of 20 s, and 100 messages a second to twenty rooms: five a second in each.
    let opens = needs.of("long-close", 1000).unwrap().opens_per_second;
    assert!((opens - 5050.0).abs() < 1e-9, "{opens}");

    // Twenty rooms of 50 at three targets: seven, seven and six of them.
    let three = needs_of(1000, "[target]\nprocesses = 3\n");
    assert_eq!(three.of("websocket", 1000).unwrap().files_per_target, 350 + 16);
    // 17,800 connections a process: half as many clients.
    let large = needs_of(9000, "");
    assert_eq!(
        (large.of("sse", 9000).unwrap().targets, large.of("websocket", 9000).unwrap().targets),
        (2, 1)
    );
    // One room cannot be shared out, and is refused where it does not fit.
    let one_room = chat.replace("members = 50", "members = 9000");
    let overrides = Overrides { clients: Some(vec![9000]), ..Overrides::default() };
    let one_room = pushbench_scenario::needs(&parse(&one_room, "x.toml", &overrides).unwrap(), &MACHINE);
    assert_eq!(one_room.of("sse", 9000).unwrap().targets, 1);
    let refused: Vec<Limit> = one_room.refusals().iter().map(|refusal| refusal.limit).collect();
    assert!(refused.contains(&Limit::TargetFiles), "{refused:?}");
    let text = describe(&plan(1000, ""), &needs);
    assert!(text.contains("6/m of each client evenly, 256B, rooms of 50 clients"), "{text}");
}
