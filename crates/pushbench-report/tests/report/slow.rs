//! Slow readers in the table, and their chart in both of its forms.

use pushbench_measure::results::{Run, SlowRecord, StepResult};
use pushbench_report::RunFolder;
use pushbench_report::table::{Style, render};

use crate::charts::{BLUE, drawn};
use crate::synthetic::{Shape, folder};

/// The `BLUE` of the second part of a bar.
const PALE_BLUE: [u8; 3] = [97, 168, 207];

/// What a run of 1,000 clients with that many slow ones came to.
fn with_slow(result: &StepResult, slow: u32) -> StepResult {
    let mut result = result.clone();
    let row = &mut result.summary;
    row.point = Some(format!("slow.share={}%", slow / 10));
    row.slow_clients = Some(slow);
    row.slow_disconnects = Some(2);
    row.slow_skipped = Some(u64::from(slow) * 100);
    row.target_coalesced = Some(0);
    row.target_queued_peak_bytes = Some(u64::from(slow) * 65_536);
    if slow > 0 {
        row.slow_bytes_per_second = Some(10_239.5);
        row.slow_lost = Some(u64::from(slow) * 110);
        row.slow_errors = Some(3);
        row.slow_latency_p99_us = Some(4_300_000);
    }
    for us in [&mut row.latency_p50_us, &mut row.latency_p99_us] {
        *us = us.map(|us| us * u64::from(1000 + 2 * slow) / 1000);
    }
    result
}

fn shares(slow: &[u32]) -> RunFolder {
    let mut folder = folder(&Shape { measure_s: 3, ..Shape::default() });
    let all = folder.run.results.iter();
    folder.run.results = all.flat_map(|result| slow.iter().map(|slow| with_slow(result, *slow))).collect();
    folder
}

fn block(run: &Run) -> String {
    let text = render(run, Style { color: false, width: Some(120) });
    let lines = text.lines().skip_while(|line| !line.contains("what the target did"));
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_head_of_the_table_says_that_some_read_slowly() {
    let mut run = folder(&Shape { measure_s: 3, ..Shape::default() }).run;
    let said = |run: &Run| render(run, Style::default()).contains("read slowly");
    assert!(!said(&run));
    run.scenario.setup.slow = Some(SlowRecord { share: 0.1, reading: "4KiB/s".to_owned() });
    let text = render(&run, Style::default());
    let line = "10 % of the clients read slowly (4KiB/s): deliveries are those of the others";
    assert!(text.lines().any(|said| said == line), "{text}");
}

#[test]
fn the_table_has_a_block_of_slow_readers_where_there_are_some() {
    insta::assert_snapshot!(block(&shares(&[100]).run), @r"
                                              slow readers                       what the target did
    transport      count    read/s    lost     p99  errors  queued peak  cut off  skipped  coalesced
    short-polling    100  10.0 KiB  11,000  4.30 s       3     6.25 MiB        2   10,000          0
    long-polling     100  10.0 KiB  11,000  4.30 s       3     6.25 MiB        2   10,000          0
    sse              100  10.0 KiB  11,000  4.30 s       3     6.25 MiB        2   10,000          0
    websocket        100  10.0 KiB  11,000  4.30 s       3     6.25 MiB        2   10,000          0
    ");
    let none = folder(&Shape { measure_s: 3, ..Shape::default() });
    assert_eq!(block(&none.run), "");
}

#[test]
fn one_share_has_bars_of_both_kinds_and_several_have_lines() {
    let chart = |slow: &[u32]| drawn(&shares(slow)).remove("slow-readers.png");
    let bars = chart(&[100]).unwrap();
    assert!(bars.count(BLUE) > 1_000 && bars.count(PALE_BLUE) > 1_000, "{}", bars.count(PALE_BLUE));
    let lines = chart(&[0, 50, 100, 500]).unwrap();
    assert!(lines.count(BLUE) > 1_000, "{}", lines.count(BLUE));
    // Edges of letters may have that colour by chance.
    assert!(lines.count(PALE_BLUE) < 100, "slow readers are not drawn there");
    assert!(chart(&[0]).is_none(), "there is nobody to be drawn");
    assert!(drawn(&folder(&Shape { measure_s: 3, ..Shape::default() })).remove("slow-readers.png").is_none());
}
