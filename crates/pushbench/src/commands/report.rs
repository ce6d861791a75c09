//! `pushbench report`: charts and table of a finished run, from its files alone.

use pushbench_measure::results::names;
use pushbench_report::{RunFolder, charts, table};

use crate::cli::ReportArguments;
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Redraws the charts into the run's folder and prints the table.
pub(crate) fn report(arguments: &ReportArguments) -> Result<Exit, Failure> {
    let folder = RunFolder::load(&arguments.folder).map_err(Failure::environment)?;
    let numbers = numbers_of(&folder, &arguments.points)?;
    let out = arguments.folder.join(names::CHARTS);
    let mut drawn = charts::draw_all(&folder, &out).map_err(Failure::environment)?;
    for number in &numbers {
        drawn.extend(charts::draw_of_point(&folder, *number, &out).map_err(Failure::environment)?);
    }
    if arguments.markdown {
        terminal::data(table::markdown(&folder.run));
    } else {
        terminal::data(table::render(&folder.run, terminal::table_style()));
    }
    for (transport, files) in folder.transports() {
        for file in &files.missing {
            let path = arguments.folder.join(&transport.label).join(file);
            terminal::say(format_args!("warning: {} is missing", path.display()));
        }
    }
    for (label, fault) in folder.log_faults() {
        let path = arguments.folder.join(label).join(names::LATENCY_LOG);
        terminal::say(format_args!(
            "warning: {} {fault}: its charts are not of the whole run",
            path.display()
        ));
    }
    if let Some(reason) = charts::left_out(&folder).filter(|_| numbers.is_empty()) {
        terminal::say(reason);
    }
    for chart in drawn {
        terminal::say(chart.display());
    }
    Ok(Exit::Ok)
}

/// Numbers of the points that were asked for.
fn numbers_of(folder: &RunFolder, words: &[String]) -> Result<Vec<usize>, Failure> {
    let mut numbers = Vec::new();
    for word in words {
        let found = folder.numbers_of(word);
        if found.is_empty() {
            return Err(Failure::of(Exit::Usage, format_args!("--points: the run has no point `{word}`")));
        }
        numbers.extend(found);
    }
    Ok(numbers)
}
