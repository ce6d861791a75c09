//! Runs whose clients ask for answers in parts.

use pushbench_report::charts;
use pushbench_report::table::{Style, markdown, render};

use crate::charts::{ALWAYS, BLUE, drawn, names};
use crate::synthetic::streams::streams;

#[test]
fn answers_have_a_block_of_their_own_and_parts_are_what_costs_are_counted_by() {
    let run = streams().run;
    insta::assert_snapshot!(render(&run, Style { width: Some(160), ..Style::default() }), @r#"
    notifications: answers in parts to clients that ask, 2,000 parts/s of 256 B, measured for 30 s after 5 s of warm-up, over loopback

                                                                                             delivery latency
    transport      clients  delivered/expected  lost/dup/reord      p50      p90       p99     p99.9      max
    short-polling    1,000     150,000/150,000           0/0/0   501 ms   901 ms   ~991 ms   ~1.00 s   1.00 s
    long-polling     1,000     150,000/150,000           0/0/0  2.65 ms  5.34 ms  ~9.19 ms  ~13.8 ms  20.4 ms
    sse              1,000     150,000/150,000           0/0/0  1.51 ms  3.01 ms  ~5.23 ms  ~7.68 ms  15.1 ms
    websocket        1,000     150,000/150,000           0/0/0  1.26 ms  2.50 ms  ~4.32 ms  ~6.11 ms  11.6 ms

                            first part (TTFT)         gap (ITL)   per part (TPOT)     whole (E2E)                                   most
    transport      answers     p50        p99      p50      p99      p50      p99     p50     p99  stalls  cut short  late asks  at once
    short-polling    1,500  806 ms     1.35 s     0 µs   1.09 s  50.0 ms  50.9 ms  2.76 s  3.30 s       0          0          3      117
    long-polling     1,500  302 ms     476 ms  50.0 ms  63.0 ms  50.0 ms  50.9 ms  2.25 s  2.43 s       0          1          3      117
    sse              1,500  295 ms     481 ms  50.0 ms  62.8 ms  50.0 ms  50.9 ms  2.25 s  2.43 s       0          0          3      117
    websocket        1,500  302 ms     500 ms  50.0 ms  63.0 ms  50.0 ms  50.9 ms  2.25 s  2.45 s       0          0          3      117

                   stream B/part  requests  peak sockets  opened     CPU µs/part              KiB/client
    transport       down      up     /part  estab     tw      /s  target  worker  target  worker  kernel  verdict
    short-polling  342 B  57.6 B       0.2  1,000      0       0    9.20    11.7    4.98    3.22    7.52    valid
    long-polling   497 B   161 B      1.01  1,000      0       0    28.4    31.9    4.20    2.83    7.52    valid
    sse            279 B  16.5 B    0.0003  1,000      0       0    6.90    6.10    4.20    2.83    7.52    valid
    websocket      258 B  3.50 B    0.0003  1,000      0       0    6.20    5.80    6.74    5.08    7.52    valid

    ~ fewer than 10/(1−p) publishes stand behind it
    1 run, no intervals
    "#);
    let text = markdown(&run);
    assert!(text.contains("| first part (TTFT) p50 | first part (TTFT) p99 | gap (ITL) p50 |"), "{text}");
    assert!(text.contains("| stream B/part down |"), "{text}");
}

#[test]
fn answers_have_a_chart_which_other_runs_lack() {
    let pictures = drawn(&streams());
    let all: Vec<&str> = ALWAYS.into_iter().chain(["stream.png"]).collect();
    assert_eq!(names(&pictures), all);
    assert!(pictures["stream.png"].count(BLUE) > 800);
    let mut without = streams();
    for files in &mut without.labels {
        files.answers.clear();
    }
    assert!(drawn(&without)["stream.png"].count(BLUE) < 800, "no curve without data");
    let dir = tempfile::tempdir().expect("a temporary folder");
    without.run.scenario.setup.pattern = "topics".to_owned();
    let drawn = charts::draw_all(&without, dir.path()).expect("the run can be drawn");
    assert_eq!(drawn.len(), ALWAYS.len());
}
