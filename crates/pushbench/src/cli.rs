//! The command line: commands, options, and what is said about wrong ones.

use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use pushbench_report::compare::Share;
use pushbench_scenario::Inject;
use pushbench_scenario::quantity::Rate;
use pushbench_transport::Period;

use crate::exit::Exit;
use crate::terminal;

/// Load testing and benchmarks for real-time transports.
///
/// Compares short polling, long polling, Server-Sent Events and WebSocket under one scenario.
#[derive(Debug, Parser)]
#[command(name = "pushbench", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every transport of a scenario, write results, draw charts, print the table
    Run(RunArguments),
    /// Run the target server alone, until Ctrl-C
    Serve(ServeArguments),
    /// Draw the charts and the table of a finished run again, from its files alone
    Report(ReportArguments),
    /// Compare two or more runs: differences with intervals, overlay charts
    Compare(CompareArguments),
    /// Validate a scenario and print the plan and what it needs; opens nothing
    Check(CheckArguments),
    /// Measure this machine's floor with bare sockets, and what pushbench costs above it; about 50 s
    Calibrate(CalibrateArguments),
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// A target process of a run
    #[command(name = crate::roles::TARGET, hide = true)]
    Target,
    /// A worker process of a run
    #[command(name = crate::roles::WORKER, hide = true)]
    Worker,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Scenario files, run one after the other
    #[arg(required = true, value_name = "SCENARIO.toml")]
    pub(crate) scenarios: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: OverrideArguments,
    /// Folder that run folders are made in
    #[arg(long, default_value = "results", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Print each run's manifest as a JSON document on standard output, and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress and no news; the table and errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// A line of progress for every second
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// Options that change what a scenario says.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OverrideArguments {
    /// Only the transports with these labels
    #[arg(long, value_name = "LABEL", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Only these points of a sweep or these cases: names, numbers from 1, or values such as clients.count=100
    #[arg(long, value_name = "POINT", value_delimiter = ',')]
    pub(crate) points: Vec<String>,
    /// Number of clients instead of the scenario's; several make steps; max: as many of its largest step as fit here
    #[arg(long, value_name = "N", value_parser = clients)]
    pub(crate) clients: Option<Clients>,
    /// Rate of events over all topics, of asks, or of a member's messages: 5/s
    #[arg(long, value_name = "RATE")]
    pub(crate) rate: Option<Rate>,
    /// Length of the measure phase, such as 10s
    #[arg(long, value_name = "TIME")]
    pub(crate) duration: Option<Period>,
    /// Measure everything so often, in shuffled order, and tell how far the figures vary
    #[arg(long, value_name = "N", value_parser = rounds)]
    pub(crate) repeat: Option<u32>,
    /// Seed of every random choice
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Faults that the target makes: delay=TIME[/N], drop=N, duplicate=N, reorder=N (every N-th event of a topic), limit=N/s,
    /// stall=TIME/PERIOD
    #[arg(long, value_name = "FAULTS")]
    pub(crate) inject: Option<Inject>,
    /// Run sweeps and cases of more than 48 measurements or 10 minutes
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `--clients`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clients {
    /// One step each.
    Steps(Vec<u32>),
    /// As many as the machine has room for.
    Max,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub(crate) listen: SocketAddr,
    /// Events kept per topic, for clients that come back
    #[arg(long, default_value_t = 1024, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) ring: u32,
    /// Make faults: delay=TIME[/N], drop=N, duplicate=N, reorder=N (every N-th event of a topic), limit=N/s, stall=TIME/PERIOD
    #[arg(long, value_name = "FAULTS")]
    pub(crate) inject: Option<Inject>,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The folder of a run: the one that holds run.json
    #[arg(value_name = "RUN_DIR")]
    pub(crate) folder: PathBuf,
    /// Print the table as Markdown
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Of a run of several points, draw the charts of these too: names, numbers from 1, or values
    #[arg(long, value_name = "POINT", value_delimiter = ',')]
    pub(crate) points: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Folders of runs, the baseline first; with a label, one transport of the run
    #[arg(required = true, num_args = 2.., value_name = "RUN_DIR[:LABEL]")]
    pub(crate) runs: Vec<String>,
    /// Print Markdown fit for a pull request
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Print everything as a JSON document, and nothing else, on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Share of the baseline within which a difference counts as none
    #[arg(long, default_value = "5%", value_name = "SHARE")]
    pub(crate) band: Share,
    /// Exit with 4 where p50, p90 or p99 of delivery latency is slower by more than this share, or where that cannot be answered
    #[arg(long, value_name = "SHARE")]
    pub(crate) fail_if_slower: Option<Share>,
    /// Folder for tables and charts [default: a new one in results/compare]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Scenario files
    #[arg(required = true, value_name = "SCENARIO.toml")]
    pub(crate) scenarios: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: OverrideArguments,
}

#[derive(Debug, Args)]
pub(crate) struct CalibrateArguments {
    /// Folder for calibration.json, which later runs with the same folder quote
    #[arg(long, default_value = "results", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Print the calibration as a JSON document on standard output instead of the table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Says what clap has to say; help goes to standard output with success.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    let text = error.render();
    if error.use_stderr() {
        terminal::say(printable(text.to_string().trim_end()));
        Exit::Usage.into()
    } else {
        terminal::data(text.to_string().trim_end());
        Exit::Ok.into()
    }
}

/// Arguments are repeated as they were given: what controls a terminal is escaped.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' { printable.extend(c.escape_default()) } else { printable.push(c) }
    }
    printable
}

/// A number of rounds; the scenario knows which are allowed, so that no other number is none.
fn rounds(text: &str) -> Result<u32, String> {
    let allowed = "1 to 100 rounds";
    text.parse().map_err(|_| match text.parse::<i128>() {
        Ok(number) => format!("{number} is out of range: {allowed}"),
        Err(_) => format!("`{text}` is not a number: {allowed}"),
    })
}

/// Numbers of clients, or the word for as many as fit; which numbers are allowed the scenario knows.
fn clients(text: &str) -> Result<Clients, String> {
    if text == "max" {
        return Ok(Clients::Max);
    }
    let count = |part: &str| {
        part.parse().map_err(|_| {
            format!("`{part}` is not a number of clients: 1 to 10000000, several with commas, or max alone")
        })
    };
    text.split(',').map(count).collect::<Result<_, _>>().map(Clients::Steps)
}
