#!/usr/bin/env bash
# Compares the bytes that a run reports with a packet capture of the same run.
#
#   scripts/packet-capture.sh [--install] [PUSHBENCH...]     the program to run; without: cargo run --release
#
# Needs root, tcpdump and python3. With --install it gets tcpdump with apt-get where that is possible. Where one of them is
# missing it says so and exits 0. Exits 1 when the two disagree: stream bytes must be equal, wire bytes within 1 %.
set -euo pipefail
cd "$(dirname "$0")/.."

install=no
if [ "${1-}" = --install ]; then
    install=yes
    shift
fi

leave_out() { printf 'packet capture: left out, %s\n' "$*"; exit 0; }

[ "$(id -u)" -eq 0 ] || leave_out "only root may capture packets"
command -v python3 >/dev/null || leave_out "there is no python3 to read the capture with"
if ! command -v tcpdump >/dev/null; then
    [ "$install" = yes ] || leave_out "there is no tcpdump; install it (apt-get install tcpdump), or pass --install"
    command -v apt-get >/dev/null || leave_out "there is no tcpdump, and no apt-get to install it with"
    apt-get install -y -q tcpdump >/dev/null 2>&1 ||
        { apt-get update -q >/dev/null 2>&1 && apt-get install -y -q tcpdump >/dev/null 2>&1; } ||
        leave_out "there is no tcpdump, and apt-get could not install it"
fi

pushbench=("$@")
if [ "${#pushbench[@]}" -eq 0 ]; then
    cargo build -q --release --locked
    pushbench=(cargo run -q --release --locked --)
fi

work=$(mktemp -d)
tcpdump_pid=
clean_up() {
    [ -z "$tcpdump_pid" ] || kill "$tcpdump_pid" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

cat >"$work/capture.toml" <<'SCENARIO'
name  = "capture"
title = "A run to be captured"
[clients]
count        = 10
connect_rate = "200/s"
[events]
pattern = "broadcast"
rate    = "20/s"
size    = "256B"
[phases]
warmup  = "500ms"
measure = "2s"
drain   = "1500ms"
[[transports]]
kind     = "short-polling"
interval = "200ms"
[[transports]]
label      = "short-polling-close"
kind       = "short-polling"
interval   = "200ms"
connection = "close"
[[transports]]
kind    = "long-polling"
timeout = "500ms"
[[transports]]
kind = "sse"
[[transports]]
kind = "websocket"
SCENARIO

# There before tcpdump is, so that it can be looked at meanwhile.
: >"$work/tcpdump.log"
# Workers connect from 127.1.0.0/16. Headers are enough.
tcpdump -i lo -n -s 128 -B 65536 --immediate-mode -w "$work/capture.pcap" 'tcp and net 127.1.0.0/16' \
    2>"$work/tcpdump.log" &
tcpdump_pid=$!
for _ in $(seq 100); do
    grep -q 'listening on' "$work/tcpdump.log" && break
    kill -0 "$tcpdump_pid" 2>/dev/null || leave_out "tcpdump: $(tail -n 1 "$work/tcpdump.log")"
    sleep 0.1
done

status=0
"${pushbench[@]}" run "$work/capture.toml" --out "$work/results" -q >/dev/null || status=$?
# 4 says that the machine was too busy for latencies to be believed; bytes are bytes.
if [ "$status" -ne 0 ] && [ "$status" -ne 4 ]; then
    exit "$status"
fi
sleep 1
kill -INT "$tcpdump_pid"
wait "$tcpdump_pid" || true
tcpdump_pid=
grep -q '^0 packets dropped by kernel' "$work/tcpdump.log" ||
    { echo "packet capture: $(grep dropped "$work/tcpdump.log")" >&2; exit 1; }

python3 - "$work/capture.pcap" "$work"/results/capture/*/run.json <<'COMPARE'
import json
import struct
import sys

FIN, SYN = 1, 2


def segments(path):
    """Source port, destination port, client's end, sequence number, flags, IP bytes, payload bytes of each segment."""
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at < len(data):
        kept = struct.unpack(order + "I", data[at + 8 : at + 12])[0]
        packet = data[at + 16 + 14 : at + 16 + kept]
        at += 16 + kept
        ip_header = (packet[0] & 15) * 4
        ip_bytes = struct.unpack(">H", packet[2:4])[0]
        tcp = packet[ip_header:]
        source, destination, sequence = struct.unpack(">HHI", tcp[:8])
        payload = ip_bytes - ip_header - (tcp[12] >> 4) * 4
        yield (packet[12:16], source), (packet[16:20], destination), sequence, tcp[13], ip_bytes, payload


def crossed(captured, ports, down):
    """Stream bytes (by sequence numbers), IP bytes and segments between clients and ports, one direction."""
    ip_bytes = count = stream = 0
    begins = {}
    for source, destination, sequence, flags, length, payload in captured:
        if (source if down else destination)[1] not in ports:
            continue
        ip_bytes += length
        count += 1
        if flags & SYN:
            begins[source, destination] = sequence
        # The first FIN ends the stream; one that is sent again ends nothing.
        if flags & FIN and (source, destination) in begins:
            begin = begins.pop((source, destination))
            stream += (sequence + payload - begin - 1) % 2**32
    return stream, ip_bytes, count


captured = list(segments(sys.argv[1]))
with open(sys.argv[2]) as file:
    run = json.load(file)
row = "{:<22}{:<5}{:>12}{:>12}{:>12}{:>12}{:>9}{:>9}{:>9}  {}"
print(row.format("", "", "stream", "captured", "wire", "captured", "segments", "captured", "wire off", ""))
failed = False
for result in run["results"]:
    label = result["summary"]["label"]
    for this in result["rounds"]:
        for direction in ("down", "up"):
            stream, wire, count = crossed(captured, set(this["ports"]), direction == "down")
            said = this["wire"]["step"]["clients"][direction]
            off = abs(said["bytes"] - wire) / max(wire, 1)
            read = this["wire"]["step"][f"stream_{direction}_bytes"]
            good = stream == said["stream_bytes"] == read and off <= 0.01 and count > 0
            failed |= not good
            print(row.format(label, direction, said["stream_bytes"], stream, said["bytes"], wire, said["segments"],
                             count, f"{off:.3%}", "ok" if good else "DISAGREES"))
sys.exit(failed)
COMPARE
