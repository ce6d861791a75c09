//! What plans need of machines, and what is refused.

mod limits;
mod processes;
mod warnings;
mod words;

use pushbench_scenario::needs::{Machine, Needs, needs};
use pushbench_scenario::{Overrides, Plan, parse};

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

/// Amounts of memory follow from measured costs, which are not what a text is tested for.
fn without_mib(text: &str) -> String {
    let Some((parts, last)) = text.rsplit_once(" MiB") else { return text.to_owned() };
    let before = |part: &str| part.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end().to_owned();
    let kept: Vec<String> = parts.split(" MiB").map(before).collect();
    format!("{} N MiB{last}", kept.join(" N MiB"))
}
