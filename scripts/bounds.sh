#!/usr/bin/env bash
# Measures what pushbench costs beside the bounds that it is meant to keep, several times, each time beside bare sockets.
#
#   scripts/bounds.sh --out DIR [--rounds N] [PUSHBENCH...]    the program to run; without: cargo run --release
#
# Each of the rounds (5) calibrates, counts the memory of 10,000 clients of every transport, and times the publisher: about
# two minutes. Prints a table of medians and writes it to DIR as bounds.md and bounds.csv, with every round's figures in
# rounds.csv. Medians are of valid rounds, at least three where so many were asked for. Bounds are for a machine that does
# nothing else; a bound that is missed is reported, with how far, and fails nothing.
#
# Exits 0 when everything was measured, 1 when something was not, 2 for wrong arguments. Needs python3: without it says
# so and exits 0. Leaves nothing but DIR behind.
set -euo pipefail
from=$PWD
cd "$(dirname "$0")/.."
# As the caller means it, who stands elsewhere.
absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s' "$from/$1" ;; esac; }

usage() { echo "usage: $0 --out DIR [--rounds N] [PUSHBENCH...]" >&2; exit 2; }
out=
rounds=5
while [ $# -gt 0 ]; do
    case $1 in
        --out) [ $# -ge 2 ] || usage; out=$(absolute "$2"); shift 2 ;;
        --rounds) [ $# -ge 2 ] || usage; rounds=$2; shift 2 ;;
        -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' scripts/bounds.sh; exit 0 ;;
        -*) usage ;;
        *) break ;;
    esac
done
[ -n "$out" ] && [[ $rounds =~ ^[1-9][0-9]?$ ]] || usage
command -v python3 >/dev/null || { echo "bounds: not measured, there is no python3 to reckon with"; exit 0; }
mkdir -p "$out"

pushbench=("$@")
if [ "${#pushbench[@]}" -eq 0 ]; then
    cargo build -q --release --locked
    pushbench=(cargo run -q --release --locked --)
elif [[ ${pushbench[0]} == */* ]]; then
    # A name without a folder is looked for in PATH.
    pushbench[0]=$(absolute "${pushbench[0]}")
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/memory.toml" <<'SCENARIO'
name  = "memory"
title = "10,000 clients that hear little"
[clients]
count        = 10000
connect_rate = "5000/s"
[events]
pattern = "broadcast"
rate    = "1/s"
size    = "256B"
[phases]
warmup  = "2s"
measure = "3s"
drain   = "11s"
[target]
processes = 1
[workers]
processes = 1
[[transports]]
kind     = "short-polling"
interval = "10s"
[[transports]]
kind    = "long-polling"
timeout = "30s"
[[transports]]
kind = "sse"
[[transports]]
kind = "websocket"
SCENARIO

cat >"$work/slip.toml" <<'SCENARIO'
name  = "slip"
title = "100 events a second to 100 clients"
[clients]
count        = 100
connect_rate = "1000/s"
[events]
pattern = "broadcast"
rate    = "100/s"
size    = "256B"
[phases]
warmup  = "1s"
measure = "10s"
drain   = "1s"
[[transports]]
kind = "sse"
[[transports]]
kind = "websocket"
SCENARIO

# Runs a command and keeps what it prints. 4 says that a figure is doubtful, which the figure itself says, too.
keep() {
    local to=$1 status=0
    shift
    timeout --foreground --kill-after=10 300 "${pushbench[@]}" "$@" >"$to" 2>"$work/said" || status=$?
    case $status in
        0 | 4) ;;
        130 | 143) exit 130 ;;
        *) echo "bounds: $1 ended with $status: $(tail -n 2 "$work/said")" >&2; rm -f "$to" ;;
    esac
}

for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    keep "$work/calibrate-$round.json" calibrate --json --out "$work/results"
    keep "$work/slip-$round.json" run "$work/slip.toml" --json -q --out "$work/results"
    keep "$work/memory-$round.json" run "$work/memory.toml" --json -q --out "$work/results"
done
python3 scripts/bounds.py "$work" "$rounds" "$out"
