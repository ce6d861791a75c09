//! Runs whose points differ in what clients do, and in what is done to them on purpose.

use pushbench_measure::interval_log::Mark;
use pushbench_measure::results::{LifeRecord, PointRecord, Run};
use pushbench_report::table::{Style, markdown, render};
use pushbench_report::{RunFolder, charts};

use crate::synthetic::streams::streams;
use crate::synthetic::{Shape, folder};

/// Broadcast, then streams, then a chat: two transports each.
fn cases() -> RunFolder {
    let mut all = folder(&Shape { transports: 2, ..Shape::default() });
    let (plain, mut asked) = (all.run.results.clone(), streams());
    asked.run.results.truncate(2);
    let mut talked = plain.clone();
    for result in &mut talked {
        let row = &mut result.summary;
        (row.publishes, row.echo_p50_us, row.echo_p99_us) = (Some(3_000), Some(510), Some(900));
        (row.messages_late, row.reordered) = (Some(0), Some(0));
    }
    let cases = [("plain", plain), ("stream", asked.run.results.clone()), ("chat", talked)];
    let setup = all.run.scenario.setup.clone();
    all.run.results.clear();
    for (name, results) in cases {
        let mut point = PointRecord {
            name: name.to_owned(),
            setup: setup.clone(),
            transports: all.run.transports.clone(),
            ..PointRecord::default()
        };
        match name {
            "stream" => name.clone_into(&mut point.setup.pattern),
            "chat" => (point.setup.pattern, point.setup.members) = (name.to_owned(), Some(50)),
            _ => {}
        }
        all.run.scenario.points.push(point);
        for mut result in results {
            result.summary.point = Some(name.to_owned());
            all.run.results.push(result);
        }
    }
    for (files, asked) in all.labels.iter_mut().zip(&asked.labels) {
        let at = |mark: Mark| Mark { point: Some(2), ..mark };
        files.answers =
            asked.answers.iter().map(|((figure, mark), sum)| ((*figure, at(*mark)), sum.clone())).collect();
    }
    all
}

fn wide(run: &Run) -> String {
    render(run, Style { color: false, width: Some(160) })
}

#[test]
fn a_block_has_the_rows_that_have_such_figures() {
    let text = wide(&cases().run);
    let blocks: Vec<&str> = text.split("\n\n").filter(|block| block.contains("transport ")).collect();
    insta::assert_snapshot!(blocks.join("\n\n"), @r"
                                                                                                     delivery latency     age
    point       transport  clients  delivered/expected  lost/dup/reord      p50      p90       p99     p99.9      max    mean
    plain   short-polling    1,000     150,000/150,000           0/0/0   501 ms   901 ms   ~991 ms   ~1.00 s   1.00 s  601 ms
             long-polling    1,000     150,000/150,000           0/0/0  2.65 ms  5.34 ms  ~9.19 ms  ~13.8 ms  20.4 ms  103 ms
    stream  short-polling    1,000     150,000/150,000           0/0/0   501 ms   901 ms   ~991 ms   ~1.00 s   1.00 s       –
             long-polling    1,000     150,000/150,000           0/0/0  2.65 ms  5.34 ms  ~9.19 ms  ~13.8 ms  20.4 ms       –
    chat    short-polling    1,000     150,000/150,000           0/0/0   501 ms   901 ms    991 ms   ~1.00 s   1.00 s  601 ms
             long-polling    1,000     150,000/150,000           0/0/0  2.65 ms  5.34 ms   9.19 ms  ~13.8 ms  20.4 ms  103 ms

                                    first part (TTFT)         gap (ITL)   per part (TPOT)     whole (E2E)                                   most
    point       transport  answers     p50        p99      p50      p99      p50      p99     p50     p99  stalls  cut short  late asks  at once
    stream  short-polling    1,500  806 ms     1.35 s     0 µs   1.09 s  50.0 ms  50.9 ms  2.76 s  3.30 s       0          0          3      117
             long-polling    1,500  302 ms     476 ms  50.0 ms  63.0 ms  50.0 ms  50.9 ms  2.25 s  2.43 s       0          1          3      117

                             messages  echo to the sender    stream B/message
    point      transport   sent  late     p50         p99      down        up
    chat   short-polling  3,000     0  510 µs      900 µs  16.7 KiB  2.81 KiB
            long-polling  3,000     0  510 µs      900 µs  24.3 KiB  7.85 KiB

                          stream B/event  requests  peak sockets  opened    CPU µs/event              KiB/client
    point      transport   down       up    /event  estab     tw      /s  target  worker  target  worker  kernel  verdict
    plain  short-polling  342 B   57.6 B       0.2  1,000      0       0    9.20    11.7    4.98    3.22    7.52    valid
            long-polling  497 B    161 B      1.01  1,000      0       0    28.4    31.9    4.20    2.83    7.52    valid
    chat   short-polling  342 B   57.6 B       0.2  1,000      0       0    9.20    11.7    4.98    3.22    7.52    valid
            long-polling  497 B    161 B      1.01  1,000      0       0    28.4    31.9    4.20    2.83    7.52    valid

                           stream B/part  requests  peak sockets  opened     CPU µs/part              KiB/client
    point       transport   down      up     /part  estab     tw      /s  target  worker  target  worker  kernel  verdict
    stream  short-polling  342 B  57.6 B       0.2  1,000      0       0    9.20    11.7    4.98    3.22    7.52    valid
             long-polling  497 B   161 B      1.01  1,000      0       0    28.4    31.9    4.20    2.83    7.52    valid
    ");
}

#[test]
fn what_a_point_has_on_purpose_is_named_above_the_table_with_where_it_is() {
    let mut run = cases().run;
    let head = |run: &Run| -> Vec<String> {
        let text = wide(run);
        text.lines().take_while(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(head(&run), ["notifications: 3 points, over loopback"]);
    run.scenario.points[1].setup.inject = Some("drop=10".to_owned());
    run.scenario.points[2].setup.inject = Some("delay=50ms".to_owned());
    run.scenario.points[0].setup.coalesce = Some("tick".to_owned());
    run.scenario.points[2].setup.life = Some(LifeRecord {
        storm_at_s: Some(1.0),
        storm_share: Some(0.5),
        resume: true,
        ..LifeRecord::default()
    });
    for result in &mut run.results {
        (result.summary.events_per_read, result.summary.gap_p50_us) = (Some(1.5), Some(2_000));
        result.summary.left = Some(7);
    }
    insta::assert_snapshot!(head(&run).join("\n"), @r"
    faults injected at stream: drop=10
    faults injected at chat: delay=50ms
    notifications: 3 points, over loopback
    coalesced by the target (tick) at plain
      short-polling at plain: 1.50 events a read, gap p50 2.00 ms
      long-polling at plain: 1.50 events a read, gap p50 2.00 ms
    at chat: storm at 1 s: 50 % of the connections dropped; resume on
      short-polling at chat: left 7 times
      long-polling at chat: left 7 times
    ");
    assert!(markdown(&run).contains("faults injected at stream: drop=10\n"), "{}", markdown(&run));

    let same = run.scenario.points[1].setup.inject.clone();
    for point in &mut run.scenario.points {
        point.setup.inject.clone_from(&same);
    }
    assert_eq!(head(&run)[0], "faults injected: drop=10");
    for at in 0..5 {
        let mut point = run.scenario.points[0].clone();
        point.name = format!("more-{at}");
        run.scenario.points.push(point);
    }
    run.scenario.points[2].setup.inject = None;
    assert_eq!(head(&run)[0], "faults injected at 7 of 8 points: drop=10");
}

#[test]
fn the_charts_of_a_case_are_those_of_what_its_clients_do() {
    let folder = cases();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let has_stream = |number| {
        let drawn = charts::draw_of_point(&folder, number, dir.path()).expect("it can be drawn");
        drawn.iter().any(|path| path.ends_with("stream.png"))
    };
    assert_eq!([1, 2, 3].map(has_stream), [false, true, false]);
}
