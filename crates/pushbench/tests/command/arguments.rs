//! Arguments: help, wrong ones, completions, and the commands that are not for people.

use insta::assert_snapshot;
use std::path::Path;

use crate::process::{run, start_as};

#[test]
fn nothing_to_do_is_an_error_that_shows_the_commands() {
    let ended = run(&[]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert_snapshot!(ended.err, @r"
    Load testing and benchmarks for real-time transports

    Usage: pushbench <COMMAND>

    Commands:
      run          Run every transport of a scenario, write results, draw charts, print the table
      serve        Run the target server alone, until Ctrl-C
      report       Draw the charts and the table of a finished run again, from its files alone
      compare      Compare two or more runs: differences with intervals, overlay charts
      check        Validate a scenario and print the plan and what it needs; opens nothing
      calibrate    Measure this machine's floor with bare sockets, and what pushbench costs above it;
                   about 50 s
      completions  Print shell completions
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version
    ");
}

fn help_of(arguments: &[&str]) -> String {
    let ended = run(arguments);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    ended.out
}

#[test]
fn help_of_the_program() {
    assert_snapshot!(help_of(&["--help"]), @r"
    Load testing and benchmarks for real-time transports.

    Compares short polling, long polling, Server-Sent Events and WebSocket under one scenario.

    Usage: pushbench <COMMAND>

    Commands:
      run          Run every transport of a scenario, write results, draw charts, print the table
      serve        Run the target server alone, until Ctrl-C
      report       Draw the charts and the table of a finished run again, from its files alone
      compare      Compare two or more runs: differences with intervals, overlay charts
      check        Validate a scenario and print the plan and what it needs; opens nothing
      calibrate    Measure this machine's floor with bare sockets, and what pushbench costs above it;
                   about 50 s
      completions  Print shell completions
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version
    ");
    assert_eq!(help_of(&["--version"]), format!("pushbench {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_of_run() {
    assert_snapshot!(help_of(&["run", "--help"]), @r"
    Run every transport of a scenario, write results, draw charts, print the table

    Usage: pushbench run [OPTIONS] <SCENARIO.toml>...

    Arguments:
      <SCENARIO.toml>...  Scenario files, run one after the other

    Options:
          --only <LABEL>     Only the transports with these labels
          --points <POINT>   Only these points of a sweep or these cases: names, numbers from 1, or
                             values such as clients.count=100
          --clients <N>      Number of clients instead of the scenario's; several make steps; max: as
                             many of its largest step as fit here
          --rate <RATE>      Rate of events over all topics, of asks, or of a member's messages: 5/s
          --duration <TIME>  Length of the measure phase, such as 10s
          --repeat <N>       Measure everything so often, in shuffled order, and tell how far the
                             figures vary
          --seed <N>         Seed of every random choice
          --inject <FAULTS>  Faults that the target makes: delay=TIME[/N], drop=N, duplicate=N,
                             reorder=N (every N-th event of a topic), limit=N/s, stall=TIME/PERIOD
          --yes              Run sweeps and cases of more than 48 measurements or 10 minutes
          --out <DIR>        Folder that run folders are made in [default: results]
          --json             Print each run's manifest as a JSON document on standard output, and
                             nothing else there
      -q, --quiet            No progress and no news; the table and errors only
      -v, --verbose          A line of progress for every second
      -h, --help             Print help
    ");
}

#[test]
fn help_of_check_and_report() {
    assert_snapshot!(help_of(&["check", "--help"]), @r"
    Validate a scenario and print the plan and what it needs; opens nothing

    Usage: pushbench check [OPTIONS] <SCENARIO.toml>...

    Arguments:
      <SCENARIO.toml>...  Scenario files

    Options:
          --only <LABEL>     Only the transports with these labels
          --points <POINT>   Only these points of a sweep or these cases: names, numbers from 1, or
                             values such as clients.count=100
          --clients <N>      Number of clients instead of the scenario's; several make steps; max: as
                             many of its largest step as fit here
          --rate <RATE>      Rate of events over all topics, of asks, or of a member's messages: 5/s
          --duration <TIME>  Length of the measure phase, such as 10s
          --repeat <N>       Measure everything so often, in shuffled order, and tell how far the
                             figures vary
          --seed <N>         Seed of every random choice
          --inject <FAULTS>  Faults that the target makes: delay=TIME[/N], drop=N, duplicate=N,
                             reorder=N (every N-th event of a topic), limit=N/s, stall=TIME/PERIOD
          --yes              Run sweeps and cases of more than 48 measurements or 10 minutes
      -h, --help             Print help
    ");
    assert_snapshot!(help_of(&["report", "--help"]), @r"
    Draw the charts and the table of a finished run again, from its files alone

    Usage: pushbench report [OPTIONS] <RUN_DIR>

    Arguments:
      <RUN_DIR>  The folder of a run: the one that holds run.json

    Options:
          --markdown        Print the table as Markdown
          --points <POINT>  Of a run of several points, draw the charts of these too: names, numbers
                            from 1, or values
      -h, --help            Print help
    ");
}

#[test]
fn help_of_calibrate() {
    assert_snapshot!(help_of(&["calibrate", "--help"]), @r"
    Measure this machine's floor with bare sockets, and what pushbench costs above it; about 50 s

    Usage: pushbench calibrate [OPTIONS]

    Options:
          --out <DIR>  Folder for calibration.json, which later runs with the same folder quote
                       [default: results]
          --json       Print the calibration as a JSON document on standard output instead of the table
      -h, --help       Print help
    ");
}

#[test]
fn help_of_serve_and_completions() {
    assert_snapshot!(help_of(&["serve", "--help"]), @r"
    Run the target server alone, until Ctrl-C

    Usage: pushbench serve [OPTIONS]

    Options:
          --listen <ADDR:PORT>  Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
          --ring <N>            Events kept per topic, for clients that come back [default: 1024]
          --inject <FAULTS>     Make faults: delay=TIME[/N], drop=N, duplicate=N, reorder=N (every N-th
                                event of a topic), limit=N/s, stall=TIME/PERIOD
      -h, --help                Print help
    ");
    assert_snapshot!(help_of(&["completions", "--help"]), @r"
    Print shell completions

    Usage: pushbench completions <SHELL>

    Arguments:
      <SHELL>  The shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help
    ");
}

#[test]
fn help_of_compare() {
    assert_snapshot!(help_of(&["compare", "--help"]), @r"
    Compare two or more runs: differences with intervals, overlay charts

    Usage: pushbench compare [OPTIONS] <RUN_DIR[:LABEL]> <RUN_DIR[:LABEL]>...

    Arguments:
      <RUN_DIR[:LABEL]> <RUN_DIR[:LABEL]>...
              Folders of runs, the baseline first; with a label, one transport of the run

    Options:
          --markdown                Print Markdown fit for a pull request
          --json                    Print everything as a JSON document, and nothing else, on standard
                                    output
          --band <SHARE>            Share of the baseline within which a difference counts as none
                                    [default: 5%]
          --fail-if-slower <SHARE>  Exit with 4 where p50, p90 or p99 of delivery latency is slower by
                                    more than this share, or where that cannot be answered
          --out <DIR>               Folder for tables and charts [default: a new one in results/compare]
      -h, --help                    Print help
    ");
}

#[test]
fn wrong_arguments_are_named_and_refused() {
    let table: [(&[&str], &str); 16] = [
        (&["fly"], "unrecognized subcommand 'fly'"),
        (&["run"], "required arguments were not provided"),
        (&["run", "--clinets", "5", "x.toml"], "a similar argument exists: '--clients'"),
        (&["run", "x.toml", "--clients", "many"], "invalid value 'many' for '--clients <N>'"),
        (
            &["run", "x.toml", "--clients", "max,5"],
            "`max` is not a number of clients: 1 to 10000000, several",
        ),
        (
            &["check", "x.toml", "--rate", "5"],
            "`5` is not a rate: a number and /s, /m or /h, such as \"5/s\"",
        ),
        (&["run", "x.toml", "--duration", "10"], "invalid value '10' for '--duration <TIME>'"),
        (&["run", "x.toml", "-q", "-v"], "'--quiet' cannot be used with '--verbose'"),
        (&["serve", "--listen", "here"], "invalid value 'here' for '--listen <ADDR:PORT>'"),
        (&["serve", "--ring", "-1"], "unexpected argument '-1'"),
        (
            &["serve", "--inject", "drp=5"],
            "unknown fault `drp`, allowed: delay, drop, duplicate, reorder, limit, stall (did",
        ),
        (
            &["run", "x.toml", "--inject", "drop=1,delay=5"],
            "2 to 1000000; delay: `5` is not a duration, write",
        ),
        (&["run", "x.toml", "--inject", "delay=5ms\u{1b}[31m"], "value 'delay=5ms\\u{1b}[31m' for '--inject"),
        (&["run", "x.toml", "--repeat=-1"], "'--repeat <N>': -1 is out of range: 1 to 100 rounds"),
        (&["run", "x.toml", "--repeat=few"], "'--repeat <N>': `few` is not a number: 1 to 100 rounds"),
        (&["completions", "cmd"], "invalid value 'cmd' for '<SHELL>'"),
    ];
    for (arguments, why) in table {
        let ended = run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.err.contains(why), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn completions_speak_of_this_program() {
    for shell in ["bash", "zsh", "fish"] {
        let ended = run(&["completions", shell]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        for word in ["pushbench", "serve", "duration"] {
            assert!(ended.out.contains(word), "{shell} completions without `{word}`");
        }
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_panic() {
    for arguments in [&["--help"][..], &["completions", "bash"], &["completions", "fish"], &["fly"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let started = start_as(Path::new("."), arguments, |command| {
            command.stdout(writer.try_clone().unwrap()).stderr(writer);
        });
        let code = if arguments == ["fly"] { 2 } else { 0 };
        assert_eq!(started.ended().code, Some(code), "{arguments:?}");
    }
}

#[test]
fn the_roles_of_a_run_refuse_to_be_played_by_people() {
    for role in ["__worker", "__target"] {
        let ended = run(&[role]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{role}");
        assert_eq!(
            ended.err,
            "error: this command is for pushbench's own processes; see `pushbench --help`\n"
        );
    }
}

#[test]
fn data_that_cannot_be_written_makes_a_command_fail_unless_the_reader_went_away() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = start_as(&folder, &["check", "smoke.toml"], |command| {
        command.stdout(full);
    })
    .ended();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.starts_with("error: standard output: "), "{}", ended.err);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = start_as(&folder, &["check", "smoke.toml"], |command| {
        command.stdout(writer);
    })
    .ended();
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
}
