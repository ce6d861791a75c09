//! From a scenario file to a validated plan, and the schedules that follow from the plan.
//!
//! Everything is a pure function of the file's text, the overrides and the seed: no clock is read, no socket is
//! opened, and tokio is not used. What runs a plan is not known here.

pub mod plan;
pub mod schedule;
pub mod share;

pub use plan::{Arrival, EventSize, Events, Phases, Plan, Topics, TransportPlan};
pub use share::{TargetShare, WorkerShare};
