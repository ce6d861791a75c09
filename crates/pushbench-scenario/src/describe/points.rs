//! A scenario of several points in words: what is the same at all of them, which there are, and the largest needs.

use std::fmt::Write as _;
use std::time::Duration;

use super::{coordinator, costs, describe, facts, rounded, same, table, tail, transports};
use crate::needs::{Needs, StepNeeds};
use crate::plan::Plan;
use crate::scenario::{Scenario, Varies};

/// The resolved points, what they need, and what forbids them: several lines, the last one ended.
#[must_use]
pub fn describe_scenario(scenario: &Scenario, needs: &[Needs]) -> String {
    let plan = scenario.first();
    let [first, ..] = needs else { return String::new() };
    if plan.point.name.is_empty() {
        return describe(plan, first);
    }
    let mut text = format!("{}: {}\n", plan.name, plan.title);
    let all: Vec<Vec<(&str, String)>> = scenario.points.iter().map(facts).collect();
    let shared = all[0].iter().filter(|fact| all.iter().all(|facts| facts.contains(fact)));
    for (name, value) in shared.cloned().chain(vary(scenario)) {
        let _ = writeln!(text, "  {name:<11} {value}");
    }
    text.push('\n');
    table(&mut text, &points(scenario, needs));
    text.push('\n');
    let rows: Vec<Vec<Vec<String>>> = scenario.points.iter().map(transports).collect();
    table(&mut text, &same(rows.concat()));
    text.push('\n');
    table(&mut text, &costs(largest(needs).into_iter()));
    let duration = needs.iter().fold(Duration::ZERO, |sum, needs| sum.saturating_add(needs.duration));
    let measurements = scenario.measurements();
    let files = coordinator(needs);
    let _ = write!(text, "{files}\n  about {} in all, {measurements} measurements\n", rounded(duration));
    tail(&mut text, needs);
    text
}

fn vary(scenario: &Scenario) -> Vec<(&'static str, String)> {
    let count = scenario.points.len();
    match &scenario.varies {
        Varies::Sweep(sweep) => {
            let keys: Vec<String> =
                sweep.keys.iter().map(|key| format!("{} ({})", key.key, key.values.join(", "))).collect();
            let cheapest = format!("{}, of those that meet the thresholds", sweep.cheapest);
            vec![("sweep", format!("{}: {count} points", keys.join(" × "))), ("cheapest by", cheapest)]
        }
        Varies::Nothing | Varies::Cases => vec![("cases", count.to_string())],
    }
}

fn points(scenario: &Scenario, needs: &[Needs]) -> Vec<Vec<String>> {
    let named = matches!(scenario.varies, Varies::Sweep(_));
    let mut head = vec!["point".to_owned()];
    if !named {
        head.push("differs in".to_owned());
    }
    head.push("takes".to_owned());
    let row = |(plan, needs): (&Plan, &Needs)| {
        let mut row = vec![plan.point.name.clone()];
        if !named {
            let words = plan.point.values.iter().map(|(key, value)| format!("{key} {value}"));
            row.push(words.collect::<Vec<_>>().join(", "));
        }
        row.push(rounded(needs.duration));
        row
    };
    std::iter::once(head).chain(scenario.points.iter().zip(needs).map(row)).collect()
}

/// Of every label the step that takes the most memory: what fits there fits everywhere, by and large.
fn largest(needs: &[Needs]) -> Vec<&StepNeeds> {
    let mut largest: Vec<&StepNeeds> = Vec::new();
    for step in needs.iter().flat_map(|needs| &needs.steps) {
        match largest.iter_mut().find(|of| of.label == step.label) {
            Some(of) if of.memory_bytes() < step.memory_bytes() => *of = step,
            Some(_) => {}
            None => largest.push(step),
        }
    }
    largest
}
