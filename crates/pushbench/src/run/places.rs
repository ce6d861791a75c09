//! The places of a run, and what was measured at each: a place is a transport at a number of clients of a point.
//!
//! Here a place is measured for a round and its result put where it belongs: into the files, the manifest, the display.
//! Which place is next, and whether there is one more, is not decided here.

use pushbench_measure::results::{CapacityRecord, Resources, RoundResult, StepResult};
use pushbench_scenario::needs::{Needs, StepNeeds};
use pushbench_scenario::plan::Plan;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::folder::{LabelFiles, RunFolder};
use super::job::Job;
use super::progress::Progress;
use super::record;
use super::rounds::Rounds;
use super::step::{self, Ended};
use super::unwritable;
use crate::exit::Failure;
use crate::interrupt::Interrupt;

/// Where something is measured, once a round.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    plan: Rc<Plan>,
    /// Number of the plan's point in the manifest, from 1; `None` in a run that has none.
    point: Option<u32>,
    /// Position among the plan's transports.
    transport: usize,
    clients: u32,
    targets: u32,
    workers: u32,
    predicted: Option<Resources>,
}

impl Place {
    /// With as many processes as the plan's needs say.
    pub(crate) fn new(
        plan: &Rc<Plan>,
        point: Option<u32>,
        transport: usize,
        clients: u32,
        needs: &Needs,
    ) -> Self {
        let needs = needs.of(&plan.transports[transport].label, clients);
        Self::with(plan, point, transport, clients, needs)
    }

    /// With as many processes as the step's needs say; one of each where they are not known.
    pub(crate) fn with(
        plan: &Rc<Plan>,
        point: Option<u32>,
        transport: usize,
        clients: u32,
        needs: Option<&StepNeeds>,
    ) -> Self {
        let (targets, workers) = needs.map_or((1, 1), |needs| (needs.targets, needs.workers));
        let predicted = needs.map(StepNeeds::resources);
        Self { plan: Rc::clone(plan), point, transport, clients, targets, workers, predicted }
    }

    fn label(&self) -> &str {
        &self.plan.transports[self.transport].label
    }

    fn job<'a>(&'a self, round: u32, program: &'a Path) -> Job<'a> {
        let Self { ref plan, point, transport, clients, targets, workers, predicted } = *self;
        Job { plan, transport, clients, point, round, targets, workers, program, predicted }
    }
}

/// A run that is under way.
#[derive(Debug)]
pub(crate) struct Measuring<'r> {
    program: &'r Path,
    folder: &'r mut RunFolder,
    progress: &'r mut Progress,
    interrupt: &'r mut Interrupt,
    /// By label, which all points share.
    files: BTreeMap<String, LabelFiles>,
    /// In the order in which results stand.
    places: Vec<(Place, Rounds)>,
    saved: Result<(), Failure>,
}

impl<'r> Measuring<'r> {
    /// A run without places; what is measured is written to `folder`.
    pub(crate) fn new(
        program: &'r Path,
        folder: &'r mut RunFolder,
        progress: &'r mut Progress,
        interrupt: &'r mut Interrupt,
    ) -> Self {
        let (files, places) = (BTreeMap::new(), Vec::new());
        Self { program, folder, progress, interrupt, files, places, saved: Ok(()) }
    }

    /// Puts a plan's point into the manifest unless it is there, and gives its number there; `None` for a plan without one.
    /// Points that are known before the run are in the manifest from its begin.
    pub(crate) fn add_point(&mut self, plan: &Plan) -> Option<u32> {
        let scenario = &mut self.folder.run.scenario;
        let name = Some(plan.point.name.as_str()).filter(|name| !name.is_empty())?;
        if scenario.number_of(name).is_none() {
            scenario.points.push(record::point(plan));
        }
        scenario.number_of(name)
    }

    /// Adds a place behind the others, with nothing measured, and gives its number; opens the files of its label.
    pub(crate) fn add(&mut self, place: Place) -> Result<usize, Failure> {
        if !self.files.contains_key(place.label()) {
            let files = self.folder.label_files(place.label());
            let files = files.map_err(|error| unwritable(self.folder.path(), &error))?;
            self.files.insert(place.label().to_owned(), files);
        }
        let ranked_by = self.folder.run.scenario.sweep.as_ref().map(|sweep| sweep.cheapest.as_str());
        let rounds = Rounds::new(&place.plan, (place.targets, place.workers), ranked_by);
        self.places.push((place, rounds));
        Ok(self.places.len() - 1)
    }

    /// What a place showed in a round; `None` where it showed nothing.
    pub(crate) fn shown(&self, at: usize, round: u32) -> Option<&RoundResult> {
        self.places[at].1.result.as_ref()?.rounds.iter().find(|shown| shown.round == round)
    }

    /// Forgets what a place showed in its newest round: its rows stay in the files of its label, and in no figure.
    pub(crate) fn forget_newest(&mut self, at: usize) {
        self.places[at].1.forget_newest();
        self.folder.run.results = self.results();
    }

    /// What all places came to, as far as they were measured.
    fn results(&self) -> Vec<StepResult> {
        self.places.iter().filter_map(|(_, rounds)| rounds.result.clone()).collect()
    }

    /// Puts how a search stands into the manifest, in place of what is there of the same transport, and saves it.
    pub(crate) fn keep(&mut self, search: &CapacityRecord) {
        let all = &mut self.folder.run.capacity;
        match all.iter_mut().find(|known| known.label == search.label) {
            Some(known) => known.clone_from(search),
            None => all.push(search.clone()),
        }
        if self.saved.is_ok() {
            self.saved = self.folder.save().map_err(|error| unwritable(self.folder.path(), &error));
        }
    }

    /// One line of news.
    pub(crate) fn say(&mut self, text: impl std::fmt::Display) {
        self.progress.say(text);
    }

    /// Measures a place for a round, from fresh processes, and saves what it came to. An error ends the run.
    pub(crate) async fn measure(&mut self, at: usize, round: u32) -> Result<(), Ended> {
        if let Err(failure) = &self.saved {
            // More would be lost as well; what was measured until now can still be told.
            return Err(Ended::Environment(failure.to_string()));
        }
        let (place, rounds) = &mut self.places[at];
        let Some(files) = self.files.get_mut(place.label()) else {
            return Err(Ended::Died(format!("no files of `{}` are open", place.label())));
        };
        let end = step::run(place.job(round, self.program), files, self.progress, self.interrupt).await;
        self.progress.step_ends(end.measured.as_ref().map(|measured| &measured.result));
        if let Some(measured) = end.measured {
            rounds.add(measured);
        }
        self.folder.run.results = self.results();
        self.saved = self.folder.save().map_err(|error| unwritable(self.folder.path(), &error));
        end.ended.map_or(Ok(()), Err)
    }
}
