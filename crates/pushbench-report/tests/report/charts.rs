//! Every chart, drawn from made-up runs and looked at pixel by pixel.

use pushbench_measure::results::{Interval, SocketStates};
use pushbench_report::{ReportError, RunFolder, charts};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use crate::synthetic::{Shape, folder, troubles};

const VERMILLION: Color = [213, 94, 0];
const ORANGE: Color = [230, 159, 0];
pub(crate) const BLUE: Color = [0, 114, 178];
const PURPLE: Color = [204, 121, 167];
pub(crate) const ALARM: Color = [176, 0, 32];
pub(crate) const SHADE: Color = [240, 240, 240];
const WHITE: Color = [255, 255, 255];

pub(crate) type Color = [u8; 3];

pub(crate) struct Picture {
    pub(crate) size: (usize, usize),
    rgb: Vec<u8>,
}

impl Picture {
    pub(crate) fn open(path: &Path) -> Self {
        let file = BufReader::new(File::open(path).expect("the chart exists"));
        let mut reader = png::Decoder::new(file).read_info().expect("the chart is a PNG");
        let mut rgb = vec![0; reader.output_buffer_size().expect("the chart fits memory")];
        let info = reader.next_frame(&mut rgb).expect("the chart is whole");
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        Self { size: (info.width as usize, info.height as usize), rgb }
    }

    pub(crate) fn count(&self, color: Color) -> usize {
        self.rgb.chunks_exact(3).filter(|pixel| **pixel == color).count()
    }

    fn at(&self, x: usize, y: usize) -> &[u8] {
        &self.rgb[(y * self.size.0 + x) * 3..][..3]
    }

    /// Whether anything reaches the edge: then it is cut off.
    pub(crate) fn is_clipped(&self) -> bool {
        let (width, height) = self.size;
        let rim = |end: usize| (0..4).chain(end - 4..end);
        let above_or_below = rim(height).any(|y| (0..width).any(|x| self.at(x, y) != WHITE));
        above_or_below || rim(width).any(|x| (0..height).any(|y| self.at(x, y) != WHITE))
    }
}

/// Draws a run; every chart is checked for what all charts must be.
pub(crate) fn drawn(run: &RunFolder) -> BTreeMap<String, Picture> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let out = dir.path().join("charts");
    let paths = charts::draw_all(run, &out).expect("the run can be drawn");
    let mut pictures = BTreeMap::new();
    for path in &paths {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let picture = Picture::open(path);
        assert_eq!(picture.size, (1600, 1000), "{name}");
        assert!(!picture.is_clipped(), "{name} is cut off at an edge");
        let ink = picture.size.0 * picture.size.1 - picture.count(WHITE);
        assert!(ink > 10_000, "{name} is nearly blank: {ink} pixels");
        pictures.insert(name, picture);
    }
    assert_eq!(fs::read_dir(&out).expect("the folder").count(), paths.len(), "something was left behind");
    pictures
}

pub(crate) fn names(pictures: &BTreeMap<String, Picture>) -> Vec<&str> {
    pictures.keys().map(String::as_str).collect()
}

pub(crate) const ALWAYS: [&str; 5] =
    ["bytes-per-event.png", "cost.png", "latency-over-time.png", "latency-percentiles.png", "sockets.png"];

#[test]
fn four_transports_have_their_colours_on_every_chart() {
    let pictures = drawn(&folder(&Shape::default()));
    assert_eq!(names(&pictures), ALWAYS);
    for (name, picture) in &pictures {
        for color in [VERMILLION, ORANGE, BLUE, PURPLE] {
            assert!(picture.count(color) > 800, "{name} lacks {color:?}: {}", picture.count(color));
        }
        assert_eq!(picture.count(ALARM), 0, "{name} shows an alarm for a valid run");
    }
}

#[test]
fn one_and_nine_transports_short_and_long_runs_are_drawn_whole() {
    for shape in [
        Shape { transports: 1, ..Shape::default() },
        Shape { transports: 1, measure_s: 3, steps: vec![2], events_per_second: 1, rounds: 1 },
        Shape { transports: 9, measure_s: 3, steps: vec![50], ..Shape::default() },
        Shape { transports: 9, measure_s: 300, steps: vec![20], events_per_second: 1, rounds: 1 },
    ] {
        let pictures = drawn(&folder(&shape));
        assert_eq!(names(&pictures), ALWAYS, "{shape:?}");
        let cost = &pictures["cost.png"];
        assert!(cost.count(VERMILLION) > 1_000, "{shape:?}");
        assert_eq!(cost.count(BLUE) > 1_000, shape.transports > 2, "{shape:?}");
    }
}

#[test]
fn several_steps_make_a_capacity_chart_and_its_limit_a_line() {
    let mut run = folder(&Shape { measure_s: 3, steps: vec![100, 1_000, 10_000], ..Shape::default() });
    let without = drawn(&run)["capacity.png"].count(ALARM);
    run.run.scenario.setup.latency_p99_limit_us = Some(250_000);
    let pictures = drawn(&run);
    assert_eq!(pictures.len(), ALWAYS.len() + 1);
    assert_eq!(without, 0);
    assert!(pictures["capacity.png"].count(ALARM) > 300);
    assert!(pictures["capacity.png"].count(BLUE) > 1_000);
}

#[test]
fn limits_that_differ_have_a_line_each_in_the_colours_of_those_who_must_keep_them() {
    let mut run = folder(&Shape { measure_s: 3, steps: vec![100, 1_000, 10_000], ..Shape::default() });
    let counts = |run: &RunFolder| {
        let pictures = drawn(run);
        [ALARM, VERMILLION, BLUE].map(|color| pictures["capacity.png"].count(color))
    };
    let [_, polling, sse] = counts(&run);
    let limits = run.run.transports.iter().map(|transport| {
        let polls = transport.kind == "short-polling";
        (transport.label.clone(), if polls { 1_250_000 } else { 250_000 })
    });
    run.run.scenario.setup.latency_p99_limits_us = limits.collect();
    let [everybodys, polling_with, sse_with] = counts(&run);
    assert_eq!(everybodys, 0);
    assert!(
        polling_with > polling + 300 && sse_with > sse + 100,
        "{polling_with} {polling} {sse_with} {sse}"
    );
}

/// Pixels between title and footer, right of the names and left of the labels, that differ.
fn differing(a: &Picture, b: &Picture) -> usize {
    let plot = (200..750).flat_map(|y| (320..1150).map(move |x| (x, y)));
    plot.filter(|(x, y)| a.at(*x, *y) != b.at(*x, *y)).count()
}

#[test]
fn intervals_are_drawn_where_there_are_several_rounds() {
    for transports in [1, 4, 9] {
        let steps = vec![100, 500];
        let mut run = folder(&Shape { transports, measure_s: 3, steps, rounds: 3, ..Shape::default() });
        let with = drawn(&run);
        for result in &mut run.run.results {
            result.intervals.clear();
            result.rounds.truncate(1);
        }
        let without = drawn(&run);
        for name in ["capacity.png", "latency-percentiles.png", "bytes-per-event.png", "cost.png"] {
            let pixels = differing(&with[name], &without[name]);
            assert!(pixels > 150, "{transports} transports, {name}: {pixels}");
        }
    }
}

#[test]
fn charts_over_time_show_one_round_and_no_mixture() {
    let mut run = folder(&Shape { measure_s: 3, steps: vec![50], rounds: 3, ..Shape::default() });
    let p50 = |result: &pushbench_measure::results::StepResult, round: usize| {
        result.rounds[round].summary.latency_p50_us.unwrap()
    };
    // The second round is that of all rounds; the others are far off.
    for result in &mut run.run.results {
        result.summary.latency_p50_us = Some(p50(result, 1));
        for other in [0, 2] {
            result.rounds[other].summary.latency_p50_us = Some(p50(result, 1) * 2);
        }
    }
    let all = drawn(&run);
    for files in &mut run.labels {
        files.intervals.retain(|interval| interval.round == 2);
    }
    let only = drawn(&run);
    for name in ["latency-over-time.png", "sockets.png"] {
        assert!(all[name].rgb == only[name].rgb, "{name} shows other rounds than the second");
    }
}

#[test]
fn troubles_are_on_the_footer_of_every_chart() {
    for run in [troubles::troubled(), troubles::bare()] {
        for (name, picture) in drawn(&run) {
            assert!(picture.count(ALARM) > 300, "{name}: {}", picture.count(ALARM));
        }
    }
}

#[test]
fn injected_faults_are_on_the_footer_of_every_chart() {
    let mut run = folder(&Shape { measure_s: 3, ..Shape::default() });
    run.run.scenario.setup.inject =
        Some("delay=50ms/4,drop=10,duplicate=10,reorder=10,stall=500ms/5s".to_owned());
    for (name, picture) in drawn(&run) {
        assert!(picture.count(ALARM) > 300, "{name}: {}", picture.count(ALARM));
    }
}

#[test]
fn a_target_that_gathers_events_is_named_on_every_chart() {
    let mut run = folder(&Shape { measure_s: 3, ..Shape::default() });
    let before = drawn(&run);
    run.run.scenario.setup.coalesce = Some("tick".to_owned());
    for (name, picture) in drawn(&run) {
        assert!(picture.count(WHITE) < before[&name].count(WHITE), "{name}: more is written");
    }
}

#[test]
fn where_wire_bytes_are_known_the_event_is_a_smaller_part_of_its_bar() {
    let event_pixels = |run| drawn(&run)["bytes-per-event.png"].count(BLUE);
    let of_stream = event_pixels(folder(&Shape { measure_s: 3, transports: 5, ..Shape::default() }));
    let of_wire = event_pixels(troubles::wired());
    assert!(of_wire > 0 && of_wire * 10 < of_stream * 9, "{of_wire} of the wire, {of_stream} of the stream");
}

#[test]
fn zeros_and_extremes_do_not_break_a_chart() {
    assert_eq!(names(&drawn(&troubles::zeros())), ALWAYS);
    assert_eq!(drawn(&troubles::extreme()).len(), ALWAYS.len() + 1);
}

#[test]
fn absent_logs_leave_the_other_transports_as_they_were() {
    let whole = folder(&Shape { measure_s: 3, ..Shape::default() });
    let mut holed = whole.clone();
    holed.labels[2].delivery.clear();
    holed.labels[2].intervals.clear();
    let (whole, holed) = (drawn(&whole), drawn(&holed));
    for name in ["latency-percentiles.png", "latency-over-time.png", "sockets.png"] {
        let of = |color: Color| (whole[name].count(color), holed[name].count(color));
        let ((full, none), (before, after)) = (of(BLUE), of(ORANGE));
        assert!(full > 800 && none < 100, "{name}: {full} {none}");
        assert!(after * 10 > before * 9, "{name}: {before} {after}");
    }
}

#[test]
fn sockets_that_were_looked_at_only_once_are_seen() {
    let mut run = folder(&Shape { transports: 3, ..Shape::default() });
    let with_looks_at = |run: &mut RunFolder, looked: &[usize]| {
        for (row, interval) in run.labels[2].intervals.iter_mut().enumerate() {
            let Interval { step, round, t_s, .. } = *interval;
            *interval = Interval { step, round, t_s, phase: interval.phase.clone(), ..Interval::default() };
            if looked.contains(&row) {
                let established = SocketStates { established: step, ..SocketStates::default() };
                interval.set_sockets(&established, &established);
            }
        }
        drawn(run)["sockets.png"].count(BLUE)
    };
    let (never, once) = (with_looks_at(&mut run, &[]), with_looks_at(&mut run, &[9]));
    assert!(once > never + 50, "{never} {once}");
}

#[test]
fn words_in_an_empty_panel_leave_the_shade_of_the_warm_up_whole() {
    let mut run = folder(&Shape { transports: 2, ..Shape::default() });
    // The warm-up reaches beyond the middle of the panels.
    run.run.scenario.setup.warmup_s = 30.0;
    run.labels[1].intervals.clear();
    let pictures = drawn(&run);
    for name in ["latency-over-time.png", "sockets.png"] {
        let picture = &pictures[name];
        let mut shaded_rows = 0;
        // Between the heads of the panels and the labels of their axes.
        for y in 300..750 {
            let shaded: Vec<usize> = (900..1500).filter(|x| picture.at(*x, y) == SHADE).collect();
            if let [first, .., last] = shaded[..] {
                shaded_rows += 1;
                assert!((first..last).all(|x| picture.at(x, y) != WHITE), "{name}: a hole in row {y}");
            }
        }
        assert!(shaded_rows > 300, "{name}: {shaded_rows}");
    }
}

#[test]
fn charts_are_redrawn_in_place_and_alike() {
    let dir = tempfile::tempdir().unwrap();
    let run = folder(&Shape { transports: 1, measure_s: 3, steps: vec![50], ..Shape::default() });
    let read =
        |paths: &[std::path::PathBuf]| paths.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>();
    let first = read(&charts::draw_all(&run, dir.path()).unwrap());
    let second = read(&charts::draw_all(&run, dir.path()).unwrap());
    assert!(first == second);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().join("charts");
    fs::write(&taken, "a file").unwrap();
    let error = charts::draw_all(&troubles::bare(), &taken).unwrap_err();
    assert!(matches!(&error, ReportError::Write { path, .. } if *path == taken), "{error}");
}
