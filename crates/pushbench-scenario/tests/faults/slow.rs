//! Faults of `[slow]` and of the keys that say what becomes of slow readers.

use insta::assert_snapshot;
use pushbench_scenario::{Overrides, Reading, SlowPolicy, parse};
use std::time::Duration;

use crate::{GOOD, faults};

/// A good file with each table behind it, and what that gives.
fn listed(tables: &[&str]) -> String {
    let listed = tables.iter().map(|table| {
        let faults = faults(&format!("{GOOD}{table}\n")).replace('\n', "\n    ");
        format!("{}\n    {faults}", table.replace('\n', "; "))
    });
    listed.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_key_of_slow_readers_has_its_bounds() {
    let tables = [
        "[slow]",
        "[slow]\nshare = \"10%\"",
        "[slow]\nread = \"10KiB/s\"",
        "[slow]\nshare = \"100%\"\nread = \"10KiB/s\"",
        "[slow]\nshare = 10\nread = \"10KiB\"",
        "[slow]\nshare = \"10%\"\nread = \"10KiB/m\"",
        "[slow]\nshare = \"10%\"\nread = \"500B/s\"",
        "[slow]\nshare = \"10%\"\nread = \"200MB/s\"",
        "[slow]\nshare = \"10%\"\nread = \"10KiB/s\"\nstop = { at = \"1s\", for = \"2s\" }",
        "[slow]\nshare = \"10%\"\nstop = { at = \"1s\" }",
        "[slow]\nshare = \"10%\"\nstop = { at = \"1s\", span = \"2s\" }",
        "[slow]\nshare = \"10%\"\nstop = \"2s\"",
        "[slow]\nshare = \"10%\"\nstop = { at = \"9s\", for = \"2s\" }",
        "[slow]\nshare = \"10%\"\nstop = { at = \"9s\", for = \"0s\" }",
        "[slow]\nshare = \"10%\"\nread = \"10KiB/s\"\nreceive_buffer = \"1KiB\"\nsend_buffer = \"1KiB\"",
    ];
    assert_snapshot!(listed(&tables), @r#"
    [slow]
        x.toml:15: slow.share: missing: a share such as "10%"
        x.toml:15: slow.read: missing: a rate of bytes such as "10KiB/s", or stop = { at = "10s", for = "5s" }
    [slow]; share = "10%"
        x.toml:15: slow.read: missing: a rate of bytes such as "10KiB/s", or stop = { at = "10s", for = "5s" }
    [slow]; read = "10KiB/s"
        x.toml:15: slow.share: missing: a share such as "10%"
    [slow]; share = "100%"; read = "10KiB/s"
        x.toml:16: slow.share: out of range: 0% to 99%: somebody has to read as fast as can be
    [slow]; share = 10; read = "10KiB"
        x.toml:16: slow.share: found integer `10`, expected a share such as "1%"
        x.toml:17: slow.read: `10KiB` is not a rate of bytes: a size and /s, such as "10KiB/s"
    [slow]; share = "10%"; read = "10KiB/m"
        x.toml:17: slow.read: `10KiB/m` is not a rate of bytes: a size and /s, such as "10KiB/s"
    [slow]; share = "10%"; read = "500B/s"
        x.toml:17: slow.read: out of range: 1KiB/s to 100MB/s
    [slow]; share = "10%"; read = "200MB/s"
        x.toml:17: slow.read: out of range: 1KiB/s to 100MB/s
    [slow]; share = "10%"; read = "10KiB/s"; stop = { at = "1s", for = "2s" }
        x.toml:18: slow.stop: not allowed beside `read`: one of both
    [slow]; share = "10%"; stop = { at = "1s" }
        x.toml:17: slow.stop: both `at` and `for` are needed, such as { at = "10s", for = "5s" }
    [slow]; share = "10%"; stop = { at = "1s", span = "2s" }
        x.toml:17: slow.stop: unknown key `span`, allowed: at, for
    [slow]; share = "10%"; stop = "2s"
        x.toml:17: slow.stop: found string "2s", expected a table such as { at = "10s", for = "5s" }
    [slow]; share = "10%"; stop = { at = "9s", for = "2s" }
        x.toml:17: slow.stop: out of range: it ends at 11s, and the measure phase is 10s long
    [slow]; share = "10%"; stop = { at = "9s", for = "0s" }
        x.toml:17: slow.stop: out of range: `for` is at least 1ms
    [slow]; share = "10%"; read = "10KiB/s"; receive_buffer = "1KiB"; send_buffer = "1KiB"
        x.toml:18: slow.receive_buffer: out of range: 2KiB to 1MiB
        x.toml:19: slow.send_buffer: unknown key, allowed: read, receive_buffer, share, stop
          hint: did you mean `receive_buffer`?
    "#);
}

#[test]
fn each_key_for_slow_readers_at_the_target_has_its_bounds() {
    let tables = [
        "[target]\nslow = \"skipp\"\nbacklog = \"1B\"\nsend_buffer = \"1KiB\"",
        "[target]\nbacklog = 5\nsend_buffer = \"5MiB\"",
    ];
    assert_snapshot!(listed(&tables), @r#"
    [target]; slow = "skipp"; backlog = "1B"; send_buffer = "1KiB"
        x.toml:16: target.slow: unknown value `skipp`, allowed: disconnect, skip
          hint: did you mean `skip`?
        x.toml:17: target.backlog: out of range: 1KiB to 1024MiB
        x.toml:18: target.send_buffer: out of range: 4KiB to 4MiB
    [target]; backlog = 5; send_buffer = "5MiB"
        x.toml:16: target.backlog: found integer `5`, expected text such as "1MiB"
        x.toml:17: target.send_buffer: out of range: 4KiB to 4MiB
    "#);
}

#[test]
fn what_is_written_is_what_the_plan_has() {
    let plan = |table: &str| parse(&format!("{GOOD}{table}\n"), "x.toml", &Overrides::default()).unwrap();
    let plain = plan("");
    assert_eq!((plain.slow, plain.slow_policy, plain.backlog_bytes), (None, SlowPolicy::Disconnect, 1 << 20));
    assert_eq!(plain.send_buffer_bytes, None);
    let rate = plan("[slow]\nshare = \"0%\"\nread = \"10KiB/s\"").slow.unwrap();
    assert_eq!(
        (rate.reading, rate.receive_buffer_bytes, rate.count(100)),
        (Reading::Rate(10_240.0), 16 << 10, 0)
    );
    let stop = "[slow]\nshare = \"12.5%\"\nreceive_buffer = \"64KiB\"\nstop = { for = \"20ms\", at = \"5s\" }\n\
                [target]\nslow = \"skip\"\nbacklog = \"64KiB\"\nsend_buffer = \"32KiB\"";
    let plan = plan(stop);
    let slow = plan.slow.unwrap();
    let (at, span) = (Duration::from_secs(5), Duration::from_millis(20));
    assert_eq!((slow.reading, slow.count(100)), (Reading::Stop { at, span }, 13));
    assert_eq!(
        slow.to_string(),
        "12.5% of the clients read nothing for 20ms, 5s into the measure phase, receive buffer 64KiB"
    );
    assert_eq!(
        (plan.slow_policy, plan.backlog_bytes, plan.send_buffer_bytes),
        (SlowPolicy::Skip, 64 << 10, Some(32 << 10))
    );
}
