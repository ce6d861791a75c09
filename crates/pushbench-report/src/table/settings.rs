//! What the scenario says of a result: at a run of several points that of its point, which may differ from the others'. Words
//! nothing but places.

use pushbench_measure::results::{LifeRecord, Run, Setup, StepResult};

/// More places than these are only counted.
const PLACES_NAMED: usize = 3;

/// What a result was measured under: the scenario's where rows are not told apart by points, and in a search, where all are
/// alike.
fn setup_of<'a>(run: &'a Run, result: &StepResult) -> &'a Setup {
    run.scenario.setup_of(result.summary.point.as_deref().filter(|_| run.capacity.is_empty()))
}

/// What clients do, in one word: see `Setup::pattern`.
pub(crate) fn pattern<'a>(run: &'a Run, result: &StepResult) -> &'a str {
    &setup_of(run, result).pattern
}

/// Clients of a room; `None` where they are in none.
pub(crate) fn members(run: &Run, result: &StepResult) -> Option<u32> {
    setup_of(run, result).members
}

/// A setting that not all points have alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Faults that the target makes.
    Inject,
    /// How it gathers events.
    Coalesce,
}

/// A value, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Somewhere<'a, T> {
    pub(crate) value: T,
    /// ` at rare, busy`, ` at 12 of 20 points`; empty where it is everywhere.
    pub(crate) place: String,
    /// Names of its points; empty where it is everywhere.
    points: Vec<&'a str>,
}

impl<T> Somewhere<'_, T> {
    /// Whether a result is from there.
    pub(crate) fn has(&self, result: &StepResult) -> bool {
        let here = |point: &str| self.points.contains(&point);
        self.points.is_empty() || result.summary.point.as_deref().is_some_and(here)
    }
}

/// The values of a setting that a run has somewhere, in the order of its points.
pub(crate) fn values(run: &Run, setting: Setting) -> Vec<Somewhere<'_, &str>> {
    match setting {
        Setting::Inject => distinct(run, |setup| setup.inject.as_deref()),
        Setting::Coalesce => distinct(run, |setup| setup.coalesce.as_deref()),
    }
}

/// What happens to connections, as [`values`].
pub(crate) fn lives(run: &Run) -> Vec<Somewhere<'_, &LifeRecord>> {
    distinct(run, |setup| setup.life.as_ref())
}

fn distinct<'a, T: PartialEq>(run: &'a Run, of: fn(&'a Setup) -> Option<T>) -> Vec<Somewhere<'a, T>> {
    let points = &run.scenario.points;
    if points.is_empty() || !run.capacity.is_empty() {
        let everywhere = of(&run.scenario.setup).into_iter();
        return everywhere
            .map(|value| Somewhere { value, place: String::new(), points: Vec::new() })
            .collect();
    }
    let mut found: Vec<Somewhere<'a, T>> = Vec::new();
    for point in points {
        let Some(value) = of(&point.setup) else { continue };
        match found.iter_mut().find(|known| known.value == value) {
            Some(known) => known.points.push(&point.name),
            None => found.push(Somewhere { value, place: String::new(), points: vec![&point.name] }),
        }
    }
    for known in &mut found {
        known.place = match known.points.len() {
            of if of == points.len() => String::new(),
            of if of > PLACES_NAMED => format!(" at {of} of {} points", points.len()),
            _ => format!(" at {}", known.points.join(", ")),
        };
    }
    found
}
