#!/usr/bin/env bash
# Runs every benchmark in full, and counts instructions where valgrind is installed.
#
#   scripts/bench.sh [FILTER...]        benchmarks whose path contains one of the filters; without: all of them
#
# First the times, which depend on the machine and on what else it does. Then instructions per call by callgrind, which
# are the same on every run of the same build, to about one in a thousand: each benchmark is called 100 and 1,100 times,
# and the difference is divided by 1,000. Without valgrind or python3 it says so and ends with 0.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1-} in
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' scripts/bench.sh; exit 0 ;;
    -*) echo "bench.sh: \`$1\` is no option; scripts/bench.sh [FILTER...]" >&2; exit 2 ;;
esac

# Everything with harness = false, so that no unit test is taken for a benchmark.
build() { cargo bench -q --locked --workspace --benches --no-run --message-format=json; }
programs=()
while IFS= read -r program; do
    programs+=("$program")
done < <(build | sed -n 's/.*"kind":\["bench"\].*"executable":"\([^"]*\)".*/\1/p' | sort)
if [ "${#programs[@]}" -eq 0 ]; then
    echo "error: cargo has built no benchmarks" >&2
    exit 1
fi

for program in "${programs[@]}"; do
    "$program" --bench "$@"
done

left_out() {
    echo "instructions: not counted, $1"
    exit 0
}
command -v python3 >/dev/null || left_out "there is no python3 to reckon with"
command -v valgrind >/dev/null || left_out "there is no valgrind; install it (apt-get install valgrind)"
python3 scripts/instructions.py "${programs[@]}" -- "$@"
