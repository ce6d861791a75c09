//! `--points`: some of the points. Pure.

use crate::plan::{Plan, Point};
use crate::section::{FaultList, nearest};

/// Points named when one is not found; of a thousand nobody reads all.
const NAMED: usize = 8;

/// Faults of the words after `--points`.
pub(in crate::file) fn check(points: &[&Point], wanted: &[String], faults: &mut FaultList) {
    if points.is_empty() {
        if !wanted.is_empty() {
            faults.push(None, "--points", "the file has no points: neither [sweep] nor [[cases]]");
        }
        return;
    }
    for word in wanted {
        let fits = |(at, point): (usize, &&Point)| is_meant(word, at, point);
        if points.iter().enumerate().any(fits) {
            continue;
        }
        let names: Vec<&str> = points.iter().map(|point| point.name.as_str()).collect();
        let more = if names.len() > NAMED { ", …" } else { "" };
        let first = names[..names.len().min(NAMED)].join(", ");
        faults.push(None, "--points", format!("`{word}` is none of the points: {first}{more}"));
        let parts =
            points.iter().flat_map(|point| &point.values).map(|(key, value)| format!("{key}={value}"));
        let parts: Vec<String> = parts.collect();
        let known: Vec<&str> = names.iter().copied().chain(parts.iter().map(String::as_str)).collect();
        faults.hint(nearest(word, &known).map(|near| format!("did you mean `{near}`?")));
    }
}

/// Those that were asked for; all where nothing was.
pub(in crate::file) fn selected(points: Vec<Plan>, wanted: &[String]) -> Vec<Plan> {
    let meant = |(at, plan): &(usize, Plan)| {
        wanted.is_empty() || wanted.iter().any(|word| is_meant(word, *at, &plan.point))
    };
    points.into_iter().enumerate().filter(meant).map(|(_, plan)| plan).collect()
}

/// A word means a point by its name, by its number from 1, or by one of its values as in `clients.count=100`.
fn is_meant(word: &str, at: usize, point: &Point) -> bool {
    let has = |(key, value): &(String, String)| {
        word.split_once('=').is_some_and(|(of, wanted)| (of, wanted) == (key, value))
    };
    word == point.name || word.parse() == Ok(at + 1) || point.values.iter().any(has)
}
