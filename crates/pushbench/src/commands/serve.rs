//! `pushbench serve`: the target server alone.

use pushbench_probe::clock::now_ns;
use pushbench_probe::limits;
use pushbench_target::{Answering, Config, Limits, Target};
use tokio::task::LocalSet;

use crate::cli::ServeArguments;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::{roles, terminal};

/// Fewer open files than this leave little room for clients.
const FEW_FILES: u64 = 256;

/// Serves until Ctrl-C or SIGTERM.
pub(crate) fn serve(arguments: &ServeArguments) -> Result<Exit, Failure> {
    // A lower limit means fewer connections, which the target counts and says itself.
    let _ = limits::raise_open_files();
    let runtime = roles::single_threaded()?;
    LocalSet::new().block_on(&runtime, async {
        let mut interrupt = Interrupt::listen().map_err(Failure::environment)?;
        let target = Target::bind(&Config {
            listen: arguments.listen,
            limits: Limits::default(),
            settings: Vec::new(),
            ring_events: arguments.ring,
            coalesce: pushbench_scenario::Coalesce::Off,
            inject: arguments.inject,
            answers: Some(Answering::default()),
        })
        .map_err(Failure::environment)?;
        terminal::say(format_args!("listening on http://{}", target.local_addr()));
        if let Some(inject) = arguments.inject {
            terminal::say(format_args!("warning: faults injected: {inject}"));
        }
        let files = limits::open_files().soft;
        if files < FEW_FILES {
            terminal::say(format_args!(
                "warning: this process may open {files} files, a connection each: raise it with `ulimit -n`"
            ));
        }
        let handle = target.handle();
        handle.stall_from(now_ns());
        tokio::task::spawn_local(async move {
            interrupt.wait().await;
            handle.shutdown();
        });
        target.run().await;
        Ok(Exit::Ok)
    })
}
