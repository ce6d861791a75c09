//! Ctrl-C and its kin.

use std::io;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_local;

/// Says whether somebody wants the run to end.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    told: watch::Receiver<bool>,
}

impl Interrupt {
    /// Begins to listen for SIGINT, SIGTERM and SIGHUP.
    pub(crate) fn listen() -> io::Result<Self> {
        let (tell, told) = watch::channel(false);
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let mut signals = signal(kind)?;
            let tell = tell.clone();
            spawn_local(async move {
                if signals.recv().await.is_some() {
                    // The receiver lives as long as the command.
                    let _ = tell.send(true);
                }
            });
        }
        Ok(Self { told })
    }

    /// Completes when a signal has come, and at once if it came before.
    pub(crate) async fn wait(&mut self) {
        if self.told.wait_for(|told| *told).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
