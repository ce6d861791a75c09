//! A plan and its needs in words.

use insta::assert_snapshot;
use pushbench_scenario::needs::needs;
use pushbench_scenario::{Overrides, Plan, describe, parse};

use crate::{MACHINE, SCENARIO, plan, without_mib};

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
