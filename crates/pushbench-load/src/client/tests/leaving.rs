//! Clients that leave by plan: with a goodbye, answered or not, and back again.

use super::*;

#[test]
fn who_leaves_says_goodbye_and_comes_back_whether_the_server_has_closed_or_not() {
    for closes in [true, false] {
        within_a_minute(move || {
            let (mut rig, mut stream, listener) = connected(Vec::new(), HOLD);
            rig.recorder.accounts[0].ready = true;
            rig.recorder.ready_now = 1;
            rig.input(|client, turn| client.depart(1, turn));
            assert_eq!((rig.take_told(), rig.client.stage), (vec![Told::Farewell], Stage::SeenOff));
            assert_eq!(rig.recorder.ready_now, 0);
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "its direction has ended");
            if closes {
                drop(stream);
                rig.readable();
                assert_eq!((rig.client.stage, rig.thread.held), (Stage::Left, 0));
            }
            rig.input(Client::come_back);
            let (_second, _) = listener.accept().unwrap();
            rig.input(Client::on_writable);
            assert_eq!((rig.take_told(), rig.client.stage), (vec![Told::Connected], Stage::Holding));
            let counters = rig.recorder.counters;
            assert_eq!(
                (counters.opened, counters.closed, counters.reconnects, counters.errors()),
                (2, 1, 0, 0)
            );
            rig.input(Client::come_back);
            assert_eq!(rig.client.stage, Stage::Holding, "one that is there does not come back");
        });
    }
}

#[test]
fn who_leaves_while_it_connects_or_waits_connects_no_more() {
    within_a_minute(|| {
        let (_listener, _waiting, address) = silent();
        let mut rig = Rig::new(address, Vec::new(), HOLD);
        rig.input(Client::on_time);
        rig.input(|client, turn| client.depart(1, turn));
        assert_eq!((rig.take_told(), rig.client.stage), (vec![Told::Farewell], Stage::Left));
        assert_eq!((rig.thread.held, rig.recorder.counters.closed), (0, 0));
        while let Some((at_ns, _)) = rig.thread.wheel.pop_due(u64::MAX) {
            rig.input(|client, turn| client.wake(at_ns, at_ns, turn));
        }
        assert_eq!((rig.client.stage, rig.thread.held), (Stage::Left, 0), "its wake-ups are over");
        rig.thread.is_over = true;
        rig.input(Client::on_end);
        assert_eq!(rig.client.stage, Stage::Over);
    });
}

#[test]
fn a_goodbye_that_is_not_answered_is_cut_in_the_end() {
    // With words of its own, and by the end of a direction alone.
    for goodbye in [&b"goodbye"[..], b""] {
        within_a_minute(move || {
            let (mut rig, mut stream, _listener) =
                connected(Vec::new(), Step::Hold { wake_ns: Some(u64::MAX / 2) });
            rig.goodbye.borrow_mut().extend(goodbye);
            let left_ns = now_ns();
            rig.input(|client, turn| client.depart(1, turn));
            let mut heard = vec![0; goodbye.len()];
            stream.read_exact(&mut heard).unwrap();
            assert_eq!(heard, goodbye);
            // The peer goes on as if nothing had been said, and that gains it nothing.
            stream.write_all(b"more").unwrap();
            rig.readable();
            assert_eq!(rig.thread.held, 1);
            let latest_ns = now_ns() + 10_000_000_000;
            while let Some((at_ns, _)) = rig.thread.wheel.pop_due(latest_ns) {
                assert!(at_ns > left_ns, "it is given some time");
                rig.input(|client, turn| client.wake(at_ns, at_ns, turn));
            }
            assert_eq!((rig.client.stage, rig.thread.held), (Stage::Left, 0));
            assert_eq!(rig.recorder.counters.closed, 1);
            // Over what was not read, or in order.
            assert!(matches!(stream.read(&mut [0; 8]), Ok(0) | Err(_)));
        });
    }
}
