//! From a scenario file to a validated plan, and the schedules that follow from the plan.
//!
//! Everything is a pure function of the file's text, the overrides and the seed: no clock is read, no socket is
//! opened, and tokio is not used; [`load`] reads its one file. What runs a plan is not known here.

mod answers;
pub mod capacity;
mod choice;
mod coalesce;
mod describe;
mod events;
pub mod fault;
mod file;
mod inject;
mod law;
mod law_choice;
pub mod life;
pub mod lives;
pub mod needs;
mod overrides;
pub mod patience;
pub mod plan;
pub mod quantity;
mod scenario;
pub mod schedule;
mod schema;
mod section;
pub mod shape;
pub mod share;
mod slow;

pub use answers::{Answer, Answers, Parts, answer};
pub use capacity::Capacity;
pub use coalesce::{Coalesce, CoalesceError};
pub use describe::{describe, describe_scenario};
pub use fault::{Fault, Faults, LoadError};
pub use file::{ReadFile, load, parse, parse_beside};
pub use inject::{Inject, InjectFault, InjectFaults, Stall};
pub use law::Law;
pub use life::{Life, Restart, Storm};
pub use needs::{Machine, Needs, needs};
pub use overrides::Overrides;
pub use plan::{Arrival, EventSize, Events, Network, Phases, Plan, Point, Source, Topics, TransportPlan};
pub use scenario::{Scenario, Varies};
pub use schema::schema;
pub use shape::Shape;
pub use share::{TargetShare, WorkerShare};
pub use slow::{Reading, Slow, SlowPolicy, slow_clients};
