//! What plans need of machines, and what is refused.

use insta::assert_snapshot;
use pushbench_scenario::needs::{Limit, Machine, Needs, most_clients, needs};
use pushbench_scenario::{Overrides, Plan, describe, parse};
use std::time::Duration;

const SCENARIO: &str = r#"
name = "needs"
title = "What it takes"
[clients]
count = 1000
connect_rate = "500/s"
[events]
pattern = "broadcast"
rate = "5/s"
[phases]
warmup = "5s"
measure = "30s"
drain = "5s"
[[transports]]
kind = "sse"
[[transports]]
label = "close"
kind = "short-polling"
connection = "close"
[[transports]]
label = "long-close"
kind = "long-polling"
timeout = "20s"
connection = "close"
[thresholds]
lost = "== 0"
"#;

const MACHINE: Machine = Machine {
    open_files_soft_after_raise: 20_000,
    host_files_left: 4_000_000,
    ports: (32_768, 60_999),
    memory_available_bytes: 4 << 30,
    cpus: 2,
    listen_backlog: 4096,
    time_wait_max: 131_072,
    tcp_memory_max_bytes: 2 << 30,
};

fn plan(clients: u32, table: &str) -> Plan {
    let overrides = Overrides { clients: Some(vec![clients]), ..Overrides::default() };
    parse(&format!("{SCENARIO}{table}"), "x.toml", &overrides).unwrap_or_else(|faults| panic!("{faults}"))
}

fn needed(clients: u32, table: &str, machine: &Machine) -> Needs {
    needs(&plan(clients, table), machine)
}

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

#[test]
fn each_limit_is_refused_with_its_value_and_what_would_fit() {
    let few = Machine { open_files_soft_after_raise: 1024, ..MACHINE };
    let least = Machine { open_files_soft_after_raise: 200, ..MACHINE };
    let ports = Machine { ports: (60_000, 60_999), ..MACHINE };
    let table = [
        ("two fixed processes", 2000, "[target]\nprocesses = 1\n[workers]\nprocesses = 2", few),
        ("no files to speak of", 100, "", least),
        (
            "more than a thousand processes can hold",
            1_000_000,
            "",
            Machine { memory_available_bytes: 1 << 40, ..few },
        ),
        ("one worker, few ports", 600, "[workers]\nprocesses = 1", ports),
    ];
    let refused = table.map(|(name, clients, tables, machine)| {
        let refusals = needed(clients, tables, &machine).refusals();
        let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        format!("{name}\n{}", lines.join("\n"))
    });
    assert_snapshot!(refused.join("\n"), @r#"
    two fixed processes
    open files of a target process: 1024 here, 2445 needed for 2000 clients of `sse`; 721 would fit
      hint: [target] processes = 3, or ulimit -n 2445 (beyond the hard limit: as root, or in limits.conf); --clients max takes as many as fit
    open files of a worker process: 1024 here, 1334 needed for 2000 clients of `sse`; 1442 would fit
      hint: [workers] processes = 3, or ulimit -n 1334 (beyond the hard limit: as root, or in limits.conf); --clients max takes as many as fit
    no files to speak of
    open files of a target process: 200 here, 224 needed for 100 clients of `sse`; 0 would fit
      hint: ulimit -n 224 (beyond the hard limit: as root, or in limits.conf)
    open files of a worker process: 200 here, 224 needed for 100 clients of `sse`; 0 would fit
      hint: ulimit -n 224 (beyond the hard limit: as root, or in limits.conf)
    open files of the coordinator: 200 here, 227 needed for 100 clients of `sse`; 24 would fit
      hint: ulimit -n 227 (beyond the hard limit: as root, or in limits.conf); fewer processes are needed then; --clients max takes as many as fit
    more than a thousand processes can hold
    open files of a target process: 1024 here, 1334 needed for 1000000 clients of `sse`; 721000 would fit
      hint: ulimit -n 1334 (beyond the hard limit: as root, or in limits.conf); --clients max takes as many as fit
    open files of a worker process: 1024 here, 1334 needed for 1000000 clients of `sse`; 721000 would fit
      hint: ulimit -n 1334 (beyond the hard limit: as root, or in limits.conf); --clients max takes as many as fit
    open files of the coordinator: 1024 here, 2382 needed for 1000000 clients of `sse`; 150689 would fit
      hint: ulimit -n 2382 (beyond the hard limit: as root, or in limits.conf); fewer processes are needed then; --clients max takes as many as fit
    one worker, few ports
    ephemeral ports of a worker's address: 500 here (every second one of the range), 4034 needed for 600 clients of `long-close`; 74 would fit
      hint: more [workers] processes (left out, they are as many as needed), or sysctl -w net.ipv4.ip_local_port_range="1024 65535"; --clients max takes as many as fit
    "#);
}

/// In a namespace of its own a run has the kernel's range of ports, which nobody can widen beforehand.
#[test]
fn ports_of_a_veth_are_not_to_be_had_by_a_setting_of_the_host() {
    let scenario = SCENARIO.replace("[clients]", "network = \"veth\"\n[clients]");
    let text = format!("{scenario}[workers]\nprocesses = 1\n");
    let overrides = Overrides { clients: Some(vec![20_000]), ..Overrides::default() };
    let plan = parse(&text, "x.toml", &overrides).unwrap();
    let refusals = needs(&plan, &Machine { open_files_soft_after_raise: 100_000, ..MACHINE }).refusals();
    assert_snapshot!(refusals[0], @"
    ephemeral ports of a worker's address: 14116 here (every second one of the range), 134445 needed for 20000 clients of `long-close`; 2099 would fit
      hint: more [workers] processes (left out, they are as many as needed); --clients max takes as many as fit
    ");
    assert!(describe(&plan, &needs(&plan, &MACHINE)).contains(
        "\n  network     veth, MTU 1500, two namespaces and a cable that the run makes and removes\n"
    ));
}

/// What a refusal says would fit does fit, and one client more does not.
#[test]
fn what_would_fit_fits() {
    let tables = "[target]\nprocesses = 3\n[workers]\nprocesses = 2";
    let machines = [
        (Limit::TargetFiles, Machine { open_files_soft_after_raise: 1000, ..MACHINE }),
        (Limit::Ports, Machine { ports: (50_000, 50_999), ..MACHINE }),
        (Limit::Memory, Machine { memory_available_bytes: 100 << 20, ..MACHINE }),
    ];
    for (limit, machine) in machines {
        let of = |clients| {
            let refusals = needed(clients, tables, &machine).refusals();
            refusals.into_iter().find(|refusal| refusal.limit == limit)
        };
        let fits = of(10_000).unwrap_or_else(|| panic!("{limit} is not refused")).fits;
        assert_eq!(of(fits), None, "{limit} at {fits}");
        assert!(of(fits + 1).is_some(), "{limit} at {fits}");
    }
}

#[test]
fn rates_are_described_as_a_file_has_them() {
    for rate in ["1/m", "4/m", "0.5/m", "5/s", "1/s", "2.5/s"] {
        let changed = Overrides { rate: Some(rate.parse().unwrap()), ..Overrides::default() };
        let plan = parse(SCENARIO, "x.toml", &changed).unwrap();
        let text = describe(&plan, &needs(&plan, &MACHINE));
        assert!(text.contains(&format!("events      {rate} evenly")), "{rate}: {text}");
    }
}

#[test]
fn phases_are_described_as_a_file_has_them() {
    let scenario = SCENARIO.replace("warmup = \"5s\"", "warmup = \"1500us\"").replace("\"30s\"", "\"60m\"");
    let plan = parse(&scenario, "x.toml", &Overrides::default()).unwrap();
    let text = describe(&plan, &needs(&plan, &MACHINE));
    assert!(text.contains("phases      warm-up 1500µs, measure 1h, drain 5s\n"), "{text}");
    assert!(text.contains("about 3 h in all\n"), "{text}");
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

/// Amounts of memory follow from measured costs, which are not what a text is tested for.
fn without_mib(text: &str) -> String {
    let Some((parts, last)) = text.rsplit_once(" MiB") else { return text.to_owned() };
    let before = |part: &str| part.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end().to_owned();
    let kept: Vec<String> = parts.split(" MiB").map(before).collect();
    format!("{} N MiB{last}", kept.join(" N MiB"))
}

#[test]
fn a_limit_of_memory_is_told_in_mib() {
    let small = Machine { memory_available_bytes: 64 << 20, ..MACHINE };
    let refusal = needed(5000, "", &small).refusals().pop().unwrap();
    assert_eq!(refusal.limit, Limit::Memory);
    assert!(refusal.needed > refusal.present && refusal.present == 64 << 20, "{refusal}");
    assert_snapshot!(without_mib(&refusal.to_string()).replace(&format!("{} would", refusal.fits), "N would"), @"
    memory: N MiB here, N MiB needed for 5000 clients of `long-close`; N would fit
      hint: fewer clients, a smaller [target] ring, or more memory; --clients max takes as many as fit
    ");
}

/// Memory that a machine must have is more than what is predicted to be used.
#[test]
fn room_is_demanded_beyond_what_is_predicted() {
    let used = needed(1000, "", &MACHINE).of("close", 1000).unwrap().memory_bytes();
    let refused = |bytes| {
        let machine = Machine { memory_available_bytes: bytes, ..MACHINE };
        needed(1000, "", &machine).refusals().iter().any(|refusal| refusal.limit == Limit::Memory)
    };
    assert!(refused(used + used / 10));
    assert!(!refused(used * 2));
}

/// The largest step that fits, and one more does not.
#[test]
fn the_most_clients_are_those_that_fit_for_every_transport() {
    let files = Machine { open_files_soft_after_raise: 1000, ..MACHINE };
    let fixed = plan(100_000, "[target]\nprocesses = 3\n[workers]\nprocesses = 4");
    let most = most_clients(&fixed, &files);
    assert_eq!(most.clients, 3 * 700, "nine tenths of 1,000 files less 200, in three targets");
    let refusal = most.stopped_by.unwrap();
    assert_eq!((refusal.limit, refusal.clients), (Limit::TargetFiles, most.clients + 1));
    for (clients, fits) in [(most.clients, true), (most.clients + 1, false)] {
        let plan = plan(clients, "[target]\nprocesses = 3\n[workers]\nprocesses = 4");
        assert_eq!(needs(&plan, &files).refusals().is_empty(), fits, "{clients}");
    }
    let roomy = most_clients(&plan(1000, ""), &MACHINE);
    assert_eq!((roomy.clients, roomy.stopped_by), (1000, None), "no more than the file asks for");
    let host = Machine { host_files_left: 1100, ..MACHINE };
    let most = most_clients(&plan(1000, ""), &host);
    let refusal = most.stopped_by.unwrap();
    assert_eq!(refusal.limit, Limit::HostFiles, "two sockets a client, and some more");
    assert!((450..500).contains(&most.clients), "{}", most.clients);
    assert!(refusal.remedy.starts_with("as root: sysctl -w fs.file-max="), "{refusal}");
    let none = Machine { open_files_soft_after_raise: 100, ..MACHINE };
    assert_eq!(most_clients(&plan(1000, ""), &none).clients, 0);
}

#[test]
fn bounds_that_will_be_felt_are_named_with_a_remedy() {
    let said = |change: (&str, &str), machine: Machine| {
        let text = SCENARIO.replace(change.0, change.1);
        let overrides = Overrides { clients: Some(vec![10_000]), ..Overrides::default() };
        let plan = parse(&text, "x.toml", &overrides).unwrap();
        let needs = needs(&plan, &machine);
        needs.warnings().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let unchanged = ("name", "name");
    let roomy = Machine { time_wait_max: u64::MAX, ..MACHINE };
    assert_eq!(said(unchanged, roomy), "");
    assert_snapshot!(said(("500/s", "50000/s"), Machine { listen_backlog: 1024, ..roomy }), @r"
    warning: clients.connect_rate: 50000/s arrive at each target, whose accept queue of 1024 is full when it pauses for 20 ms; the kernel drops what comes then
      hint: a lower connect_rate, more [target] processes, or sysctl -w net.core.somaxconn=65535
    ");
    assert_snapshot!(said(unchanged, MACHINE), @r"
    warning: 3030000 sockets of `long-close` would be in TIME_WAIT, the kernel keeps 131072: that figure ends there
      hint: sysctl -w net.ipv4.tcp_max_tw_buckets=3030000, or a lower rate
    ");
    assert_snapshot!(said(unchanged, Machine { tcp_memory_max_bytes: 16 << 20, ..roomy }), @r#"
    warning: an event to 10000 clients takes up to 39 MiB while nobody has read it, the kernel gives all of TCP 16 MiB: where the workers fall behind, segments are dropped and sent again
      hint: sysctl -w net.ipv4.tcp_mem="10000 10000 10000", or events to fewer clients at a time
    "#);
    // One topic each: nobody else waits for the same event.
    let topics = ("\"broadcast\"", "\"topics\"\ntopics = \"clients\"");
    assert_eq!(
        said(topics, Machine { tcp_memory_max_bytes: 1 << 20, time_wait_max: u64::MAX, ..MACHINE }),
        ""
    );
}

#[test]
fn a_plan_is_described_with_its_needs() {
    let plan = plan(1000, "");
    assert_snapshot!(without_mib(&describe(&plan, &needs(&plan, &MACHINE))), @r"
    needs: What it takes
      file        x.toml, sha256 61f2bc28f8a4
      changed by  --clients 1000
      seed        1
      network     loopback, MTU 65536
      clients     1000, 500/s arrive, all must connect
      events      5/s evenly, 256B, every client gets every event
      phases      warm-up 5s, measure 30s, drain 5s
      target      keeps 1024 events per topic
      threshold   sse: lost == 0
      threshold   close: lost == 0
      threshold   long-close: lost == 0

      transport   kind           settings
      sse         sse            heartbeat 15s
      close       short-polling  every 1s, new socket each
      long-close  long-polling   held up to 20s, new socket each

      needs       clients  targets  workers  files each  sockets  opens/s  time-wait  ports each  memory  time
      sse            1000        1        1        1016     2000        0          0        1000 N MiB  44 s
      close          1000        1        1        1016     2000     1000      42000        2000 N MiB  44 s
      long-close     1000        1        1        1016     2000     5050     212100        6050 N MiB  44 s

      about 2 min 12 s in all
      this machine: 2 CPUs, 20000 open files per process, ports 32768 to 60999, N MiB free
    warning: 212100 sockets of `long-close` would be in TIME_WAIT, the kernel keeps 131072: that figure ends there
      hint: sysctl -w net.ipv4.tcp_max_tw_buckets=212100, or a lower rate
    ");
    let thrice = Plan { rounds: 3, ..plan };
    let text = describe(&thrice, &needs(&thrice, &MACHINE));
    assert!(text.contains("\n  about 6 min 36 s in all, 3 rounds\n"), "{text}");
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
