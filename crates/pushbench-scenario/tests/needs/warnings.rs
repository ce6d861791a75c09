//! What is allowed and will be felt.

use insta::assert_snapshot;
use pushbench_scenario::needs::{Machine, needs};
use pushbench_scenario::{Overrides, parse};

use crate::{MACHINE, SCENARIO};

#[test]
fn clients_that_are_too_few_for_the_longest_answer_ask_late() {
    let said = |clients: u32, shape: &str| {
        let stream =
            format!("pattern = \"stream\"\nparts = 5\ngap = {{ min = \"1s\", max = \"2s\" }}\n{shape}");
        let text =
            SCENARIO.replace("pattern = \"broadcast\"", &stream).replace("drain = \"5s\"", "drain = \"30s\"");
        let overrides = Overrides { clients: Some(vec![clients]), ..Overrides::default() };
        let plan = parse(&text, "x.toml", &overrides).unwrap_or_else(|faults| panic!("{faults}"));
        let needs = needs(&plan, &MACHINE);
        needs.warnings().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    // Five asks a second; no answer is longer than 8 s.
    assert_eq!(said(40, ""), "");
    assert_snapshot!(said(35, ""), @"
    warning: events.rate: each of 35 clients is to ask every 7.0 s, and the longest answer goes on for 7.6 s: asks will be late
      hint: more clients, a lower rate or shorter answers
    ");
    assert!(said(40, "shape = [{ spike = \"110%\", for = \"1s\" }]").contains("asks will be late"));
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
