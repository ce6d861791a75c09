//! Which process runs on which CPU.
//!
//! Left to itself the kernel likes to wake a worker on the CPU of the target that just wrote to it, where it then waits
//! for the target to finish its fan-out while another CPU idles: measured on two CPUs with 600 clients, that about doubled the
//! median latency. So targets and workers get CPUs of their own where there are at least two.

use pushbench_probe::affinity;

/// The CPUs of both sides; none named means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) targets: Vec<usize>,
    pub(crate) workers: Vec<usize>,
}

impl Placement {
    /// The placement on this machine; none where the kernel does not say which CPUs there are.
    pub(crate) fn here() -> Self {
        Self::on(&affinity::allowed().unwrap_or_default())
    }

    /// CPUs that both sides have in common, of those allowed; `None` where each has its own, or where they are not known.
    pub(crate) fn shared() -> Option<Vec<usize>> {
        Self::shared_of(affinity::allowed().unwrap_or_default())
    }

    fn shared_of(cpus: Vec<usize>) -> Option<Vec<usize>> {
        (Self::on(&cpus) == Self::default() && !cpus.is_empty()).then_some(cpus)
    }

    /// One half each; with an odd number the targets have one more.
    fn on(cpus: &[usize]) -> Self {
        if cpus.len() < 2 {
            return Self::default();
        }
        let (targets, workers) = cpus.split_at(cpus.len().div_ceil(2));
        Self { targets: targets.to_vec(), workers: workers.to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_have_cpus_of_their_own_where_there_are_two() {
        let table: [(&[usize], &[usize], &[usize]); 5] = [
            (&[], &[], &[]),
            (&[3], &[], &[]),
            (&[0, 1], &[0], &[1]),
            (&[0, 2, 4], &[0, 2], &[4]),
            (&[0, 1, 2, 3], &[0, 1], &[2, 3]),
        ];
        for (cpus, targets, workers) in table {
            let placement = Placement::on(cpus);
            assert_eq!(
                (placement.targets.as_slice(), placement.workers.as_slice()),
                (targets, workers),
                "{cpus:?}"
            );
            let shared = (cpus.len() == 1).then(|| cpus.to_vec());
            assert_eq!(Placement::shared_of(cpus.to_vec()), shared, "{cpus:?}");
        }
    }
}
