//! Faults of conditions on figures.

use insta::assert_snapshot;

use crate::{GOOD, faults};

#[test]
fn a_key_of_a_transport_is_no_figure() {
    let text =
        "[thresholds]\nlabel = \"sse\"\nkind = \"sse\"\nheartbeat = \"< 1s\"\nlatr = \"== 0\"\n[phases]";
    assert_snapshot!(faults(&GOOD.replace("[phases]", text)), @"
    x.toml:9: thresholds.label: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: conditions for one label have a table of their own: [thresholds.LABEL]
    x.toml:10: thresholds.kind: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: conditions for one label have a table of their own: [thresholds.LABEL]
    x.toml:11: thresholds.heartbeat: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: conditions for one label have a table of their own: [thresholds.LABEL]
    x.toml:12: thresholds.latr: unknown figure, allowed: the columns of summary.csv without `_us` at their end
      hint: did you mean `late`?
    ");
}
