//! What is refused, with what would do and what would fit.

use insta::assert_snapshot;
use pushbench_scenario::needs::{Limit, Machine, most_clients, needs, with_upper_end};
use pushbench_scenario::{Overrides, describe, parse};

use crate::{MACHINE, SCENARIO, needed, plan, without_mib};

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

/// Twice the rate for the whole of 35 s: 70 messages of each client.
#[test]
fn a_search_for_clients_ends_where_a_step_would_have_too_many_messages() {
    let chat = SCENARIO.replace(
        "\"broadcast\"\nrate = \"5/s\"",
        "\"chat\"\nmembers = 500\nrate = \"1/s\"\nshape = [{ step = \"200%\" }]",
    );
    let text = format!("{chat}[capacity]\nvary = \"clients\"\n");
    let only = Overrides { only: vec!["sse".to_owned()], ..Overrides::default() };
    let plan = parse(&text, "x.toml", &only).unwrap_or_else(|faults| panic!("{faults}"));
    let roomy = Machine {
        open_files_soft_after_raise: 100_000_000,
        host_files_left: u64::MAX,
        ports: (1, u16::MAX),
        memory_available_bytes: 1 << 50,
        ..MACHINE
    };
    let capacity = with_upper_end(plan, &roomy).capacity.unwrap();
    assert_eq!(capacity.to, Some(f64::from(10_000_000_u32 / 70)));
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
