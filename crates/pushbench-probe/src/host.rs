//! A description of the machine, to stand beside the numbers measured on it.

use std::{io, thread};

use rustix::system::uname;

use crate::{memory, proc_file};

/// The machine that this process runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its host name.
    pub name: String,
    /// Name, release and architecture of the kernel: `Linux 6.18.44 x86_64`.
    pub kernel: String,
    /// The model of its CPU; the architecture where the kernel names no model.
    pub cpu: String,
    /// CPUs that this process may use, after affinity and control groups.
    pub cpus: usize,
    /// Physical memory in bytes.
    pub memory_bytes: u64,
}

/// Describes this machine.
///
/// # Errors
/// When `/proc/cpuinfo` or `/proc/meminfo` cannot be read, or the number of CPUs is not known.
pub fn read() -> io::Result<Host> {
    let system = uname();
    let [name, sysname, release, machine] =
        [system.nodename(), system.sysname(), system.release(), system.machine()]
            .map(|text| text.to_string_lossy().into_owned());
    Ok(Host {
        name,
        kernel: format!("{sysname} {release} {machine}"),
        cpu: cpu_model(&proc_file::read("/proc/cpuinfo")?).unwrap_or(machine),
        cpus: thread::available_parallelism()?.get(),
        memory_bytes: memory::total_bytes()?,
    })
}

fn cpu_model(cpuinfo: &str) -> Option<String> {
    cpuinfo.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_of_the_first_cpu() {
        let x86 =
            "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nprocessor\t: 1\nmodel name\t: Other\n";
        assert_eq!(cpu_model(x86).as_deref(), Some("AMD EPYC"));
        assert_eq!(cpu_model("processor\t: 0\nCPU part\t: 0xd0c\n"), None);
    }

    #[test]
    fn this_machine_is_described() {
        let host = read().unwrap();
        assert!(host.kernel.starts_with("Linux "), "{host:?}");
        assert!(host.cpus > 0 && host.memory_bytes > 0 && !host.cpu.is_empty(), "{host:?}");
    }
}
