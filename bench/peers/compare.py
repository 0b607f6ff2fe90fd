#!/usr/bin/env python3
"""Compares the servers of scripts/bench peers: compare.py FIGURES.jsonl

Prints a row for each server at the largest number of viewers that it kept up with, and appends to the file
how many times as many viewers Amphi serves as Janus, on each port.
"""

import json
import sys

OURS = "Amphi"
FULL = 97  # per cent of the generator's core; from here on, the generator is the limit
COLUMNS = (
    ("offered", "offered/s", 1, 0),
    ("delivered", "delivered/s", 1, 0),
    ("loss", "lost/million", 1, 0),
    ("core per copy", "us/packet", 1e-3, 2),
    ("memory per viewer", "KiB/viewer", 1, 0),
    ("latency to the last copy, p50", "p50 ms", 1e-3, 1),
    ("latency to the last copy, p99", "p99 ms", 1e-3, 1),
)


class Ramp:
    """The results of one server on one port."""

    def __init__(self, server, port, figures):
        self.server, self.port = server, port
        self.of = {f["figure"]: f["value"] for f in figures if "viewers" not in f}
        self.viewers = int(self.of.get("viewers per core", 0))
        # If a step was tried again, the last try counts.
        self.at = {f["figure"]: f["value"] for f in figures if f.get("viewers") == self.viewers}

    def extrapolated(self):
        """Viewers from the worker's busy share if the generator was the limit, otherwise None."""
        if self.at.get("generator busy", 0) < FULL:
            return None
        return self.of.get("viewers per core, by the busy share")


def ramps(lines):
    groups = {}
    for f in lines:
        if "server" in f:
            groups.setdefault((f["server"], f["port"]), []).append(f)
    found = [Ramp(*key, figures) for key, figures in groups.items()]
    return [r for r in found if r.viewers > 0]


def table(found):
    width = max(len(r.server) for r in found) + 2
    print(f'\n{"server":{width}}{"port":11}{"viewers/core":>13}' + "".join(f"{c[1]:>14}" for c in COLUMNS))
    for r in found:
        values = "".join(f"{r.at.get(name, 0) * scale:>14.{digits}f}" for name, _, scale, digits in COLUMNS)
        print(f"{r.server:{width}}{r.port:11}{r.viewers:>13}" + values)


def ratios(found):
    """A figure for each of Amphi's ports and each Janus."""
    peers = [r for r in found if r.server != OURS]
    for ours in (r for r in found if r.server == OURS):
        viewers, how = ours.viewers, ""
        if ours.extrapolated():
            viewers, how = ours.extrapolated(), ", by the worker's busy share, for the generator was the limit"
        for peer in peers:
            yield {"figure": f"viewers per core, of those of {peer.server}{how}", "port": ours.port,
                   "value": round(viewers / peer.viewers, 2), "unit": "times"}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as source:
        found = ramps([json.loads(line) for line in source if line.strip()])
    if not found:
        sys.exit("compare: no server kept up with any viewers")
    table(found)
    print()
    with open(sys.argv[1], "a", encoding="utf-8") as target:
        for figure in ratios(found):
            print(f'{OURS} on {figure["port"]}: {figure["value"]:.1f} times the {figure["figure"]}')
            target.write(json.dumps(figure) + "\n")


main()
