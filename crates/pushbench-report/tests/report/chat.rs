//! What the table says of a chat.

use pushbench_report::table::{Style, render};

use crate::synthetic::{Shape, folder};

#[test]
fn a_chat_has_a_block_of_its_own_and_says_what_waited() {
    let mut run = folder(&Shape { transports: 2, ..Shape::default() }).run;
    assert!(!render(&run, Style::default()).contains("messages"));
    run.scenario.setup.pattern = "chat".to_owned();
    (run.scenario.setup.topics, run.scenario.setup.members, run.scenario.setup.events_per_second) =
        (20, Some(50), 100.0);
    for (result, late) in run.results.iter_mut().zip([0, 7]) {
        let summary = &mut result.summary;
        (summary.publishes, summary.messages_late) = (Some(3_000), Some(late));
        (summary.echo_p50_us, summary.echo_p99_us) = (Some(510), None);
    }
    run.results[0].summary.reordered = Some(12);
    let text = render(&run, Style::default());
    insta::assert_snapshot!(text.lines().next().unwrap(), @r#"notifications: chat: 20 rooms of 50, 100 messages/s of 256 B, measured for 30 s after 5 s of warm-up, over loopback"#);
    let block: Vec<&str> =
        text.lines().skip_while(|line| !line.contains("echo to the sender")).take(4).collect();
    insta::assert_snapshot!(block.join("\n"), @r#"
                      messages  echo to the sender    stream B/message
    transport       sent  late     p50         p99      down        up
    short-polling  3,000     0  510 µs           –  16.7 KiB  2.81 KiB
    long-polling   3,000     7  510 µs           –  24.3 KiB  7.85 KiB
    "#);
    let notes: Vec<&str> =
        text.lines().filter(|line| line.contains(": 7 of") || line.contains("overtake")).collect();
    insta::assert_snapshot!(notes.join("\n"), @r#"
    short-polling: 12 receptions after a message that was due later: members of a room overtake each other on the way up
    long-polling: 7 of 3,000 messages waited for their connection, or on it for the reply to the one before; latencies include that
    "#);

    run.scenario.setup.steps = vec![100, 1000];
    let first = render(&run, Style::default()).lines().next().unwrap().to_owned();
    assert!(first.contains("chat: up to 20 rooms of 50, 100 messages/s"), "{first}");
}
