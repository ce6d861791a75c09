//! `pushbench check`: the plan and what it needs, with nothing opened.

use super::plans;
use crate::cli::CheckArguments;
use crate::exit::{Exit, Failure};
use crate::run::Asked;
use crate::terminal;

/// Prints the resolved plan of each scenario; refuses what the machine has no room for.
pub(crate) fn check(arguments: &CheckArguments) -> Result<Exit, Failure> {
    let plans = plans::load_all(&arguments.scenarios, &arguments.overrides)?;
    for Asked { scenario, needs } in &plans {
        terminal::data(pushbench_scenario::describe_scenario(scenario, needs));
    }
    plans::refuse_what_does_not_fit(&plans)?;
    if let Err(reason) = plans::want_consent(&plans, arguments.overrides.yes) {
        terminal::data(reason);
    }
    Ok(Exit::Ok)
}
