#!/usr/bin/env bash
# Reads the latency.hlog files of a run with an implementation of HdrHistogram that is not ours (the `hdrhistogram`
# package of Python), and compares counts and percentiles with the run's summary.csv.
#
#   scripts/check-hlog.sh results/quickstart/2026-11-20T14-03-22Z
#
# Ends with 0 where they agree, or where the package cannot be had (it says why); with 1 where they do not.
set -euo pipefail

if [ $# -ne 1 ] || [ ! -f "$1/run.json" ]; then
    echo "usage: $0 RUN_DIR (the folder that holds run.json)" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

left_out() {
    echo "interval log not checked: $1"
    [ ! -s "$scratch/why" ] || tail -n 3 "$scratch/why"
    exit 0
}

command -v python3 >/dev/null || left_out "no python3 here"
python3 -m venv "$scratch/venv" >"$scratch/why" 2>&1 || left_out "python3 cannot make a virtual environment"
timeout 120 "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check 'hdrhistogram>=0.10' \
    >"$scratch/why" 2>&1 || left_out "the package hdrhistogram cannot be installed"
"$scratch/venv/bin/python" "$here/check_hlog.py" "$1"
