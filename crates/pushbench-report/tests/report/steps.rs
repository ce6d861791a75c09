//! The table of a run of several steps and rounds: the widest there is.

use pushbench_measure::results::Run;
use pushbench_measure::verdict::{Observed, judge};
use pushbench_report::table::{Style, render};

use crate::synthetic::{Shape, folder};

fn run() -> Run {
    folder(&Shape { transports: 2, steps: vec![100, 10_000], rounds: 3, measure_s: 3, ..Shape::default() })
        .run
}

fn at_width(run: &Run, width: u16) -> String {
    render(run, Style { color: false, width: Some(width) })
}

/// The lines of the table itself: from the second on, until the notes begin.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().skip(2).take_while(|line| !line.starts_with(['–', '~']))
}

#[test]
fn no_line_is_longer_than_the_terminal_and_a_wide_group_is_continued_under_its_heading() {
    let run = run();
    for width in [80u16, 100, 120] {
        let text = at_width(&run, width);
        let longest = lines(&text).map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= usize::from(width), "{longest} > {width}:\n{text}");
        let heads: Vec<&str> = lines(&text).filter(|line| line.starts_with("transport ")).collect();
        assert!(heads.len() > 2 && heads.iter().all(|head| head.contains(" clients")), "{text}");
        let columns = |name: &str| heads.iter().filter(|head| head.contains(name)).count();
        assert!(
            ["p50", "p90", "p99.9", "max", "verdict"].map(columns).iter().all(|&once| once == 1),
            "{text}"
        );
    }
    let text = at_width(&run, 80);
    let begin = text.find("delivery latency").unwrap();
    let begin = text[..begin].rfind('\n').unwrap();
    let end = text.find("  stream B/event").unwrap();
    insta::assert_snapshot!(&text[begin..end], @r"
                                                      delivery latency
    transport      clients           p50            p90            p99
    short-polling      100  494 ms ±5.0%  ~904 ms ±0.8%  ~990 ms ±0.1%
    short-polling   10,000  511 ms ±0.3%  ~910 ms ±0.2%  ~1.00 s ±0.2%
    long-polling       100   324 µs ±25%   ~613 µs ±30%  ~1.07 ms ±51%
    long-polling    10,000  27.5 ms ±18%  ~56.0 ms ±18%  ~97.9 ms ±19%

                                  delivery latency           age
    transport      clients          p99.9      max          mean
    short-polling      100              –   1.00 s  600 ms ±3.4%
    short-polling   10,000  ~1.02 s ±0.2%   1.05 s  610 ms ±0.2%
    long-polling       100              –  2.38 ms  100 ms ±0.1%
    long-polling    10,000   ~146 ms ±18%   291 ms  132 ms ±4.1%
    ");
}

#[test]
fn the_first_line_names_a_transport_once_for_all_its_steps() {
    let mut run = run();
    for result in &mut run.results[..3] {
        result.findings = judge(&Observed { worker_busy: Some(0.97), ..Observed::default() });
    }
    let first = |run: &Run| at_width(run, 80).lines().next().unwrap().to_owned();
    assert_eq!(
        first(&run),
        "INVALID, not to be compared: short-polling at 100, 10,000 clients, long-polling at 100 clients"
    );
    run.results[0].findings.clear();
    run.results[1].findings.clear();
    assert_eq!(
        first(&run),
        "INVALID, not to be compared: long-polling at 100 clients (busiest worker 97 % busy)"
    );
}
