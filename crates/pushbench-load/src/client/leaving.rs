//! Leaving by plan and coming back: the polite end of a connection, without waiting for it, and the next one. An end that the
//! other side does not answer in time is cut.

use pushbench_probe::clock::now_ns;
use pushbench_scenario::patience;
use pushbench_transport::client::{Reopen, Step};

use super::{Client, Next, Stage};
use crate::thread::Turn;

impl Client {
    /// It leaves for a while, or for good: its transport says goodbye, if it has one, and the connection is closed as at
    /// the end of a step. `at_ns` is when it was to.
    pub(crate) fn depart(&mut self, at_ns: u64, turn: &mut Turn<'_>) {
        match self.stage {
            // The server has told it not to come back, or the step is over.
            Stage::Over | Stage::Left => return,
            _ => {}
        }
        turn.recorder.left(self.index, at_ns, now_ns());
        self.is_leaving = true;
        match self.stage {
            Stage::Away(_) => {
                self.forget_connection(turn);
                self.stage = Stage::Left;
                self.wakeup.ask(None, self.index, &mut turn.thread.wheel);
            }
            Stage::Connecting(_) => {
                self.forget_connection(turn);
                self.leave(Next::End, turn);
            }
            Stage::Holding => {
                self.say_goodbye(turn);
                if self.socket.is_some() {
                    let patience_ns = patience::farewell(turn.thread.share.clients).as_nanos() as u64;
                    let give_up_ns = now_ns().saturating_add(patience_ns);
                    self.wakeup.ask(Some(give_up_ns), self.index, &mut turn.thread.wheel);
                }
            }
            Stage::Finishing | Stage::SeenOff | Stage::Left | Stage::Over => {}
        }
    }

    /// It comes back. Where its last connection has not ended yet, it is cut.
    pub(crate) fn come_back(&mut self, turn: &mut Turn<'_>) {
        if !self.is_leaving {
            return;
        }
        if self.socket.is_some() {
            self.leave(Next::End, turn);
        }
        self.is_leaving = false;
        if self.stage == Stage::Left {
            turn.recorder.returns(self.index, now_ns());
            self.open(Reopen::Planned, turn);
        }
    }

    /// Tells the half that it leaves; what it would like to say nobody hears.
    fn forget_connection(&mut self, turn: &mut Turn<'_>) {
        self.input(now_ns(), turn, |half, io| {
            half.farewell(io);
            Step::End
        });
        turn.thread.out.clear();
        self.unsent = Vec::new();
    }
}
