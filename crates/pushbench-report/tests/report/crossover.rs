//! Which transport is cheapest where, in words and pictures.

use pushbench_measure::results::Confidence;
use pushbench_measure::verdict::Level;
use pushbench_report::crossover::{Answer, Map};
use pushbench_report::table::{Style, markdown, render};
use pushbench_report::{RunFolder, charts};

use crate::charts::{ALARM, SHADE, drawn};
use crate::synthetic::swept::{COST, patchy, swept};

fn answers(folder: &RunFolder) -> Vec<String> {
    let map = Map::of(&folder.run);
    let words = map.iter().flat_map(|map| &map.cells).map(|cell| {
        let cheapest: Vec<&str> = cell.cheapest().map(|ranked| ranked.label).collect();
        let doubt = if cell.invalid.is_empty() { "" } else { " !" };
        let unknown: Vec<String> = cell.unknown.iter().map(|label| format!(" ?{label}")).collect();
        let unknown = unknown.concat();
        match cell.answer {
            Answer::Ranked(_) => format!("{}{doubt}{unknown}", cheapest.join(" ≈ ")),
            Answer::NoneMeets => format!("none meets{doubt}{unknown}"),
            Answer::NoneMeasured => format!("none measured{doubt}{unknown}"),
            Answer::NoneValid => "none valid".to_owned(),
            Answer::NotMeasured => "not measured".to_owned(),
        }
    });
    words.collect()
}

#[test]
fn the_cheapest_is_found_cell_by_cell_and_a_tie_is_one() {
    let folder = swept(&[0.2, 20.0], &[100, 1_000], 1);
    assert_eq!(answers(&folder), ["sse", "sse", "short-polling", "short-polling"]);
    // 5.6 and 5.8 µs.
    assert_eq!(answers(&swept(&[1.0], &[100], 1)), ["sse ≈ websocket"]);
    let map = Map::of(&folder.run).unwrap();
    assert_eq!(map.cell(1, 0).unwrap().next().unwrap().label, "websocket");
    assert_eq!((map.cell(2, 0), map.cell(0, 2)), (None, None));
}

#[test]
fn intervals_that_overlap_are_a_tie() {
    let mut folder = swept(&[0.2], &[100], 3);
    // 2.08 and 2.36 µs: 13 % apart, and both within 8 %.
    assert_eq!(answers(&folder), ["sse ≈ websocket"]);
    let result = &mut folder.run.results[3];
    result.intervals.insert(COST.to_owned(), Confidence { lo: 2.3, hi: 2.4 });
    assert_eq!(answers(&folder), ["sse"]);
}

#[test]
fn what_is_not_valid_or_too_slow_is_never_ranked() {
    let folder = patchy();
    let words = answers(&folder);
    // Column by column of the rate, clients rising.
    assert_eq!(words[12..], ["not measured", "none meets", "none valid"]);
    assert!(words[7].ends_with(" ?websocket") && words[10].starts_with("none measured ?"), "{words:?}");
    assert!(words[11].ends_with(" !") && words[8].ends_with(" !"), "{words:?}");
    for cell in &Map::of(&folder.run).unwrap().cells {
        for label in &cell.invalid {
            assert!(cell.cheapest().all(|ranked| ranked.label != *label));
        }
    }
    let cut =
        |folder: &mut RunFolder| folder.run.results.iter_mut().for_each(|result| result.complete = false);
    let mut partial = swept(&[1.0], &[100], 1);
    cut(&mut partial);
    assert_eq!(answers(&partial), ["none valid"]);
    assert_eq!(folder.run.results.iter().filter(|result| result.validity() == Level::Breach).count(), 9);
}

#[test]
fn those_without_the_figure_are_not_known_rather_than_too_slow() {
    let mut folder = swept(&[0.2, 20.0], &[100], 1);
    let results = &mut folder.run.results;
    results[2].summary.target_cpu_us_per_client_second = None;
    results[4..].iter_mut().for_each(|result| result.summary.target_cpu_us_per_client_second = None);
    results[7].thresholds[0].met = false;
    assert_eq!(
        answers(&folder),
        ["websocket ?sse", "none measured ?short-polling ?long-polling ?sse"],
        "one that misses a threshold is known to"
    );
    let text = render(&folder.run, Style { color: false, width: Some(140) });
    assert!(text.contains("websocket 2.36 µs ? sse") && text.contains(" none measured"), "{text}");
    let grey = |folder: &RunFolder| drawn(folder).remove("crossover.png").expect("a map").count(SHADE);
    let not_measured = grey(&folder);
    folder.run.results[4..].iter_mut().for_each(|result| result.thresholds[0].met = false);
    assert_eq!(answers(&folder), ["websocket ?sse", "none meets"]);
    let none_meets = grey(&folder);
    assert!(none_meets > not_measured + 100_000, "{none_meets} and {not_measured} grey pixels");
}

#[test]
fn the_table_groups_rows_by_point_and_has_the_map() {
    let text = render(&patchy().run, Style { color: false, width: Some(140) });
    for said in [
        "clients.count \\ events.rate",
        "cheapest by target_cpu_us_per_client_second of those",
        "none meets them",
        "none valid !",
        "INVALID, not to be compared: 9 of 56 rows, marked !",
        "! sse at events.rate=20/s clients.count=10000 is invalid: busiest worker 99 % busy",
        "threshold met: latency_p99 < 1500ms (52 of 56 rows)",
    ] {
        assert!(text.contains(said), "no `{said}` in {text}");
    }
    let named = text.lines().filter(|line| line.starts_with("events.rate=0.2/s clients.count=100 ")).count();
    let blocks = text.lines().filter(|line| line.starts_with("point ")).count();
    assert!(named == blocks && blocks > 1, "once in each block: {text}");
    assert!(!text.contains("MISSED"), "a sweep looks for where a threshold is missed: {text}");
    assert!(markdown(&patchy().run).contains("| clients.count \\ events.rate | 0.2/s | 1/s |"));
}

#[test]
fn a_point_is_a_run_of_its_own() {
    let folder = swept(&[0.2, 20.0], &[100, 1_000], 1);
    let point = folder.point(2).unwrap();
    assert_eq!(point.run.results.len(), 4);
    assert!(point.run.scenario.points.is_empty() && point.run.scenario.sweep.is_none());
    assert_eq!(point.run.scenario.setup.steps, [1_000]);
    assert!(point.result("sse", 1_000).is_some());
    for (_, files) in point.transports() {
        assert!(files.delivery_of(1_000).is_some());
        assert!(files.intervals_of(1_000, 1).count() > 0);
    }
    assert_eq!((folder.point(0), folder.point(5)), (None, None));
    assert_eq!(folder.numbers_of("clients.count=100"), [1, 3]);
    assert_eq!(folder.numbers_of("events.rate=20/s clients.count=1000"), [4]);
    assert_eq!((folder.numbers_of("4"), folder.numbers_of("5")), (vec![4], vec![]));
}

#[test]
fn a_sweep_has_its_chart_and_cases_have_theirs() {
    let out = tempfile::tempdir().unwrap();
    let names = |folder: &RunFolder| -> Vec<String> {
        let drawn = charts::draw_all(folder, out.path()).unwrap();
        drawn.iter().map(|path| path.strip_prefix(out.path()).unwrap().display().to_string()).collect()
    };
    assert_eq!(names(&patchy()), ["crossover.png"]);
    let line = swept(&[0.2, 5.0], &[], 3);
    assert_eq!(names(&line), ["sweep.png"]);
    assert!(charts::left_out(&line).is_some());
    let mut cases = swept(&[5.0], &[], 1);
    cases.run.scenario.sweep = None;
    assert!(charts::left_out(&cases).is_none());
    assert!(names(&cases).contains(&"1-events.rate-5-s/cost.png".to_owned()));
}

#[test]
fn faults_and_gathered_events_of_some_cells_are_named_below_the_map() {
    let mut folder = swept(&[0.2, 20.0], &[100, 1_000], 1);
    let footer = |folder: &RunFolder| {
        let map = drawn(folder).remove("crossover.png").expect("a map");
        (map.count(ALARM), map.count([255; 3]))
    };
    let (alarm, blank) = footer(&folder);
    assert_eq!(alarm, 0);
    folder.run.scenario.points[3].setup.coalesce = Some("2ms".to_owned());
    let (alarm, less) = footer(&folder);
    assert!(alarm == 0 && less < blank, "{less} of {blank} pixels are blank");
    folder.run.scenario.points[3].setup.inject = Some("drop=10".to_owned());
    assert!(footer(&folder).0 > 100);
}
