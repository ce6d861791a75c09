//! What a scenario with faults is told.

mod any_text;
mod bounds;
mod capacity;
mod chat;
mod coalesce;
mod form;
mod inject;
mod life;
mod numbers;
mod overrides;
mod points;
mod shape;
mod slow;
mod stream;
mod thresholds;
mod together;

use insta::assert_snapshot;
use pushbench_scenario::{Overrides, parse};

const GOOD: &str = r#"
name = "good"
[clients]
count = 100
[events]
pattern = "broadcast"
rate = "5/s"
[phases]
measure = "10s"
[[transports]]
kind = "sse"
[[transports]]
kind = "short-polling"
interval = "1s"
"#;

fn faults_with(text: &str, overrides: &Overrides) -> String {
    match parse(text, "x.toml", overrides) {
        Ok(plan) => panic!("no fault in {plan:?}"),
        Err(faults) => faults.to_string(),
    }
}

fn faults(text: &str) -> String {
    faults_with(text, &Overrides::default())
}

/// A file with something wrong in nearly every line.
const WRONG: &str = r#"nmae = "typo"
title = 5
[clients]
count = [100, 50]
connect_rate = "fast"
may_fail = "200%"
[events]
pattern = "streams"
rate = 5
size = { min = "1KiB", maximum = "2KiB" }
[phases]
warmup = "5 seconds"
measure = "10ms"
[[transports]]
kind = "short-poling"
[[transports]]
kind = "short-polling"
intervall = "1s"
interval = "0s"
connection = "closed"
[[transports]]
kind = "short-polling"
interval = 1
[[transports]]
label = "../etc"
kind = "websocket"
ping_interval = "1ms"
[[transports]]
label = "charts"
kind = "sse"
heartbeat = true
[thresholds]
latency_p99_us = "< 250ms"
latency_p50 = "< 250"
lost = "= 0"
[thresholds.websockets]
late = 0
[target]
url = "http://127.0.0.1"
ring = 0
[worker]
processes = 2
"#;

#[test]
fn all_faults_are_listed_at_once() {
    assert_snapshot!(faults(WRONG), @r#"
    x.toml:1: nmae: unknown key, allowed: name, network, seed, title, clients, events, phases, life, slow, transports, thresholds, target, workers, capacity, sweep, cases
      hint: did you mean `name`?
    x.toml:1: name: missing: lowercase letters, digits and hyphens
    x.toml:2: title: found integer `5`, expected text in quotes
    x.toml:4: clients.count[1]: 50 after 100: each is more than the one before
    x.toml:5: clients.connect_rate: `fast` is not a rate: a number and /s, /m or /h, such as "5/s"
    x.toml:6: clients.may_fail: `200%` is not a share: 0 to 100 and a percent sign, such as "1%"
    x.toml:8: events.pattern: unknown value `streams`, allowed: broadcast, topics, stream, chat
      hint: did you mean `stream`?
    x.toml:9: events.rate: found integer `5`, expected a rate such as "5/s"
    x.toml:10: events.size: unknown key `maximum`, allowed: min, max, p50, p99
    x.toml:12: phases.warmup: `5 seconds` is not a duration: a number and ns, us, ms, s, m or h, such as "250ms"
    x.toml:13: phases.measure: out of range: 1s to 24h
    x.toml:15: transports[0].kind: unknown value `short-poling`, allowed: short-polling, long-polling, sse, websocket
      hint: did you mean "short-polling"?
    x.toml:18: transports[1].intervall: unknown key, allowed: connection, interval, kind, reply_timeout, retry, label
      hint: did you mean `interval`?
    x.toml:19: transports[1].interval: out of range: at least 100us
    x.toml:20: transports[1].connection: unknown value `closed`, allowed: keep-alive, close
      hint: did you mean `close`?
    x.toml:21: transports[2].label: `short-polling` is taken by the entry of line 16, labels differ
      hint: the default label is the kind: add label = "…" to one of them
    x.toml:23: transports[2].interval: found integer `1`, expected text such as "1s"
    x.toml:25: transports[3].label: `../etc`: it becomes a folder's name: 1 to 64 lowercase letters, digits and hyphens, no hyphen first or last
    x.toml:27: transports[3].ping_interval: out of range: 0s, or at least 10ms
    x.toml:29: transports[4].label: `charts` is the name of the charts' folder, any other is allowed
    x.toml:31: transports[4].heartbeat: found boolean `true`, expected text such as "15s"
    x.toml:33: thresholds.latency_p99_us: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: did you mean `latency_p99`?
    x.toml:34: thresholds.latency_p50: `250` is no bound of this figure: a duration is allowed, such as "< 250ms"
    x.toml:35: thresholds.lost: `= 0` does not begin with <, <=, ==, !=, >= or >, such as "== 0"
    x.toml:37: thresholds.websockets.late: found an integer, expected a comparison such as "== 0"
    x.toml:39: target.url: unknown key, allowed: backlog, coalesce, connections, inject, processes, ring, send_buffer, slow
    x.toml:40: target.ring: out of range: 1 to 1000000 events
    x.toml:41: worker: unknown key, allowed: name, network, seed, title, clients, events, phases, life, slow, transports, thresholds, target, workers, capacity, sweep, cases
      hint: did you mean `workers`?
    "#);
}
