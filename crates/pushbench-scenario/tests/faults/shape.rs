//! Shapes of load that are none.

use insta::assert_snapshot;
use pushbench_scenario::Overrides;

use crate::{GOOD, faults, faults_with};

fn of_rate(shape: &str) -> String {
    faults(&GOOD.replace("rate = \"5/s\"", &format!("rate = \"5/s\"\nshape = {shape}")))
}

fn of_clients(shape: &str) -> String {
    faults(&GOOD.replace("count = 100", &format!("count = 100\nshape = {shape}")))
}

#[test]
fn each_wrong_stage_is_named() {
    let shape = r#"[
        { ramp = "10s" },
        { ramp = 10, to = "50%" },
        { rmap = "10s" },
        {},
        5,
        { step = "10001%" },
        { step = "fast", for = "2s" },
        { step = "10%", hold = "5s" },
        { hold = "0s", to = "10%" },
        { spike = "500%" },
        { spike = "5e2%", for = "2 seconds" },
    ]"#;
    assert_snapshot!(of_rate(shape), @r#"
    x.toml:9: events.shape[0].to: missing: a share such as "50%"
    x.toml:10: events.shape[1].ramp: found integer `10`, expected text such as "10s"
    x.toml:11: events.shape[2].rmap: unknown key, allowed: for, hold, ramp, spike, step, to
      hint: did you mean `ramp`?
    x.toml:11: events.shape[2]: one of step, ramp, hold, spike is expected, found none
    x.toml:12: events.shape[3]: one of step, ramp, hold, spike is expected, found none
    x.toml:13: events.shape[4]: found an integer, expected a stage
      hint: write { hold = "5s" }
    x.toml:14: events.shape[5].step: out of range: 0% to 10000%
    x.toml:15: events.shape[6].step: `fast` is not a percentage: a number and a percent sign, such as "150%"
    x.toml:15: events.shape[6].for: only allowed with spike
    x.toml:16: events.shape[7]: one of step, ramp, hold, spike is expected, found step and hold
    x.toml:17: events.shape[8].to: only allowed with ramp
    x.toml:17: events.shape[8].hold: out of range: at least 1ms
    x.toml:18: events.shape[9].for: missing: a duration such as "2s"
    x.toml:19: events.shape[10].spike: `5e2%` is not a percentage: a number and a percent sign, such as "150%"
    x.toml:19: events.shape[10].for: `2 seconds` is not a duration: a number and ns, us, ms, s, m or h, such as "250ms"
    "#);
}

#[test]
fn a_shape_is_a_list() {
    assert_snapshot!(of_rate("{ hold = \"5s\" }"), @r#"
    x.toml:8: events.shape: found a table, expected a list of stages
      hint: write shape = [{ ramp = "10s", to = "50%" }, { hold = "5s" }]
    "#);
    assert_snapshot!(of_clients("\"up\""), @r#"
    x.toml:5: clients.shape: found a string, expected a list of stages
      hint: write shape = [{ ramp = "10s", to = "50%" }, { hold = "5s" }]
    "#);
    let many = vec!["{ step = \"10%\" }"; 101].join(", ");
    assert_snapshot!(of_rate(&format!("[{many}]")), @"x.toml:8: events.shape: 101 stages, at most 100 are allowed");
}

#[test]
fn there_are_no_more_clients_than_all() {
    assert_snapshot!(of_clients("[{ step = \"100%\" }, { step = \"100.5%\" }]"), @"x.toml:5: clients.shape[1].step: out of range: 0% to 100%");
}

#[test]
fn a_shape_is_no_longer_than_the_measure_phase() {
    assert_snapshot!(of_rate("[{ hold = \"6s\" }, { spike = \"200%\", for = \"4001ms\" }]"), @"x.toml:8: events.shape: takes 10001ms, longer than the measure phase of 10s");
    let short = Overrides { duration: "2s".parse().ok(), ..Overrides::default() };
    let text = GOOD.replace("count = 100", "count = 100\nshape = [{ ramp = \"3s\", to = \"50%\" }]");
    assert_snapshot!(faults_with(&text, &short), @"x.toml:5: clients.shape: takes 3s, longer than the measure phase of 2s");
}

#[test]
fn a_peak_is_no_way_around_the_limits_of_rate_and_number() {
    let of = |rate: &str| {
        let line = format!("rate = \"{rate}\"\nshape = [{{ spike = \"10000%\", for = \"10s\" }}]");
        faults(&GOOD.replace("rate = \"5/s\"", &line))
    };
    assert_snapshot!(of("10001/s"), @"
    x.toml:8: events.shape: out of range: 1000100/s at its peak, at most 1000000/s
    x.toml:10: phases.measure: out of range: at most 10000000 events in all, 10051005 would be due: lower events.rate
    ");
    assert_snapshot!(of("9999/s"), @"x.toml:10: phases.measure: out of range: at most 10000000 events in all, 10048995 would be due: lower events.rate");
}
