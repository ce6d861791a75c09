//! What clients cost beside each other: the file read, and the chart looked at.

use pushbench_report::{ReportError, charts, peers};
use std::fs;
use std::path::Path;

use crate::charts::{BLUE, Picture};

const HEAD: &str = "job,unit,peer,version,clients,rounds,cpu_us,cpu_us_lo,cpu_us_hi,\
                    bytes_per_client,bytes_per_client_lo,bytes_per_client_hi,note,measured_on";

/// A file of three rows: ours, a neighbour, and one that is not there.
fn written(dir: &Path, cpu_us: &str) -> std::path::PathBuf {
    let rows = [
        format!("sse,event,pushbench,0.1.0,1000,5,{cpu_us},5,60,2048,2000,2100,own target,a machine"),
        "sse,event,k6,1.1.0,1000,5,80,75,90,300000,290000,310000,,a machine".to_owned(),
        "sse,event,artillery,,1000,0,,,,,,,not installed,a machine".to_owned(),
    ];
    let path = dir.join("peers.csv");
    fs::write(&path, format!("{HEAD}\n{}\n", rows.join("\n"))).expect("the folder can be written to");
    path
}

#[test]
fn what_was_not_measured_is_not_a_zero() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let rows = peers::load(&written(dir.path(), "6.5")).expect("the file is whole");
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0].cpu_us, rows[0].bytes_per_client), (Some(6.5), Some(2048.0)));
    assert_eq!((rows[2].cpu_us, rows[2].bytes_per_client, rows[2].rounds), (None, None, 0));
    assert_eq!(rows[2].note, "not installed");
}

#[test]
fn a_figure_that_is_none_is_refused_with_its_line() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let error = peers::load(&written(dir.path(), "much")).expect_err("that is no figure");
    assert!(matches!(error, ReportError::Row { line: 2, .. }), "{error}");
    let nothing = peers::load(&dir.path().join("none.csv")).expect_err("that is no file");
    assert!(matches!(nothing, ReportError::Read { .. }), "{nothing}");
}

/// Pixels of our bars where ours took so much CPU time.
fn blue(cpu_us: &str) -> usize {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let rows = peers::load(&written(dir.path(), cpu_us)).expect("the file is whole");
    let path = charts::draw_peers(&rows, &dir.path().join("out")).expect("the chart can be drawn");
    let picture = Picture::open(&path);
    assert_eq!(picture.size, (1600, 1000));
    assert!(!picture.is_clipped(), "it is cut off at an edge");
    picture.count(BLUE)
}

#[test]
fn a_bar_is_as_long_as_its_figure() {
    let (short, long) = (blue("10"), blue("60"));
    assert!(short > 300, "{short}");
    // The bar of memory is the same in both, and short.
    assert!(long > 3 * short, "{short} {long}");
}

#[test]
fn a_file_without_rows_makes_a_chart_without_bars() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("peers.csv");
    fs::write(&path, format!("{HEAD}\n")).expect("the folder can be written to");
    let rows = peers::load(&path).expect("the file is whole");
    let drawn = charts::draw_peers(&rows, dir.path()).expect("the chart can be drawn");
    assert_eq!(Picture::open(&drawn).count(BLUE), 0);
}

/// Pixels of our bars in a file of one row, whose memory per client is all that varies.
fn blue_of(clients: u32, bytes_per_client: &str) -> usize {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("peers.csv");
    let row = format!("sse,event,pushbench,0.1.0,{clients},5,10,,,{bytes_per_client},,,,a machine");
    fs::write(&path, format!("{HEAD}\n{row}\n")).expect("the folder can be written to");
    let rows = peers::load(&path).expect("the file is whole");
    Picture::open(&charts::draw_peers(&rows, dir.path()).expect("the chart can be drawn")).count(BLUE)
}

#[test]
fn memory_that_the_table_withholds_is_not_drawn() {
    let (told, unknown) = (blue_of(500, "4096"), blue_of(500, ""));
    assert!(told > unknown + 300, "{told} {unknown}");
    // A difference below nothing says as little as none.
    assert_eq!(blue_of(500, "-4096"), unknown);
    // Of few clients there is no plot of memory, whatever its figures are.
    assert_eq!(blue_of(499, "4096"), unknown);
}
