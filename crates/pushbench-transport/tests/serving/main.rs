//! The serving halves, driven without sockets.

mod driver;
mod heads;
