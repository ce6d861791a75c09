//! `pushbench compare`: runs side by side, from their files alone.

use pushbench_probe::clock;
use pushbench_report::compare::{Comparison, Gate, Selection, Share, load, names};
use pushbench_report::table::comparison;
use pushbench_report::{ReportError, charts};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::cli::CompareArguments;
use crate::exit::{Exit, Failure};
use crate::run::make_unique;
use crate::terminal;

/// Where comparisons go unless another folder is named.
const SHELF: &str = "results/compare";

/// What `comparison.json` holds.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    comparison: &'a Comparison<'a>,
    /// The answer to `--fail-if-slower`.
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_if_slower: Option<Asked<'a>>,
}

#[derive(Serialize)]
struct Asked<'a> {
    limit: Share,
    passed: bool,
    #[serde(flatten)]
    gate: &'a Gate,
}

/// Prints the comparison, writes it and its charts, and answers whether the runs have become slower.
pub(crate) fn compare(arguments: &CompareArguments) -> Result<Exit, Failure> {
    let selections: Vec<Selection> = arguments.runs.iter().map(|run| Selection::parse(run)).collect();
    let runs = load(&selections).map_err(|faults| refusal(&faults))?;
    let comparison = Comparison::of(&runs, arguments.band).map_err(|fault| refusal(&[fault]))?;
    let asked = arguments.fail_if_slower.map(|limit| (limit, Gate::of(&comparison, limit)));
    let document = Document {
        comparison: &comparison,
        fail_if_slower: asked.as_ref().map(|(limit, gate)| Asked {
            limit: *limit,
            passed: gate.passed(),
            gate,
        }),
    };
    let json =
        serde_json::to_string_pretty(&document).map_err(|error| Failure::from(anyhow::Error::from(error)))?;
    let markdown = comparison.markdown();
    if arguments.json {
        terminal::data(&json);
    } else if arguments.markdown {
        terminal::data(markdown.trim_end());
    } else {
        terminal::data(comparison::render(&comparison, terminal::table_style()).trim_end());
    }
    let answer = asked.map_or(Exit::Ok, |(limit, gate)| say(limit, &gate));
    for path in write(arguments.out.as_deref(), &comparison, &markdown, &json)? {
        terminal::say(path.display());
    }
    Ok(answer)
}

/// Everything that is wrong with the folders, at once.
fn refusal(faults: &[ReportError]) -> Failure {
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let exits = faults.iter().map(|fault| match fault {
        // What is no text is damaged, not out of reach.
        ReportError::Read { source, .. } if source.kind() != io::ErrorKind::InvalidData => Exit::Environment,
        _ => Exit::Usage,
    });
    Failure::of(exits.fold(Exit::Ok, Exit::worse), text.join("\n"))
}

fn write(
    out: Option<&Path>,
    comparison: &Comparison<'_>,
    markdown: &str,
    json: &str,
) -> Result<Vec<PathBuf>, Failure> {
    let folder = match out {
        Some(folder) => fs::create_dir_all(folder).map(|()| folder.to_owned()),
        None => fs::create_dir_all(SHELF)
            .and_then(|()| make_unique(Path::new(SHELF), &clock::utc_rfc3339().replace(':', "-"))),
    };
    let wanted = out.unwrap_or(Path::new(SHELF));
    let unwritten =
        |path: &Path, source| Failure::environment(ReportError::Write { path: path.to_owned(), source });
    let folder = folder.map_err(|source| unwritten(wanted, source))?;
    let mut paths = Vec::new();
    for (name, text) in [(names::MARKDOWN, markdown.to_owned()), (names::JSON, format!("{json}\n"))] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|source| unwritten(&path, source))?;
        paths.push(path);
    }
    paths.extend(charts::draw_comparison(comparison, &folder).map_err(Failure::environment)?);
    Ok(paths)
}

/// Says the answer to `--fail-if-slower`.
fn say(limit: Share, gate: &Gate) -> Exit {
    let limit = format!("{}%", pushbench_report::format::typed(limit.get() * 100.0));
    for what in &gate.slower {
        terminal::say(format_args!("slower by more than {limit}: {what}"));
    }
    for what in &gate.unanswered {
        terminal::say(format_args!("whether it is slower cannot be answered: {what}"));
    }
    for what in &gate.not_excluded {
        terminal::say(format_args!("slower by more than {limit} cannot be excluded: {what}"));
    }
    for what in &gate.not_asked {
        terminal::say(format_args!("not asked: {what}"));
    }
    for what in &gate.noisy {
        terminal::say(format_args!("too noisy to tell whether it is slower: {what}"));
    }
    if gate.passed() { Exit::Ok } else { Exit::Invalid }
}
