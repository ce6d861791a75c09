//! Sweeps and cases.

use insta::assert_snapshot;
use pushbench_scenario::Overrides;
use pushbench_transport::Period;

use crate::{GOOD, faults, faults_with};

fn with(more: &str) -> String {
    faults(&format!("{GOOD}{more}"))
}

#[test]
fn a_sweep_says_what_it_cannot_vary() {
    assert_snapshot!(with("[sweep]\n"), @r#"x.toml:15: sweep: no key to vary: one or two, such as "events.rate" = ["1/s", "10/s"]"#);
    assert_snapshot!(with("[sweep]\n\"events.rate\" = \"1/s\"\n\"clients.count\" = []\ncheapest = \"target_cpu\"\n"), @r#"
    x.toml:16: sweep.events.rate: found a string, expected a list of values
      hint: write "events.rate" = […] with the values to try
    x.toml:17: sweep.clients.count: an empty list: at least one value
    x.toml:18: sweep.cheapest: `target_cpu` is no column of summary.csv that holds numbers
      hint: did you mean "caught_up"?
    "#);
    assert_snapshot!(with("[sweep]\n\"name\" = [\"a\"]\n\"thresholds.lost\" = [\"== 0\"]\n\"events.rate\" = [\"1/s\", \"1/s\"]\n"), @r"
    x.toml:16: sweep.name: cannot be varied by a sweep
      hint: [[cases]] may differ in whole tables and transports
    x.toml:17: sweep.thresholds.lost: cannot be varied by a sweep
      hint: [[cases]] may differ in whole tables and transports
    x.toml:18: sweep.events.rate: a third key: a sweep has at most 2
    x.toml:18: sweep.events.rate[1]: `1/s` is there twice
    ");
    assert_snapshot!(with("[sweep]\n\"events.rate\" = [\"1/s\"]\nevents.rate = [\"2/s\"]\n"), @"x.toml:17: sweep.events.rate: is there twice");
    assert_snapshot!(faults(&format!("sweep = 5\n{GOOD}")), @r"
    x.toml:1: sweep: expected a table, found an integer
      hint: write [sweep] on a line of its own and the keys below it
    ");
}

#[test]
fn a_key_that_no_plan_has_is_told_with_the_nearest() {
    assert_snapshot!(with("[sweep]\n\"events.rte\" = [\"1/s\", \"2/s\"]\n"), @r"
    x.toml:16: events.rte: unknown key, allowed: arrival, first, gap, members, parts, pattern, rate, shape, size, stall, topics
      hint: did you mean `rate`?
    ");
    assert_snapshot!(with("[sweep]\n\"event.rate\" = [\"1/s\"]\n"), @r"
    x.toml:16: event: unknown key, allowed: name, network, seed, title, clients, events, phases, life, slow, transports, thresholds, target, workers, capacity, sweep, cases
      hint: did you mean `events`?
    ");
    assert_snapshot!(with("[sweep]\n\"transports.intervall\" = [\"1s\"]\n"), @r"
    x.toml:16: sweep.transports.intervall: no transport has a key `intervall`, their keys are ask, connection, heartbeat, interval, reply_timeout, retry
      hint: did you mean `interval`?
    ");
    assert_snapshot!(with("[sweep]\n\"transports.short-poling.interval\" = [\"1s\"]\n"), @r"
    x.toml:16: sweep.transports.short-poling.interval: no transport has the label `short-poling`, labels are sse, short-polling
      hint: did you mean `short-polling`?
    ");
    assert_snapshot!(with("[sweep]\n\"clients.count.a\" = [1]\n"), @"x.toml:16: sweep.clients.count.a: `count` is no table here, so `a` is no key of it");
}

#[test]
fn a_wrong_value_is_at_its_line_once() {
    assert_snapshot!(with("[sweep]\n\"events.rate\" = [\n  \"1/s\",\n  \"fast\",\n]\n\"clients.count\" = [1, 0, [2, 3]]\n"), @r#"
    x.toml:18: events.rate: `fast` is not a rate: a number and /s, /m or /h, such as "5/s"
    x.toml:20: sweep.clients.count[2]: a cell of a sweep has one number of clients
    x.toml:20: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    "#);
    assert_snapshot!(with("[sweep]\n\"events.rate\" = [\"1/s\", \"fast\"]\n\"clients.connect_rate\" = [\"1/s\", \"2/s\", \"x\"]\n"), @r#"
    x.toml:16: events.rate: `fast` is not a rate: a number and /s, /m or /h, such as "5/s"
    x.toml:17: clients.connect_rate: `x` is not a rate: a number and /s, /m or /h, such as "5/s"
    "#);
}

#[test]
fn a_fault_elsewhere_says_at_which_points() {
    assert_snapshot!(with("[sweep]\n\"transports.interval\" = [\"1s\", \"8s\", \"9s\"]\n"), @r#"
    x.toml:8: phases.drain: 5s is too short: an event may wait 8s in `short-polling`, so at least 9s is needed (at the point `transports.interval=8s` and 1 more)
      hint: write drain = "9s", or have `short-polling` wait less
    "#);
    let wrong = GOOD.replace("rate = \"5/s\"", "rate = \"fast\"");
    assert_snapshot!(faults(&format!("{wrong}[sweep]\n\"clients.count\" = [1, 2]\n")), @r#"x.toml:7: events.rate: `fast` is not a rate: a number and /s, /m or /h, such as "5/s""#);
}

#[test]
fn more_cells_than_anybody_looks_at() {
    let numbers: Vec<String> = (1..=101).map(|number| number.to_string()).collect();
    let numbers = numbers.join(", ");
    assert_snapshot!(with(&format!("[sweep]\n\"clients.count\" = [{numbers}]\n\"target.ring\" = [{numbers}]\n")), @"x.toml:15: sweep: 10201 cells: at most 1000");
}

#[test]
fn cases_have_names_of_their_own() {
    assert_snapshot!(with("[[cases]]\nevents.rate = \"0/s\"\n[[cases]]\nname = \"A b\"\n[[cases]]\nname = \"x\"\n[[cases]]\nname = \"x\"\n"), @r#"
    x.toml:15: cases[0].name: missing: every case is named, such as name = "idle"
    x.toml:18: cases[1].name: `A b`: it becomes a folder's name: 1 to 64 lowercase letters, digits and hyphens, no hyphen first or last
    x.toml:22: cases[3].name: `x` is taken by the case of line 19, names differ
    "#);
    assert_snapshot!(with("[cases]\nname = \"x\"\n"), @r"
    x.toml:15: cases: expected a list of tables
      hint: write [[cases]] with two brackets
    ");
    assert_snapshot!(faults(&format!("cases = [5]\n{GOOD}")), @"x.toml:1: cases[0]: expected a table, found an integer");
    assert_snapshot!(faults(&format!("cases = []\n{GOOD}")), @"x.toml:1: cases: 0 cases: 1 to 1000");
    assert_snapshot!(with("[[cases]]\nname = \"x\"\ntitle = \"y\"\nevents.rte = 5\nclient.count = 5\n"), @r"
    x.toml:17: cases[0].title: a case cannot change this
    x.toml:18: events.rte: unknown key, allowed: arrival, first, gap, members, parts, pattern, rate, shape, size, stall, topics
      hint: did you mean `rate`?
    x.toml:19: client: unknown key, allowed: name, network, seed, title, clients, events, phases, life, slow, transports, thresholds, target, workers, capacity, sweep, cases
      hint: did you mean `clients`?
    ");
    assert_snapshot!(with("[[cases]]\nname = \"x\"\n[[cases]]\nname = \"y\"\n[[cases.transports]]\nkind = \"websocket\"\nlabel = \"sse\"\n"), @"x.toml: cases: `sse` is sse in `x` and websocket in `y`: a label has one kind");
}

#[test]
fn a_file_varies_in_one_way() {
    assert_snapshot!(with("[sweep]\n\"target.ring\" = [1]\n[[cases]]\nname = \"x\"\n"), @"x.toml:17: cases: a file has a [sweep] or [[cases]], not both");
    assert_snapshot!(with("[capacity]\n[[cases]]\nname = \"x\"\n"), @r#"
    x.toml:15: capacity: not together with [cases]
      hint: a search varies a key by itself: put it into a file of its own
    x.toml:15: capacity.vary: missing: "clients" or "rate"
    "#);
    let steps = GOOD.replace("count = 100", "count = [100, 200]");
    assert_snapshot!(faults(&format!("{steps}[sweep]\n\"target.ring\" = [1]\n")), @r#"
    x.toml:4: clients.count: a cell of a sweep has one number of clients
      hint: write "clients.count" = […] below [sweep]
    "#);
}

#[test]
fn options_that_a_sweep_leaves_no_room_for() {
    let swept = format!("{GOOD}[sweep]\n\"events.rate\" = [\"1/s\"]\n\"clients.count\" = [5]\n");
    let overrides = Overrides {
        clients: Some(vec![5]),
        rate: "1/s".parse().ok(),
        duration: Some(Period::from_secs(1)),
        ..Overrides::default()
    };
    assert_snapshot!(faults_with(&swept, &overrides), @r"
    x.toml: --clients: the file sweeps over clients.count, which this would replace
      hint: take some of its cells with --points, such as --points 1
    x.toml: --rate: the file sweeps over events.rate, which this would replace
      hint: take some of its cells with --points, such as --points 1
    ");
    let of = |words: &[&str]| Overrides {
        points: words.iter().map(|word| (*word).to_owned()).collect(),
        ..Overrides::default()
    };
    assert_snapshot!(faults_with(&swept, &of(&["2", "events.rate=2/s"])), @r"
    x.toml: --points: `2` is none of the points: events.rate=1/s clients.count=5
    x.toml: --points: `events.rate=2/s` is none of the points: events.rate=1/s clients.count=5
      hint: did you mean `events.rate=1/s`?
    ");
    assert_snapshot!(faults_with(GOOD, &of(&["1"])), @"x.toml: --points: the file has no points: neither [sweep] nor [[cases]]");
    let cases = format!(
        "{GOOD}[[cases]]\nname = \"x\"\n[[cases]]\nname = \"y\"\n[[cases.transports]]\nkind = \"websocket\"\n"
    );
    assert_snapshot!(faults_with(&cases, &Overrides { only: vec!["webshop".to_owned()], ..Overrides::default() }), @"x.toml: --only: no transport has the label `webshop`, labels are sse, short-polling (at the point `x`)");
    assert_snapshot!(faults_with(&cases, &Overrides { only: vec!["websocket".to_owned()], ..of(&["x"]) }), @"x.toml: --only: none of the points that are left has such a transport");
}
