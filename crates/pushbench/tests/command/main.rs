//! The program as people use it: started, watched, signalled and read from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic anywhere")]

mod arguments;
mod calibrate;
mod capture;
mod chat;
mod check;
mod columns;
mod combinations;
mod compare;
mod control_group;
mod ends;
mod exhaustion;
mod folder;
mod inject;
mod points;
mod process;
mod repeats;
mod resources;
mod results;
mod scenario;
mod serve;
mod shapes;
mod shipped;
mod shrinking;
mod slow;
mod starved;
mod terminal;
mod truth;
mod veth;
mod wire;
