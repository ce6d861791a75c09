//! Parts of a scenario that are well formed by themselves and do not go together.

use insta::assert_snapshot;

use crate::{GOOD, faults};

#[test]
fn what_does_not_go_together_is_refused() {
    let stream = GOOD.replace("pattern = \"broadcast\"", "pattern = \"stream\"\nparts = 3\ngap = \"1ms\"");
    let shaped = |text: &str| text.replace("count = 100", "count = 100\nshape = [{ step = \"50%\" }]");
    let slow = "[slow]\nshare = \"10%\"\nread = \"10KiB/s\"\n";
    let life = "[life]\nlifetime = \"1s\"\n";
    assert_snapshot!(faults(&shaped(&stream)), @r#"
    x.toml:5: clients.shape: not allowed with pattern = "stream": broadcast, topics
    "#);
    assert_snapshot!(faults(&format!("{stream}{slow}{life}")), @r#"
    x.toml:17: slow: not allowed with pattern = "stream": slow readers ask for nothing
    x.toml:17: slow: not allowed beside [life] or clients.shape: slow readers stay
    x.toml:20: life: not allowed with pattern = "stream": broadcast, topics
    "#);
    assert_snapshot!(faults(&format!("{}{slow}", shaped(GOOD))), @r#"
    x.toml:16: slow: not allowed beside [life] or clients.shape: slow readers stay
    "#);
    assert_snapshot!(faults(&stream.replace("parts = 3", "parts = 3\nmembers = 5")), @r#"
    x.toml:8: events.members: not allowed with pattern = "stream"
      hint: leave it out, or write pattern = "chat"
    "#);
}
