//! The table, word by word.

use pushbench_measure::results::{LifeRecord, Run, Status, ThresholdResult};
use pushbench_measure::statistics::Steadiness;
use pushbench_measure::verdict::{BOUNDS, Condition, Finding, Lateness, Level, Observed, judge};
use pushbench_report::table::{Style, markdown, render};

use crate::synthetic::{Shape, folder};

fn run() -> Run {
    folder(&Shape::default()).run
}

fn plain(run: &Run) -> String {
    render(run, Style::default())
}

#[test]
fn a_valid_run() {
    insta::assert_snapshot!(plain(&run()), @r"
    notifications: broadcast, 5 events/s of 256 B, measured for 30 s after 5 s of warm-up, over loopback

                                                                                             delivery latency     age
    transport      clients  delivered/expected  lost/dup/reord      p50      p90       p99     p99.9      max    mean
    short-polling    1,000     150,000/150,000           0/0/0   501 ms   901 ms   ~991 ms   ~1.00 s   1.00 s  601 ms
    long-polling     1,000     150,000/150,000           0/0/0  2.65 ms  5.34 ms  ~9.19 ms  ~13.8 ms  20.4 ms  103 ms
    sse              1,000     150,000/150,000           0/0/0  1.51 ms  3.01 ms  ~5.23 ms  ~7.68 ms  15.1 ms  102 ms
    websocket        1,000     150,000/150,000           0/0/0  1.26 ms  2.50 ms  ~4.32 ms  ~6.11 ms  11.6 ms  101 ms

                   stream B/event  requests  peak sockets  opened    CPU µs/event              KiB/client
    transport       down       up    /event  estab     tw      /s  target  worker  target  worker  kernel  verdict
    short-polling  342 B   57.6 B       0.2  1,000      0       0    9.20    11.7    4.98    3.22    7.52    valid
    long-polling   497 B    161 B      1.01  1,000      0       0    28.4    31.9    4.20    2.83    7.52    valid
    sse            279 B   16.5 B    0.0003  1,000      0       0    6.90    6.10    4.20    2.83    7.52    valid
    websocket      258 B   3.50 B    0.0003  1,000      0       0    6.20    5.80    6.74    5.08    7.52    valid

    ~ fewer than 10/(1−p) publishes stand behind it
    1 run, no intervals
    ");
}

#[test]
fn a_network_other_than_loopback_is_named_with_its_mtu() {
    let mut run = run();
    (run.scenario.setup.network, run.scenario.setup.mtu_bytes) = ("veth".to_owned(), 1500);
    let text = plain(&run);
    assert!(text.lines().next().unwrap().ends_with(" s of warm-up, over veth, MTU 1500"), "{text}");
}

#[test]
fn a_loss_stands_in_the_first_line() {
    let mut run = run();
    let summary = &mut run.results[2].summary;
    (summary.lost, summary.expected, summary.delivered) = (Some(12), Some(4_000), Some(3_988));
    (summary.duplicated, summary.verdict) = (Some(3), "warning".to_owned());
    run.results[3].summary.lost = Some(1);
    let text = plain(&run);
    insta::assert_snapshot!(text.lines().next().unwrap(), @"LOST EVENTS: sse 12 of 4,000, websocket 1 of 150,000");
    let row = text.lines().find(|line| line.starts_with("sse")).unwrap();
    insta::assert_snapshot!(row, @"sse              1,000         3,988/4,000          12/3/0  1.51 ms  3.01 ms  ~5.23 ms  ~7.68 ms  15.1 ms  102 ms");
}

#[test]
fn a_target_that_gathers_events_is_named_with_what_came_of_it() {
    let mut run = run();
    assert!(!plain(&run).contains("coalesced"));
    run.scenario.setup.coalesce = Some("2ms".to_owned());
    run.results.truncate(2);
    for result in &mut run.results {
        (result.summary.events_per_read, result.summary.gap_p50_us) = (Some(1.74), Some(2800));
    }
    run.results[1].summary.gap_p50_us = None;
    let line = "coalesced by the target (2ms): short-polling 1.74 events a read, gap p50 2.80 ms";
    assert!(plain(&run).lines().any(|said| said == line), "{}", plain(&run));
    run.results[0].summary.events_per_read = None;
    assert!(plain(&run).lines().any(|said| said == "coalesced by the target (2ms)"), "{}", plain(&run));
}

#[test]
fn what_happened_to_connections_is_told_with_what_became_of_them() {
    let mut run = run();
    run.results.truncate(2);
    run.scenario.setup.life = Some(LifeRecord {
        storm_at_s: Some(10.0),
        storm_share: Some(0.5),
        resume: true,
        ..LifeRecord::default()
    });
    let row = &mut run.results[0].summary;
    (row.dropped, row.back, row.missed, row.caught_up) = (Some(500), Some(498), Some(0), Some(12_345));
    (row.back_p50_us, row.back_p95_us) = (Some(1_200_000), Some(2_900_000));
    (row.accepts_per_second_peak, row.catch_up_p50_us) = (Some(480), Some(900_000));
    let text = plain(&run);
    let told: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("storm")).take(2).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    storm at 10 s: 50 % of the connections dropped; resume on
      short-polling: 500 dropped, back after 1.20 s (half), 2.90 s (95 %), 2 not back; at most 480 accepts/s; 0 events missed, 12,345 caught up p50 900 ms
    ");
    run.scenario.setup.life = None;
    assert!(!plain(&run).contains("dropped"));
}

#[test]
fn injected_faults_are_named_before_anything_but_a_loss() {
    let mut run = run();
    run.scenario.setup.inject = Some("delay=50ms,drop=10".to_owned());
    run.results[0].summary.lost = Some(1);
    let text = plain(&run);
    let lines: Vec<&str> = text.lines().take(2).collect();
    assert_eq!(lines, ["LOST EVENTS: short-polling 1 of 150,000", "faults injected: delay=50ms,drop=10"]);
    assert!(markdown(&run).contains("faults injected: delay=50ms,drop=10"));
    run.scenario.setup.inject = None;
    assert!(!plain(&run).contains("injected"));
}

#[test]
fn an_invalid_run_says_why_and_which_thresholds_were_missed() {
    let mut run = run();
    for invalid in [0, 2, 3] {
        run.results[invalid].summary.verdict = "invalid".to_owned();
    }
    run.results[3].summary.connected = Some(990);
    let finding = |level, condition, value, text: &str| {
        let bound = BOUNDS.iter().find(|bound| bound.condition == condition).unwrap();
        Finding::new(bound, level, value, text.to_owned(), None)
    };
    run.results[3].findings = vec![
        finding(Level::Ok, Condition::WorkerTimer, 61.0, "timers fired 61 µs late at p99"),
        finding(
            Level::Warning,
            Condition::TargetBusy,
            0.84,
            "a target thread was busy 84 % of the time (bound 80 %)",
        ),
        finding(Level::Breach, Condition::NeverConnected, 10.0, "10 clients never connected (bound 0)"),
    ];
    let threshold = |figure: &str, condition: &str, measured, met| ThresholdResult {
        figure: figure.to_owned(),
        condition: condition.to_owned(),
        measured,
        met,
    };
    run.results[0].thresholds = vec![threshold("latency_p99", "< 250ms", Some(989_000.0), false)];
    run.results[2].thresholds = vec![
        threshold("latency_p99", "< 250ms", Some(5_060.0), true),
        threshold("wire_down_bytes_per_event", "< 1KiB", None, false),
        threshold("lost", "== 0", Some(0.0), true),
    ];
    insta::assert_snapshot!(plain(&run), @r"
    INVALID, not to be compared: websocket (10 clients never connected (bound 0)) · MISSED THRESHOLDS: short-polling, sse
    notifications: broadcast, 5 events/s of 256 B, measured for 30 s after 5 s of warm-up, over loopback

                                                                                               delivery latency     age
    transport        clients  delivered/expected  lost/dup/reord      p50      p90       p99     p99.9      max    mean
    short-polling      1,000     150,000/150,000           0/0/0   501 ms   901 ms   ~991 ms   ~1.00 s   1.00 s  601 ms
    long-polling       1,000     150,000/150,000           0/0/0  2.65 ms  5.34 ms  ~9.19 ms  ~13.8 ms  20.4 ms  103 ms
    sse                1,000     150,000/150,000           0/0/0  1.51 ms  3.01 ms  ~5.23 ms  ~7.68 ms  15.1 ms  102 ms
    websocket !    990/1,000     150,000/150,000           0/0/0  1.26 ms  2.50 ms  ~4.32 ms  ~6.11 ms  11.6 ms  101 ms

                   stream B/event  requests  peak sockets  opened    CPU µs/event              KiB/client
    transport       down       up    /event  estab     tw      /s  target  worker  target  worker  kernel  verdict
    short-polling  342 B   57.6 B       0.2  1,000      0       0    9.20    11.7    4.98    3.22    7.52   missed
    long-polling   497 B    161 B      1.01  1,000      0       0    28.4    31.9    4.20    2.83    7.52    valid
    sse            279 B   16.5 B    0.0003  1,000      0       0    6.90    6.10    4.20    2.83    7.52   missed
    websocket !    258 B   3.50 B    0.0003  1,000      0       0    6.20    5.80    6.74    5.08    7.52  invalid

    check (warning* / breach! above)       short-polling  long-polling  sse  websocket
    busiest target (80 % / –)                          –             –    –     84 % *
    worker timers late p99 (2 ms / 20 ms)              –             –    –      61 µs
    clients never connected (0 / 0)                    –             –    –       10 !

    ! websocket is invalid: 10 clients never connected (bound 0)
    websocket, warning: a target thread was busy 84 % of the time (bound 80 %)
    ! short-polling, threshold missed: latency_p99 < 250ms, measured 989 ms
    ! sse, threshold missed: wire_down_bytes_per_event < 1KiB, not measured
    threshold met: latency_p99 < 250ms (sse 5.06 ms)
    threshold met: lost == 0 (sse 0)
    ~ fewer than 10/(1−p) publishes stand behind it
    1 run, no intervals
    ");
}

#[test]
fn percentiles_without_enough_behind_them_are_withheld_or_marked() {
    let mut run = folder(&Shape { transports: 1, measure_s: 3, steps: vec![50], ..Shape::default() }).run;
    run.results[0].summary.age_mean_us = None;
    run.results[0].summary.kernel_bytes_per_client = None;
    insta::assert_snapshot!(plain(&run), @r"
    notifications: broadcast, 5 events/s of 256 B, measured for 3 s after 3 s of warm-up, over loopback

                                                                                    delivery latency   age
    transport      clients  delivered/expected  lost/dup/reord      p50      p90  p99  p99.9     max  mean
    short-polling       50             750/750           0/0/0  ~495 ms  ~907 ms    –      –  1.00 s     –

                   stream B/event  requests  peak sockets  opened    CPU µs/event              KiB/client
    transport       down       up    /event  estab     tw      /s  target  worker  target  worker  kernel  verdict
    short-polling  342 B   57.6 B       0.2     50      0       0    9.20    11.7    4.98    3.22       –    valid

    – not measured, or fewer than 10/(1−p) deliveries stand behind it
    ~ fewer than 10/(1−p) publishes stand behind it
    1 run, no intervals
    ");
}

#[test]
fn a_partial_run_says_so_and_shows_what_is_there() {
    let mut run = folder(&Shape { transports: 2, ..Shape::default() }).run;
    (run.status, run.reason) = (Status::Partial, Some("interrupted".to_owned()));
    run.results.truncate(1);
    run.results[0].complete = false;
    run.results[0].rounds[0].complete = false;
    run.results[0].summary.verdict = "partial".to_owned();
    run.results[0].summary.connected = None;
    run.results[0].summary.delivered = None;
    insta::assert_snapshot!(plain(&run), @r"
    PARTIAL RUN: interrupted
    notifications: broadcast, 5 events/s of 256 B, planned: 30 s after 5 s of warm-up, over loopback

                                                                                        delivery latency     age
    transport      clients  delivered/expected  lost/dup/reord     p50     p90      p99    p99.9     max    mean
    short-polling    1,000           –/150,000           0/0/0  501 ms  901 ms  ~991 ms  ~1.00 s  1.00 s  601 ms

                   stream B/event  requests  peak sockets  opened    CPU µs/event              KiB/client
    transport       down       up    /event  estab     tw      /s  target  worker  target  worker  kernel  verdict
    short-polling  342 B   57.6 B       0.2  1,000      0       0    9.20    11.7    4.98    3.22    7.52  partial

    short-polling was cut short; its figures are of the time until then
    ~ fewer than 10/(1−p) publishes stand behind it
    1 run, no intervals
    ");
    run.results.clear();
    assert!(plain(&run).contains("PARTIAL RUN: interrupted"));
}

#[test]
fn several_steps_make_several_rows_and_wire_bytes_are_preferred() {
    let mut run =
        folder(&Shape { transports: 2, steps: vec![100, 1000], measure_s: 3, ..Shape::default() }).run;
    run.results.reverse();
    for result in &mut run.results {
        result.summary.wire_down_bytes_per_event = Some(612.0);
        result.summary.wire_up_bytes_per_event = Some(104.0);
    }
    insta::assert_snapshot!(plain(&run), @r"
    notifications: broadcast, 5 events/s of 256 B, measured for 3 s after 3 s of warm-up, over loopback

                                                                                               delivery latency     age
    transport      clients  delivered/expected  lost/dup/reord       p50       p90       p99     p99.9      max    mean
    short-polling      100         1,500/1,500           0/0/0   ~505 ms   ~894 ms   ~991 ms         –   997 ms  601 ms
    short-polling    1,000       15,000/15,000           0/0/0   ~505 ms   ~899 ms   ~990 ms   ~1.00 s   1.00 s  602 ms
    long-polling       100         1,500/1,500           0/0/0   ~313 µs   ~582 µs  ~1.00 ms         –  2.26 ms  100 ms
    long-polling     1,000       15,000/15,000           0/0/0  ~2.67 ms  ~5.33 ms  ~9.05 ms  ~13.0 ms  20.4 ms  103 ms

                            wire B/event  requests  peak sockets  opened    CPU µs/event              KiB/client
    transport      clients   down     up    /event  estab     tw      /s  target  worker  target  worker  kernel  verdict
    short-polling      100  612 B  104 B       0.2    100      0       0    9.20    11.7    4.98    3.22    7.52    valid
    short-polling    1,000  612 B  104 B       0.2  1,000      0       0    9.20    11.7    4.98    3.22    7.52    valid
    long-polling       100  612 B  104 B      1.01    100      0       0    28.4    31.9    4.20    2.83    7.52    valid
    long-polling     1,000  612 B  104 B      1.01  1,000      0       0    28.4    31.9    4.20    2.83    7.52    valid

    – not measured, or fewer than 10/(1−p) deliveries stand behind it
    ~ fewer than 10/(1−p) publishes stand behind it
    1 run, no intervals
    ");
}

#[test]
fn a_narrow_terminal_gets_more_blocks_and_no_longer_lines() {
    let run = run();
    for width in [80u16, 100, 120, 200] {
        let text = render(&run, Style { color: false, width: Some(width) });
        let table: Vec<&str> = text.lines().skip(2).take_while(|line| !line.starts_with('~')).collect();
        let longest = table.iter().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= usize::from(width), "{longest} > {width}:\n{text}");
        assert_eq!(text.matches("\nwebsocket").count(), if width < 110 { 4 } else { 2 }, "{text}");
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let mut run = run();
    run.results[1].summary.lost = Some(1);
    let colored = render(&run, Style { color: true, width: None });
    assert!(colored.contains("\x1b[1;31mLOST EVENTS"), "{colored}");
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        stripped.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain(&run));
}

#[test]
fn markdown_has_the_same_rows() {
    insta::assert_snapshot!(markdown(&run()), @r"
    notifications: broadcast, 5 events/s of 256 B, measured for 30 s after 5 s of warm-up, over loopback

    | transport | clients | delivered/expected | lost/dup/reord | delivery latency p50 | delivery latency p90 | delivery latency p99 | delivery latency p99.9 | delivery latency max | age mean |
    | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
    | short-polling | 1,000 | 150,000/150,000 | 0/0/0 | 501 ms | 901 ms | ~991 ms | ~1.00 s | 1.00 s | 601 ms |
    | long-polling | 1,000 | 150,000/150,000 | 0/0/0 | 2.65 ms | 5.34 ms | ~9.19 ms | ~13.8 ms | 20.4 ms | 103 ms |
    | sse | 1,000 | 150,000/150,000 | 0/0/0 | 1.51 ms | 3.01 ms | ~5.23 ms | ~7.68 ms | 15.1 ms | 102 ms |
    | websocket | 1,000 | 150,000/150,000 | 0/0/0 | 1.26 ms | 2.50 ms | ~4.32 ms | ~6.11 ms | 11.6 ms | 101 ms |

    | transport | stream B/event down | stream B/event up | requests/event | peak sockets estab | peak sockets tw | opened/s | CPU µs/event target | CPU µs/event worker | KiB/client target | KiB/client worker | KiB/client kernel | verdict |
    | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
    | short-polling | 342 B | 57.6 B | 0.2 | 1,000 | 0 | 0 | 9.20 | 11.7 | 4.98 | 3.22 | 7.52 | valid |
    | long-polling | 497 B | 161 B | 1.01 | 1,000 | 0 | 0 | 28.4 | 31.9 | 4.20 | 2.83 | 7.52 | valid |
    | sse | 279 B | 16.5 B | 0.0003 | 1,000 | 0 | 0 | 6.90 | 6.10 | 4.20 | 2.83 | 7.52 | valid |
    | websocket | 258 B | 3.50 B | 0.0003 | 1,000 | 0 | 0 | 6.20 | 5.80 | 6.74 | 5.08 | 7.52 | valid |

    * ~ fewer than 10/(1−p) publishes stand behind it
    * 1 run, no intervals
    ");
}

#[test]
fn figures_of_several_rounds_have_their_intervals() {
    let mut run = folder(&Shape { rounds: 5, transports: 3, ..Shape::default() }).run;
    let threshold = |figure: &str, measured, met| ThresholdResult {
        figure: figure.to_owned(),
        condition: "< 9ms".to_owned(),
        measured,
        met,
    };
    run.results[1].thresholds = vec![threshold("latency_p99", Some(9_800.0), false)];
    run.results[2].thresholds = vec![threshold("latency_p99", Some(5_300.0), true)];
    insta::assert_snapshot!(plain(&run), @r"
    MISSED THRESHOLDS: long-polling
    notifications: broadcast, 5 events/s of 256 B, measured for 30 s after 5 s of warm-up, over loopback

    transport      clients  delivered/expected  lost/dup/reord
    short-polling    1,000     750,000/750,000           0/0/0
    long-polling     1,000     750,000/750,000           0/0/0
    sse              1,000     750,000/750,000           0/0/0

                                                                    delivery latency           age
    transport               p50           p90            p99          p99.9      max          mean
    short-polling  502 ms ±0.3%  902 ms ±0.1%  ~991 ms ±0.1%  ~1.00 s ±0.1%   1.00 s  601 ms ±0.1%
    long-polling   2.61 ms ±15%  5.31 ms ±15%  ~9.26 ms ±15%  ~13.7 ms ±15%  25.5 ms  103 ms ±0.4%
    sse            1.42 ms ±12%  2.85 ms ±11%  ~4.95 ms ±11%  ~7.29 ms ±11%  17.3 ms  102 ms ±0.2%

                              stream B/event    requests  peak sockets  opened
    transport             down            up      /event  estab     tw      /s
    short-polling  342 B ±0.5%  57.6 B ±2.1%     0.2 ±0%  1,000      0       0
    long-polling   497 B ±1.6%   161 B ±3.2%    1.01 ±0%  1,000      0       0
    sse            279 B ±0.2%  16.5 B ±2.1%  0.0003 ±0%  1,000      0       0

                             CPU µs/event                          KiB/client
    transport          target      worker      target      worker      kernel  verdict
    short-polling  9.20 ±7.3%  11.7 ±5.9%  4.98 ±5.0%  3.22 ±4.2%  7.52 ±2.5%    valid
    long-polling   28.4 ±6.2%  31.9 ±9.1%  4.20 ±4.6%  2.83 ±3.5%  7.52 ±2.0%   missed
    sse            6.90 ±9.1%  6.10 ±7.8%  4.20 ±2.3%  2.83 ±5.4%  7.52 ±5.8%    valid

    ! long-polling, threshold missed: latency_p99 < 9ms, measured 9.80 ms [8.05 ms, 10.7 ms]
    threshold met: latency_p99 < 9ms (sse 5.30 ms [4.45 ms, 5.51 ms])
    ~ fewer than 10/(1−p) publishes stand behind it
    5 rounds, pooled; ± farther end of the 95 % interval over rounds, in percent of the figure (both ends: summary.csv)
    ");
}

#[test]
fn rounds_that_are_missing_are_said_to_be() {
    let mut run = folder(&Shape { rounds: 3, transports: 2, measure_s: 3, ..Shape::default() }).run;
    (run.status, run.reason) = (Status::Partial, Some("interrupted".to_owned()));
    run.results[1].complete = false;
    run.results[1].rounds[2].complete = false;
    let text = plain(&run);
    assert!(text.contains("long-polling has 2 of 3 rounds; its figures are of these\n"), "{text}");
    assert!(text.contains("planned: 3 rounds, pooled; "), "{text}");
}

#[test]
fn what_was_checked_stands_below_with_its_bounds() {
    let mut run = run();
    for (at, result) in run.results.iter_mut().enumerate() {
        let nth = at as f64;
        result.findings = judge(&Observed {
            slip: Some(Lateness { p99_us: 120.0 + 3_000.0 * nth, sure_us: 120.0 }),
            event_interval_us: Some(2e5),
            worker_busy: Some(0.06 + 0.25 * nth),
            target_busy: Some(0.31),
            // One moment of few is late.
            worker_timer: (at > 0)
                .then_some(Lateness { p99_us: if at == 3 { 25_000.0 } else { 95.0 }, sure_us: 95.0 }),
            host_steal: Some(0.004),
            lost: at as u64 / 3,
            listen_overflows: Some(0),
            steadiness: Some(Steadiness::Steady),
            ..Observed::default()
        });
    }
    let checked =
        |text: &str| text[text.find("check (").unwrap()..text.find("\nlong-polling, ").unwrap()].to_owned();
    insta::assert_snapshot!(checked(&plain(&run)), @r"
    check (warning* / breach! above)       short-polling  long-polling        sse  websocket
    publish slip p99 (2 ms / 10 ms)               120 µs     3.12 ms *  6.12 ms *  9.12 ms *
    busiest worker (80 % / 95 %)                     6 %          31 %       56 %     81 % *
    busiest target (80 % / –)                       31 %          31 %       31 %       31 %
    worker timers late p99 (2 ms / 20 ms)              –         95 µs      95 µs   ~25 ms *
    CPU time stolen (2 % / 20 %)                   0.4 %         0.4 %      0.4 %      0.4 %
    events lost (0 / –)                                0             0          0        1 *
    median moved by (20 % / –)                       0 %           0 %        0 %        0 %
    checked and 0 everywhere: clients never connected, publishes skipped, listen overflows, limits reached
    ");
    let text = markdown(&run);
    insta::assert_snapshot!(text[text.find("| check (").unwrap()..text.find("* long-polling, ").unwrap()], @r"
    | check (warning* / breach! above) | short-polling | long-polling | sse | websocket |
    | --- | ---: | ---: | ---: | ---: |
    | publish slip p99 (2 ms / 10 ms) | 120 µs | 3.12 ms * | 6.12 ms * | 9.12 ms * |
    | busiest worker (80 % / 95 %) | 6 % | 31 % | 56 % | 81 % * |
    | busiest target (80 % / –) | 31 % | 31 % | 31 % | 31 % |
    | worker timers late p99 (2 ms / 20 ms) | – | 95 µs | 95 µs | ~25 ms * |
    | CPU time stolen (2 % / 20 %) | 0.4 % | 0.4 % | 0.4 % | 0.4 % |
    | events lost (0 / –) | 0 | 0 | 0 | 1 * |
    | median moved by (20 % / –) | 0 % | 0 % | 0 % | 0 % |

    * checked and 0 everywhere: clients never connected, publishes skipped, listen overflows, limits reached
    ");
}
