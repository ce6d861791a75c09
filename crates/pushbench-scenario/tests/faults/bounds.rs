//! The bounds of each value: what is told where one of a good file is beyond them.

use insta::assert_snapshot;

use crate::{GOOD, faults};

/// One line of a good file replaced, and what that gives.
fn listed(table: &[(&str, &str)]) -> String {
    let listed = table.iter().map(|(line, instead)| {
        assert!(GOOD.contains(line));
        let text = GOOD.replacen(line, instead, 1);
        format!("{}\n    {}", instead.replace('\n', "; "), faults(&text).replace('\n', "\n    "))
    });
    listed.collect::<Vec<_>>().join("\n")
}

#[test]
fn names_and_clients_have_their_bounds() {
    let table = [
        ("name = \"good\"", "name = \"../up\""),
        ("name = \"good\"", "name = \"compare\""),
        ("name = \"good\"", "name = \"good\"\nnetwork = \"vteh\""),
        ("name = \"good\"", "name = \"good\"\n\"a\\u001b\\nb\" = 1"),
        ("count = 100", "count = 0"),
        ("count = 100", "count = 10000001"),
        ("count = 100", "count = []"),
        ("count = 100", "count = [1, 1]"),
        ("count = 100", "count = \"many\""),
        ("count = 100", "count = 100\nconnect_rate = \"0/s\""),
        ("count = 100", "count = 2000000\n[target]\nprocesses = 0"),
    ];
    assert_snapshot!(listed(&table), @r#"
    name = "../up"
        x.toml:2: name: `../up`: it becomes a folder's name: 1 to 64 lowercase letters, digits and hyphens, no hyphen first or last
    name = "compare"
        x.toml:2: name: `compare` is the name of the comparisons' folder, any other is allowed
    name = "good"; network = "vteh"
        x.toml:3: network: unknown value `vteh`, allowed: loopback, veth
          hint: did you mean `veth`?
    name = "good"; "a\u001b\nb" = 1
        x.toml:3: a\u{1b}\nb: unknown key, allowed: name, network, seed, title, clients, events, phases, life, slow, transports, thresholds, target, workers, capacity, sweep, cases
    count = 0
        x.toml:4: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    count = 10000001
        x.toml:4: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    count = []
        x.toml:4: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    count = [1, 1]
        x.toml:4: clients.count[1]: 1 after 1: each is more than the one before
    count = "many"
        x.toml:4: clients.count: found string "many", expected a whole number from 1 to 10000000, or a rising list of such numbers
    count = 100; connect_rate = "0/s"
        x.toml:5: clients.connect_rate: out of range: more than 0/s, at most 1000000/s
    count = 2000000; [target]; processes = 0
        x.toml:6: target.processes: out of range: 1 to 1000 processes
    "#);
}

#[test]
fn events_have_their_bounds() {
    let table = [
        ("rate = \"5/s\"", "rate = \"1000001/s\""),
        ("rate = \"5/s\"", "rate = \"5/s\"\ntopics = 5"),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = \"70B\""),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = \"2MiB\""),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = { min = \"2KiB\", max = \"1KiB\" }"),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = { p50 = \"2KiB\" }"),
        ("rate = \"5/s\"", "rate = \"5/s\"\narrival = \"random\""),
        ("pattern = \"broadcast\"", "pattern = \"topics\"\ntopics = 101"),
        ("pattern = \"broadcast\"", "pattern = \"topics\"\ntopics = 0"),
        ("pattern = \"broadcast\"", "pattern = \"topics\"\ntopics = \"each\""),
        ("rate = \"5/s\"", "rate = \"1000000/s\""),
    ];
    assert_snapshot!(listed(&table), @r#"
    rate = "1000001/s"
        x.toml:7: events.rate: out of range: 0/s to 1000000/s
    rate = "5/s"; topics = 5
        x.toml:8: events.topics: not allowed with pattern = "broadcast"
          hint: leave it out, or write pattern = "topics"
    rate = "5/s"; size = "70B"
        x.toml:8: events.size: 70B is too small, at least 79B are needed
          hint: every event carries its number, two instants and its topic
    rate = "5/s"; size = "2MiB"
        x.toml:8: events.size: 2MiB is too large, at most 1MiB are accepted
    rate = "5/s"; size = { min = "2KiB", max = "1KiB" }
        x.toml:8: events.size: 2KiB is more than 1KiB: min <= max and p50 <= p99
    rate = "5/s"; size = { p50 = "2KiB" }
        x.toml:8: events.size: found neither min with max nor p50 with p99, expected a size such as "256B", { min = "…", max = "…" } or { p50 = "…", p99 = "…" }
    rate = "5/s"; arrival = "random"
        x.toml:8: events.arrival: unknown value `random`, allowed: constant, poisson
    pattern = "topics"; topics = 101
        x.toml:7: events.topics: 101 topics for 100 clients: no more topics than clients
          hint: write topics = "clients" for one topic each, at any number
    pattern = "topics"; topics = 0
        x.toml:7: events.topics: out of range: a whole number from 1 to 1000000, or "clients" for one topic each
    pattern = "topics"; topics = "each"
        x.toml:7: events.topics: found string "each", expected a whole number from 1 to 1000000, or "clients" for one topic each
    rate = "1000000/s"
        x.toml:9: phases.measure: out of range: at most 10000000 events in all, 15000000 would be due: lower events.rate
    "#);
}

#[test]
fn phases_and_transports_have_their_bounds() {
    let table = [
        ("measure = \"10s\"", "measure = \"25h\""),
        ("measure = \"10s\"", "measure = \"10s\"\ndrain = \"1500ms\""),
        ("interval = \"1s\"", "interval = \"99h\""),
        ("interval = \"1s\"", "label = \"sse\""),
        ("kind = \"sse\"", "kind = \"sse\"\ninterval = \"1s\""),
    ];
    assert_snapshot!(listed(&table), @r#"
    measure = "25h"
        x.toml:9: phases.measure: out of range: 1s to 24h
    measure = "10s"; drain = "1500ms"
        x.toml:10: phases.drain: 1500ms is too short: an event may wait 1s in `short-polling`, so at least 2s is needed
          hint: write drain = "2s", or have `short-polling` wait less
    interval = "99h"
        x.toml:14: transports[1].interval: out of range: at most 24h
    label = "sse"
        x.toml:14: transports[1].label: `sse` is taken by the entry of line 10, labels differ
    kind = "sse"; interval = "1s"
        x.toml:12: transports[0].interval: unknown key, allowed: ask, heartbeat, kind, reply_timeout, retry, label
    "#);
}

#[test]
fn thresholds_have_their_bounds() {
    let table = [
        ("[phases]", "[thresholds.short-poling]\n[phases]"),
        ("[phases]", "[thresholds]\nlatency_p98 = \"< 1s\"\n[phases]"),
        ("[phases]", "[thresholds]\nlost = \"== 0ms\"\n[phases]"),
        ("[phases]", "[thresholds]\nempty_reply_share = \"< 101%\"\n[phases]"),
    ];
    assert_snapshot!(listed(&table), @r#"
    [thresholds.short-poling]; [phases]
        x.toml:8: thresholds.short-poling: no transport has the label `short-poling`, labels are sse, short-polling
          hint: did you mean `short-polling`?
    [thresholds]; latency_p98 = "< 1s"; [phases]
        x.toml:9: thresholds.latency_p98: unknown figure, allowed: the columns of summary.csv without `_us` at their end
          hint: did you mean `latency_p99`?
    [thresholds]; lost = "== 0ms"; [phases]
        x.toml:9: thresholds.lost: `0ms` is no bound of this figure: a bare number is allowed, such as "== 0"
    [thresholds]; empty_reply_share = "< 101%"; [phases]
        x.toml:9: thresholds.empty_reply_share: `101%` is no bound of this figure: a share is allowed, such as "> 90%"
    "#);
}
