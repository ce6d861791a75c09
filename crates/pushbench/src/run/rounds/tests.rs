//! Rounds made by hand.

use super::*;
use pushbench_measure::rollup::{Cost, Planned, RoundCost, SocketPeaks, WorkerSums};
use pushbench_measure::statistics::Round;
use pushbench_measure::{Figure, Histograms, Phase};
use pushbench_report::crossover::{Answer, Map};
use pushbench_scenario::{Overrides, Scenario};

use crate::run::record;

const HEAD: &str = r#"name = "rounds"
[clients]
count = 10
[events]
pattern = "broadcast"
rate = "10/s"
[phases]
measure = "1s"
[[transports]]
kind = "sse"
[[transports]]
kind = "websocket"
[thresholds]
lost = "== 0"
"#;

fn scenario(tables: &str, repeat: Option<u32>) -> Scenario {
    let overrides = Overrides { repeat, ..Overrides::default() };
    Scenario::parse(&format!("{HEAD}{tables}"), "rounds.toml", &overrides).unwrap()
}

/// A round in which the target used so much CPU time, and `lost` of 100 events were lost.
fn measured(label: &str, point: &str, round: u32, target_cpu_us: f64, lost: u64) -> Measured {
    let mut sums = WorkerSums::default();
    (sums.tally.expected, sums.tally.delivered, sums.tally.lost) = (100, 100 - lost, lost);
    let mut histograms = Histograms::new();
    histograms.record(Figure::Delivery, Phase::Measure, 1_000);
    let facts = StepFacts {
        label: label.to_owned(),
        kind: label.to_owned(),
        clients: 10,
        stepped: false,
        measure_s: 1.0,
        targets: 1,
        planned: Planned::default(),
        connected: 10,
        sums,
        histograms,
        wire: None,
        costs: vec![RoundCost {
            cost: Cost { target_cpu_us: Some(target_cpu_us), ..Cost::default() },
            events: 100,
            connected: 10,
            measure_s: 1.0,
            idle_s: 0.0,
        }],
        sockets: SocketPeaks::default(),
        slow_disconnects: 0,
        slow_skipped: None,
        coalesced: None,
        target_queued_peak_bytes: None,
        accepts_per_second_peak: None,
        point: point.to_owned(),
    };
    let result = RoundResult {
        round,
        complete: true,
        summary: summarize(&facts),
        latencies: None,
        findings: Vec::new(),
        ports: Vec::new(),
        wire: None,
        resources: None,
    };
    Measured { result, facts, blocks: Round(Vec::new()) }
}

/// The transports that are as cheap as the cheapest in the one cell of a sweep of five rounds.
fn cheapest(cheapest: &str, costs: [[(f64, u64); 5]; 2]) -> Vec<String> {
    let sweep = format!("[sweep]\n\"events.size\" = [\"256B\"]\n{cheapest}");
    let scenario = scenario(&sweep, Some(5));
    let mut run = record::manifest_of(&scenario);
    let plan = scenario.first();
    let ranked_by = run.scenario.sweep.as_ref().map(|sweep| sweep.cheapest.clone());
    for (transport, rounds) in plan.transports.iter().zip(costs) {
        let mut all = Rounds::new(plan, (1, 1), ranked_by.as_deref());
        for (round, (cpu_us, lost)) in (1..).zip(rounds) {
            all.add(measured(&transport.label, &plan.point.name, round, cpu_us, lost));
        }
        // Whatever the scenario asks for, the figures may be believed.
        run.results.extend(all.result.map(|result| StepResult { thresholds: Vec::new(), ..result }));
    }
    let map = Map::of(&run).unwrap();
    assert!(matches!(map.cells[0].answer, Answer::Ranked(_)), "{map:?}");
    map.cells[0].cheapest().map(|ranked| ranked.label.to_owned()).collect()
}

#[test]
fn what_a_sweep_ranks_by_is_told_apart_only_where_the_rounds_do() {
    let steady = |cpu_us: f64| [0.0, 1.0, 2.0, 3.0, 4.0].map(|more| (cpu_us + more, 0));
    let wild = |cpu_us: f64| [-60.0, 60.0, 0.0, 50.0, -50.0].map(|more| (cpu_us + more, 0));
    // 10 % apart.
    assert_eq!(cheapest("", [steady(300.0), steady(330.0)]), ["sse"]);
    assert_eq!(cheapest("", [wild(300.0), wild(330.0)]), ["sse", "websocket"]);
    let lost = |lost: [u64; 5]| lost.map(|lost| (300.0, lost));
    let by_loss = "cheapest = \"lost\"";
    assert_eq!(cheapest(by_loss, [lost([10, 10, 11, 9, 10]), lost([20, 21, 19, 20, 20])]), ["sse"]);
    assert_eq!(cheapest(by_loss, [lost([1, 40, 2, 1, 1]), lost([1, 2, 55, 1, 1])]), ["sse", "websocket"]);
}

#[test]
fn a_search_forgets_the_round_that_failed_by_chance_and_no_other() {
    let scenario = scenario("[capacity]\nvary = \"clients\"\nto = 100\n", None);
    let mut rounds = Rounds::new(scenario.first(), (1, 1), None);
    let add = |rounds: &mut Rounds, round, lost| rounds.add(measured("sse", "", round, 500.0, lost));
    let seen = |rounds: &Rounds| {
        let result = rounds.result.as_ref()?;
        let numbers: Vec<u32> = result.rounds.iter().map(|round| round.round).collect();
        Some((numbers, result.summary.expected?, result.summary.lost?))
    };
    add(&mut rounds, 1, 0);
    add(&mut rounds, 2, 7);
    rounds.forget_newest();
    assert_eq!(seen(&rounds), Some((vec![1], 100, 0)));
    add(&mut rounds, 3, 0);
    assert_eq!(seen(&rounds), Some((vec![1, 3], 200, 0)));
    add(&mut rounds, 4, 2);
    rounds.forget_newest();
    assert_eq!(seen(&rounds), Some((vec![1, 3], 200, 0)));

    let mut rounds = Rounds::new(scenario.first(), (1, 1), None);
    add(&mut rounds, 1, 7);
    rounds.forget_newest();
    assert_eq!(seen(&rounds), None, "the first");
}
