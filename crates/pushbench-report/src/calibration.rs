//! A calibration in words: the table of its own, and the line that a run quotes.

use pushbench_measure::results::{
    CalibratedFigure, Calibration, Run, Spread, StepResult, Through, calibrated,
};
use pushbench_measure::verdict::Level;

use crate::format::{bytes, grouped, mean_time_us, number, typed};
use crate::table::Style;
use crate::table::grid::{self, Cell, Head, Paint};

const NOTHING: &str = "–";

/// The table for a terminal, ending with a line break: a figure a row, with bare sockets and through each transport.
#[must_use]
pub fn render(calibration: &Calibration, style: Style) -> String {
    let labels = labels(calibration);
    let mut heads = vec![
        Head { group: "", name: "figure" },
        Head { group: "bare sockets", name: "median" },
        Head { group: "bare sockets", name: "least–most" },
    ];
    for label in &labels {
        heads.push(Head { group: label, name: "" });
        heads.push(Head { group: label, name: "×" });
    }
    let rows: Vec<Vec<Cell>> = calibration.figures.iter().map(|figure| row(figure, &labels)).collect();
    let mut lines = vec![Cell::plain(head(calibration)), Cell::default()];
    let width = style.columns();
    lines.extend(grid::render(&heads, 1, &rows, width, style.color).into_iter().map(Cell::plain));
    lines.push(Cell::default());
    lines.extend(foot(calibration));
    lines.iter().fold(String::new(), |out, line| out + &grid::paint(line, style.color) + "\n")
}

/// What a run says of its machine: the floor, and how many times it the transports cost. `None` where the floor is not
/// known, or is another one: it is measured over loopback, and a packet on another network costs more.
#[must_use]
pub fn quote<'a>(run: &Run, results: impl IntoIterator<Item = &'a StepResult>) -> Option<String> {
    let calibration = run.calibration.as_ref().filter(|_| run.scenario.setup.is_loopback())?;
    // A floor of nothing, or of less, was not measured: nothing is a multiple of it.
    let bare = |name| calibration.bare(name).filter(|us| us.is_finite() && *us > 0.0);
    let (send, receive) = (bare(calibrated::SEND_CPU_US)?, bare(calibrated::RECEIVE_CPU_US)?);
    let times = |result: &StepResult| {
        let summary = &result.summary;
        let (target, worker) = (summary.target_cpu_us_per_event?, summary.worker_cpu_us_per_event?);
        let mark = if result.validity() == Level::Breach { " !" } else { "" };
        Some(format!("{}{mark} {:.1} × / {:.1} ×", summary.label, target / send, worker / receive))
    };
    let times: Vec<String> = results.into_iter().filter_map(times).collect();
    let floor = format!(
        "floor of this machine (calibrated {}): {} µs per send, {} µs per receive",
        calibration.day(),
        number(send),
        number(receive)
    );
    Some(if times.is_empty() { floor } else { format!("{floor}; target / worker: {}", times.join(", ")) })
}

fn labels(calibration: &Calibration) -> Vec<&str> {
    let mut labels: Vec<&str> = Vec::new();
    for through in calibration.figures.iter().flat_map(|figure| &figure.through) {
        if !labels.contains(&through.label.as_str()) {
            labels.push(&through.label);
        }
    }
    labels
}

fn head(calibration: &Calibration) -> String {
    format!(
        "floor of {}: {} connections, {} messages/s of {} B each, the median of {} repetitions",
        calibration.host.name,
        grouped(calibration.connections.into()),
        typed(calibration.events_per_second),
        calibration.message_bytes,
        calibration.repetitions,
    )
}

fn row(figure: &CalibratedFigure, labels: &[&str]) -> Vec<Cell> {
    let word = |value: f64| word(&figure.unit, value);
    let or_nothing = |text: Option<String>| Cell::plain(text.unwrap_or_else(|| NOTHING.to_owned()));
    let spread =
        |spread: Spread| (spread.lo < spread.hi).then(|| format!("{}–{}", word(spread.lo), word(spread.hi)));
    let mut cells = vec![
        Cell::plain(&figure.title),
        or_nothing(figure.bare.map(|bare| word(bare.median))),
        or_nothing(figure.bare.and_then(spread)),
    ];
    for label in labels {
        let through = figure.through.iter().find(|through| through.label == *label);
        cells.push(or_nothing(through.and_then(|through| through.value).map(word)));
        cells.push(times(through));
    }
    cells
}

/// A ratio, marked where the run behind it was not valid.
fn times(through: Option<&Through>) -> Cell {
    match through.and_then(|through| Some((through.ratio?, through.valid))) {
        Some((ratio, true)) => Cell::plain(number(ratio)),
        Some((ratio, false)) => Cell::new(format!("{} !", number(ratio)), Paint::Bad),
        None => Cell::plain(NOTHING),
    }
}

fn word(unit: &str, value: f64) -> String {
    match unit {
        "µs" => mean_time_us(value),
        "bytes" => bytes(value),
        _ => number(value),
    }
}

fn foot(calibration: &Calibration) -> Vec<Cell> {
    let mut lines = Vec::new();
    for run in &calibration.runs {
        let (name, reasons) = (format!("{}, {}", run.label, run.job), run.reasons.join("; "));
        if !run.is_valid() {
            lines.push(Cell::new(format!("! {name} is {}: {reasons}", run.verdict), Paint::Bad));
        } else if !run.reasons.is_empty() {
            lines.push(Cell::new(format!("{name}, warning: {reasons}"), Paint::Care));
        }
    }
    lines.extend(calibration.notes.iter().map(|note| Cell::new(note, Paint::Care)));
    for text in [
        "× a transport's figure over that of bare sockets; one run a transport, no spread",
        "one way: half a bare round trip; through pushbench received − published",
        "– not measured, or there is no such thing",
    ] {
        lines.push(Cell::new(text, Paint::Dim));
    }
    lines
}
