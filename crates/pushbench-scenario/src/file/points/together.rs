//! Faults of all points as those of one file. Pure.

use std::collections::BTreeMap;

use crate::fault::Fault;
use crate::section::FaultList;

/// Faults of points, each once.
pub(in crate::file) struct Together {
    /// First and last line of what made the points.
    lines: (u32, u32),
    points: usize,
    /// With the first point that has it, and how many have.
    all: Vec<(Fault, String, usize)>,
}

impl Together {
    pub(in crate::file) fn new(lines: (u32, u32)) -> Self {
        Self { lines, points: 0, all: Vec::new() }
    }

    /// Adds those of another point. A key that is at fault for another reason there is said once, for the first.
    pub(in crate::file) fn add(&mut self, point: &str, faults: Vec<Fault>) {
        self.points += 1;
        let before = self.all.len();
        let mut counted: Vec<usize> = Vec::new();
        for fault in faults {
            let like =
                |other: &Fault| fault.line.is_some() && (other.line, &other.key) == (fault.line, &fault.key);
            let same = self.all[..before].iter().position(|(other, ..)| *other == fault);
            let same = same.or_else(|| self.all[..before].iter().position(|(other, ..)| like(other)));
            match same {
                Some(at) if counted.contains(&at) => {}
                Some(at) => {
                    self.all[at].2 += 1;
                    counted.push(at);
                }
                None => self.all.push((fault, point.to_owned(), 1)),
            }
        }
    }

    /// Labels of `--only` that no point has.
    fn lacking(&self) -> Vec<String> {
        let labels = self.all.iter().filter_map(|(fault, _, count)| Some((missing_label(fault)?, *count)));
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (label, count) in labels {
            *counts.entry(label).or_default() += count;
        }
        counts.into_iter().filter(|(_, count)| *count == self.points).map(|(label, _)| label).collect()
    }

    /// All of them; one that not all points have says which.
    pub(in crate::file) fn into(self, faults: &mut FaultList) {
        let (first, last) = self.lines;
        let lacking = self.lacking();
        let mut told_lacking: Vec<String> = Vec::new();
        for (mut fault, point, count) in self.all {
            if let Some(label) = missing_label(&fault) {
                // What some points do not have others may: transports of their own.
                if !lacking.contains(&label) || told_lacking.contains(&label) {
                    continue;
                }
                told_lacking.push(label);
            }
            let told = fault.line.is_some_and(|line| (first..=last).contains(&line));
            if count < self.points && !told {
                let more = match count - 1 {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                fault.problem = format!("{} (at the point `{point}`{more})", fault.problem);
            }
            faults.add(fault);
        }
    }
}

/// The label that a fault of `--only` is about.
fn missing_label(fault: &Fault) -> Option<String> {
    let label = fault.problem.split('`').nth(1).filter(|_| fault.key == "--only")?;
    Some(label.to_owned())
}
