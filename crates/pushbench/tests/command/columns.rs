//! The columns of the files of a run: whoever reads them elsewhere depends on their names and order.

use insta::assert_snapshot;

use crate::folder::header;
use crate::scenario::{SSE, tiny};

#[test]
fn the_files_of_a_run_have_these_columns() {
    let workshop = tiny(SSE);
    workshop.run(&["run", "tiny.toml"]);
    let folder = workshop.run_folder();
    // One a line, so that a change shows which.
    let columns = |file| header(&folder.join(file)).replace(',', "\n");
    assert_snapshot!(columns("sse/clients.csv"), @r"
    step
    point
    round
    figure
    quantile
    value
    ");
    assert_snapshot!(columns("sse/intervals.csv"), @r"
    step
    point
    round
    t_s
    phase
    connected
    published
    delivered
    latency_p50_us
    latency_p90_us
    latency_p99_us
    latency_max_us
    uncorrected_p99_us
    slip_p99_us
    stream_down_bytes
    stream_up_bytes
    requests
    empty_replies
    opened
    closed
    errors
    accepted
    target_queued_bytes
    client_established
    client_opening
    client_closing
    client_close_wait
    client_time_wait
    target_established
    target_opening
    target_closing
    target_close_wait
    target_time_wait
    host_sockets_peak
    host_time_wait_peak
    host_tcp_memory_bytes
    target_cpu_us
    worker_cpu_us
    target_rss_bytes
    worker_rss_bytes
    timer_late_p99_us
    worker_run_queue_us
    ");
    assert_summary_columns(&columns("summary.csv"));
}

fn assert_summary_columns(columns: &str) {
    assert_snapshot!(columns, @r"
    label
    kind
    clients
    connected
    expected
    expected_of_all
    delivered
    lost
    duplicated
    reordered
    late
    publishes
    latency_p50_us
    latency_p90_us
    latency_p99_us
    latency_p999_us
    latency_max_us
    latency_mean_us
    uncorrected_p50_us
    uncorrected_p99_us
    slip_p50_us
    slip_p99_us
    connect_p50_us
    connect_p99_us
    age_mean_us
    age_p50_us
    age_p99_us
    age_peak_p99_us
    gap_p50_us
    gap_p99_us
    events_per_read
    wire_down_bytes_per_event
    wire_up_bytes_per_event
    wire_down_payload_bytes_per_event
    wire_down_framing_bytes_per_event
    wire_down_empty_poll_bytes_per_event
    wire_down_connecting_bytes_per_event
    wire_up_framing_bytes_per_event
    wire_up_empty_poll_bytes_per_event
    wire_up_connecting_bytes_per_event
    segments_per_event
    retransmitted_segments
    idle_wire_bytes_per_client_minute
    stream_down_bytes_per_event
    stream_up_bytes_per_event
    payload_bytes_per_event
    framing_bytes_per_event
    empty_poll_bytes_per_event
    connecting_bytes_per_event
    requests_per_event
    empty_reply_share
    sockets_established_peak
    sockets_time_wait_peak
    sockets_left
    opened_per_second
    opened
    closed
    reconnects
    polls_late
    polls_skipped
    errors
    slow_disconnects
    slow_clients
    slow_bytes_per_second
    slow_lost
    slow_latency_p99_us
    slow_skipped
    target_queued_peak_bytes
    answers
    answers_cut_short
    asks_late
    answers_at_once_peak
    first_part_p50_us
    first_part_p99_us
    part_gap_p50_us
    part_gap_p99_us
    per_part_p50_us
    per_part_p99_us
    answer_p50_us
    answer_p99_us
    stalls
    echo_p50_us
    echo_p99_us
    left
    dropped
    back
    back_p50_us
    back_p95_us
    back_p100_us
    accepts_per_second_peak
    missed
    caught_up
    catch_up_p50_us
    catch_up_p99_us
    target_cpu_us_per_event
    worker_cpu_us_per_event
    target_cpu_us_per_client_second
    worker_cpu_us_per_client_second
    idle_target_cpu_us_per_client_second
    idle_worker_cpu_us_per_client_second
    target_bytes_per_client
    worker_bytes_per_client
    kernel_bytes_per_client
    verdict
    ");
}
