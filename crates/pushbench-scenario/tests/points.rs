//! What a file with several points becomes.

use pushbench_measure::results::SweptKey;
use pushbench_scenario::{Machine, Overrides, Plan, Scenario, Varies, needs};
use pushbench_transport::Period;
use pushbench_transport::settings::TransportSettings as _;
use std::time::Duration;

const BASE: &str = r#"
name = "several"
clients = { count = 100 }
events = { pattern = "broadcast", rate = "5/s" }
phases = { measure = "10s" }
thresholds = { lost = "== 0", latency_p99 = "< 1s" }
[[transports]]
kind = "sse"
[[transports]]
kind = "short-polling"
"#;

fn scenario_with(more: &str, overrides: &Overrides) -> Scenario {
    Scenario::parse(&format!("{BASE}{more}"), "x.toml", overrides).unwrap_or_else(|faults| panic!("{faults}"))
}

fn scenario(more: &str) -> Scenario {
    scenario_with(more, &Overrides::default())
}

fn names(scenario: &Scenario) -> Vec<&str> {
    scenario.points.iter().map(|plan| plan.point.name.as_str()).collect()
}

#[test]
fn a_file_that_varies_nothing_has_one_point_without_a_name() {
    let scenario = scenario("");
    assert_eq!((names(&scenario), &scenario.varies), (vec![""], &Varies::Nothing));
    assert_eq!(scenario.measurements(), 2);
}

/// The files of a label are open for as long as a run lasts, whichever point is measured.
#[test]
fn the_coordinator_has_files_of_the_labels_of_all_points() {
    let machine = Machine {
        open_files_soft_after_raise: 20_000,
        host_files_left: 4_000_000,
        ports: (32_768, 60_999),
        memory_available_bytes: 4 << 30,
        cpus: 2,
        listen_backlog: 4096,
        time_wait_max: 131_072,
        tcp_memory_max_bytes: 2 << 30,
    };
    let files = |scenario: &Scenario| {
        let first = |plan: &Plan| needs(plan, &machine).steps[0].files_coordinator;
        scenario.points.iter().map(first).collect::<Vec<_>>()
    };
    let two = files(&scenario(""))[0];
    let cases =
        "[[cases]]\nname = \"own\"\ntransports = [{ kind = \"websocket\" }]\n[[cases]]\nname = \"as-ever\"\n";
    // Three labels instead of two, at both points.
    assert_eq!(files(&scenario(cases)), [two + 3, two + 3]);
    let one = Overrides { points: vec!["own".to_owned()], ..Overrides::default() };
    assert_eq!(files(&scenario_with(cases, &one)), [two - 3]);
}

#[test]
fn every_value_of_a_key_meets_every_value_of_the_other() {
    let text = "[sweep]\n\"events.rate\" = [\"1/s\", \"10/s\"]\nclients.count = [1_0, 0x14, 30]\n";
    let scenario = scenario(text);
    let cells: Vec<(f64, u32)> =
        scenario.points.iter().map(|plan| (plan.events.rate, plan.steps[0])).collect();
    assert_eq!(cells, [(1.0, 10), (1.0, 20), (1.0, 30), (10.0, 10), (10.0, 20), (10.0, 30)]);
    assert_eq!(names(&scenario)[1], "events.rate=1/s clients.count=20");
    let values = [("events.rate", "10/s"), ("clients.count", "30")];
    let values: Vec<_> = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(scenario.points[5].point.values, values);
    let Varies::Sweep(sweep) = &scenario.varies else { panic!("{:?}", scenario.varies) };
    let clients =
        SweptKey { key: "clients.count".to_owned(), values: ["10", "20", "30"].map(str::to_owned).into() };
    assert_eq!(sweep.keys[1], clients);
    assert_eq!(sweep.cheapest, "target_cpu_us_per_client_second");
    assert_eq!(scenario.measurements(), 12);
    // Everything else is the file's.
    for plan in &scenario.points {
        assert_eq!((plan.name.as_str(), plan.transports.len(), plan.thresholds.len()), ("several", 2, 4));
    }
}

#[test]
fn any_key_may_vary_and_need_not_be_in_the_file() {
    type Look = fn(&Plan) -> String;
    let table: [(&str, &str, Look, [&str; 2]); 8] = [
        (
            "events.size",
            r#"["1KiB", { min = "1KiB", max = "2KiB" }]"#,
            |plan| plan.events.size.to_string(),
            ["1024 B", "1024 to 2048 B"],
        ),
        (
            "events.arrival",
            r#"["constant", "poisson"]"#,
            |plan| format!("{:?}", plan.events.arrival),
            ["Constant", "Poisson"],
        ),
        ("phases.measure", r#"["1s", "2s"]"#, |plan| format!("{:?}", plan.phases.measure), ["1s", "2s"]),
        ("clients.connect_rate", r#"["1/s", "2/s"]"#, |plan| plan.connect_rate.to_string(), ["1", "2"]),
        ("target.coalesce", r#"["off", "2ms"]"#, |plan| plan.coalesce.to_string(), ["off", "2ms"]),
        (
            "workers.processes",
            "[1, 2]",
            |plan| format!("{:?}", plan.worker_processes),
            ["Some(1)", "Some(2)"],
        ),
        ("network", r#"["loopback", "veth"]"#, |plan| plan.network.name().to_owned(), ["loopback", "veth"]),
        (
            "transports.interval",
            r#"["1s", "2s"]"#,
            |plan| {
                let interval = |at: usize| plan.transports[at].settings.poll_interval();
                format!("{:?} {:?}", interval(0), interval(1))
            },
            ["None Some(1s)", "None Some(2s)"],
        ),
    ];
    for (key, values, look, seen) in table {
        let scenario = scenario(&format!("[sweep]\n\"{key}\" = {values}\n"));
        assert_eq!(scenario.points.iter().map(look).collect::<Vec<_>>(), seen, "{key}");
    }
}

#[test]
fn a_sweep_gives_what_the_file_leaves_open() {
    let text =
        BASE.replace("clients = { count = 100 }", "").replace("rate = \"5/s\"", "arrival = \"constant\"");
    let text = format!(
        "{text}[sweep]\n\"clients.count\" = [5]\n\"events.rate\" = [\"1/s\"]\ncheapest = \"worker_cpu_us_per_event\""
    );
    let scenario = Scenario::parse(&text, "x.toml", &Overrides::default()).unwrap();
    assert_eq!(names(&scenario), ["clients.count=5 events.rate=1/s"]);
    let Varies::Sweep(sweep) = &scenario.varies else { panic!("{:?}", scenario.varies) };
    assert_eq!(sweep.cheapest, "worker_cpu_us_per_event");
}

const CASES: &str = r#"
[[cases]]
name = "idle"
events.rate = "0/s"
thresholds.sse.latency_p99 = "< 2s"
[[cases]]
name = "own"
clients.count = [5, 10]
[[cases.transports]]
kind = "websocket"
"#;

#[test]
fn a_case_is_the_file_with_what_it_says_instead() {
    let scenario = scenario(CASES);
    assert_eq!((names(&scenario), &scenario.varies), (vec!["idle", "own"], &Varies::Cases));
    let [idle, own] = &scenario.points[..] else { panic!() };
    assert!(idle.events.rate.abs() < f64::EPSILON && (own.events.rate - 5.0).abs() < f64::EPSILON);
    assert_eq!((idle.steps.as_slice(), own.steps.as_slice()), ([100].as_slice(), [5, 10].as_slice()));
    let labels: Vec<&str> = own.transports.iter().map(|transport| transport.label.as_str()).collect();
    assert_eq!((idle.transports.len(), labels), (2, vec!["websocket"]));
    let conditions = |plan: &Plan, label: &str| -> Vec<String> {
        let of = plan.thresholds.iter().filter(|threshold| threshold.label == label);
        of.map(|threshold| format!("{} {}", threshold.figure, threshold.condition)).collect()
    };
    assert_eq!(conditions(idle, "sse"), ["lost == 0", "latency_p99 < 2s"]);
    assert_eq!(conditions(idle, "short-polling"), ["lost == 0", "latency_p99 < 1s"]);
    let values: Vec<String> = own.point.values.iter().map(|(key, value)| format!("{key} {value}")).collect();
    assert_eq!(values, ["clients.count [5, 10]", "transports 1 of its own"]);
    assert_eq!(scenario.measurements(), 2 + 2);
}

#[test]
fn points_are_chosen_by_name_number_or_value() {
    let sweep = "[sweep]\n\"events.rate\" = [\"1/s\", \"10/s\"]\n\"clients.count\" = [10, 20]\n";
    let chosen = |text: &str, words: &[&str]| -> Vec<String> {
        let points = words.iter().map(|word| (*word).to_owned()).collect();
        let scenario = scenario_with(text, &Overrides { points, ..Overrides::default() });
        names(&scenario).into_iter().map(str::to_owned).collect()
    };
    let [a, b, c, d] =
        ["1/s clients.count=10", "1/s clients.count=20", "10/s clients.count=10", "10/s clients.count=20"]
            .map(|rest| format!("events.rate={rest}"));
    assert_eq!(chosen(sweep, &["4", "1"]), [a.clone(), d.clone()], "in the order of the file");
    assert_eq!(chosen(sweep, &["clients.count=20"]), [b.clone(), d]);
    assert_eq!(chosen(sweep, &[&c]), [c]);
    assert_eq!(chosen(sweep, &["1", "events.rate=1/s"]), [a, b]);
    assert_eq!(chosen(CASES, &["own"]), ["own"]);
}

#[test]
fn options_of_the_command_line_hold_at_every_point() {
    let overrides = Overrides {
        clients: Some(vec![7]),
        duration: Some(Period::from_secs(2)),
        only: vec!["sse".to_owned(), "long-polling".to_owned()],
        repeat: Some(3),
        ..Overrides::default()
    };
    let text = format!("{CASES}[[cases]]\nname = \"long\"\ntransports = [{{ kind = \"long-polling\" }}]\n");
    let scenario = scenario_with(&text, &overrides);
    assert_eq!(names(&scenario), ["idle", "long"], "the other case has no such transport");
    let plan = scenario.first();
    assert_eq!(
        (plan.steps.as_slice(), plan.phases.measure, plan.rounds),
        ([7].as_slice(), Duration::from_secs(2), 3)
    );
}
