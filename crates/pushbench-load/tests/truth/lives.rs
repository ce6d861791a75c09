//! Clients that were away: what they missed, and what their absence is not, where a script knows every event of it.

use pushbench_measure::Figure;
use pushbench_probe::clock::now_ns;
use pushbench_transport::envelope::{Stamp, encode};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use crate::HEAD;
use crate::exchanges::frame;
use crate::script::{EVENTS, MS, Watched, accept, follow, request, watch};

/// Event `n` is due at this offset of the measure phase.
fn due_offset_ns(n: u64) -> u64 {
    (n - 1) * 10 * MS
}

fn payload(n: u64, due_ns: u64) -> Vec<u8> {
    let mut payload = Vec::new();
    encode(Stamp { n, due_ns, published_ns: due_ns }, "all", 100, &mut payload);
    payload
}

async fn until(instant_ns: u64) {
    while now_ns() < instant_ns {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Sends events of a stream as they are due.
async fn send(stream: &mut TcpStream, numbers: impl Iterator<Item = u64>, measure_ns: u64) {
    for n in numbers {
        let due_ns = measure_ns + due_offset_ns(n);
        until(due_ns).await;
        let event = [format!("id: {n}\ndata: ").as_bytes(), &payload(n, due_ns), b"\n\n"].concat();
        stream.write_all(&event).await.unwrap();
    }
}

/// A server that drops its client when the storm is due, and has it back when event 12 has been due.
fn storm(resume: bool) -> Watched<()> {
    const STORM_NS: u64 = 45 * MS;
    const LAST_BEFORE: u64 = 5;
    const FIRST_AFTER: u64 = 13;
    let keys = format!(
        "kind = \"sse\"\nretry = \"20ms\"\n[life]\nresume = {resume}\nstorm = {{ at = \"45ms\", share = \"100%\" }}"
    );
    watch(&keys, 1, 1, async move |listener, edges| {
        let mut stream = accept(&listener).await;
        request(&mut stream).await;
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        let measure_ns = edges.await.unwrap().measure_ns;
        send(&mut stream, 1..=LAST_BEFORE, measure_ns).await;
        until(measure_ns + STORM_NS).await;
        drop(stream);
        let mut stream = accept(&listener).await;
        let head = request(&mut stream).await;
        assert_eq!(head.contains(&format!("\r\nLast-Event-ID: {LAST_BEFORE}\r\n")), resume, "{head}");
        until(measure_ns + due_offset_ns(FIRST_AFTER) - 5 * MS).await;
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        let first = if resume { LAST_BEFORE + 1 } else { FIRST_AFTER };
        send(&mut stream, first..=EVENTS, measure_ns).await;
        follow(stream);
    })
}

#[test]
fn what_was_due_while_a_client_was_away_is_missed_to_the_event_or_caught_up() {
    for (resume, missed) in [(false, 7), (true, 0)] {
        let Watched { sums, report, .. } = storm(resume);
        let life = sums.fates.life;
        assert_eq!((life.dropped, life.back, life.missed), (1, 1, missed), "resume {resume}: {life:?}");
        let tally = sums.tally;
        assert_eq!(
            (tally.expected, tally.delivered, tally.lost, tally.duplicated),
            (EVENTS, EVENTS - missed, missed, 0),
            "resume {resume}"
        );
        // It was away for 75 ms, and as much longer as this machine took.
        let back_us = report.histograms.all_phases(Figure::Back).max().unwrap();
        assert!(back_us >= 69_000, "{back_us}");
        if resume {
            assert!(life.caught_up >= 7, "{life:?}");
        } else {
            assert_eq!(life.caught_up, 0);
        }
    }
}

/// Answers an upgrade.
async fn upgrade(stream: &mut TcpStream) {
    let upgrade = request(stream).await;
    let key = upgrade.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {}\r\nPushbench-Cursor: 0\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    stream.write_all(head.as_bytes()).await.unwrap();
}

/// Reads the client's close frame: short, and masked.
async fn close_frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = [0; 6];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[0], 0x88, "a close frame (RFC 6455, section 5.5.1)");
    let mut code = vec![0; usize::from(head[1] & 0x7f)];
    stream.read_exact(&mut code).await.unwrap();
    code.iter().zip(head[2..].iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

/// Three events, the goodbye, one that was on its way to the client meanwhile, and two when it is back.
#[test]
fn an_event_that_meets_a_goodbye_makes_no_gap_and_no_age_of_the_absence() {
    let keys = "kind = \"websocket\"\n[life]\nlifetime = \"600ms\"\npause = \"200ms\"\nresume = false";
    let watched = watch(keys, 1, 1, async |listener, edges| {
        let mut stream = accept(&listener).await;
        upgrade(&mut stream).await;
        let _ = edges.await.unwrap();
        let send = async |stream: &mut TcpStream, n, due_ns| {
            stream.write_all(&frame(1, &payload(n, due_ns))).await.unwrap();
        };
        for n in 1..=3 {
            send(&mut stream, n, now_ns()).await;
        }
        let code = close_frame(&mut stream).await;
        send(&mut stream, 4, now_ns()).await;
        stream.write_all(&frame(8, &code)).await.unwrap();
        drop(stream);
        let mut stream = accept(&listener).await;
        upgrade(&mut stream).await;
        // Due when the client has surely read that it is back.
        let due_ns = now_ns() + 1_000 * MS;
        for n in 5..=6 {
            send(&mut stream, n, due_ns + n).await;
        }
        // They are read before the books are closed: the client leaves again.
        let code = close_frame(&mut stream).await;
        stream.write_all(&frame(8, &code)).await.unwrap();
    });
    assert_eq!(watched.sums.fates.life.left, 2);
    assert_eq!(watched.report.counters.events, 6, "all came");
    let of = |figure| watched.report.histograms.all_phases(figure).count();
    // From 1 to 2, from 2 to 3, and from 5 to 6.
    assert_eq!((of(Figure::Gap), of(Figure::AgePeak)), (3, 3));
    assert_eq!(of(Figure::Delivery), 5, "one that has left waits for nothing");
}
