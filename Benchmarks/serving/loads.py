#!/usr/bin/env python3
"""What loading a model does to the requests for others: full load of one row each, in turns with nothing beside it
and with a model of 500 trees that is loaded over and over.

usage: run.sh loads [--seconds 4] [--rounds 7] [--write docs/benchmarks.md]
"""
import argparse
import os
import sys
import threading
import time

import bench
import load
import own
import processes
import report


class Loader(threading.Thread):
    """Unloads and loads the large model until it is told to stop."""

    def __init__(self, port):
        super().__init__()
        self.port, self.times, self.done = port, [], threading.Event()

    def run(self):
        while not self.done.is_set():
            own.must(self.port, "POST", "/admin/models/forest/unload")
            start = time.time()
            own.must(self.port, "POST", "/admin/models/forest/load")
            self.times.append(time.time() - start)

    def stop(self):
        self.done.set()
        self.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=lambda s: [int(x) for x in s.split(",")], default=[16, 64])
    parser.add_argument("--write", metavar="FILE")
    options = parser.parse_args()
    os.makedirs(f"{bench.HOME}/logs", exist_ok=True)
    processes.adopt_orphans()
    body = own.body_file("loads.json", bench.PLAIN)
    root = own.repository("loads", iris=[f"{own.MODELS}/iris.json"], forest=[own.forest()])
    path = "/api/predict?model=iris"
    found = {c: [] for c in options.connections}
    times = []
    with own.server(root, "--admin") as port:
        start = time.time()
        own.must(port, "POST", "/admin/models/forest/unload")
        own.must(port, "POST", "/admin/models/forest/load")
        alone = time.time() - start
        load.wrk(port, path, body, 16, 1)
        for turn in range(options.rounds):
            for connections in options.connections:
                quiet = load.wrk(port, path, body, connections, options.seconds)
                loader = Loader(port)
                loader.start()
                loading = load.wrk(port, path, body, connections, options.seconds)
                loader.stop()
                times += loader.times
                found[connections].append((quiet, loading))
            print(f"round {turn + 1} of {options.rounds}", file=sys.stderr, flush=True)
    lines = [own.heading(options.seconds, options.rounds) +
             f" The model took {alone * 1000:.0f} ms to load on the idle machine, {own.median(times) * 1000:.0f} ms beside the "
             f"load, {len(times)} times.", "",
             "| connections | req/s, quiet | loading | p50 ms, quiet | loading | p99 ms, quiet | loading | p99, times | errors |",
             "|---:|" + "---:|" * 8]
    for connections, pairs in found.items():
        cells = []
        for key, text in (("rps", report.rate), ("p50_ms", report.milliseconds), ("p99_ms", report.milliseconds)):
            cells += [text(own.median(pair[i][key] for pair in pairs)) for i in (0, 1)]
        ratio = own.median(loading["p99_ms"] / quiet["p99_ms"] for quiet, loading in pairs)
        lines.append(f"| {connections} | {' | '.join(cells)} | {ratio:.2f} | "
                     f"{sum(r['errors'] for pair in pairs for r in pair)} |")
    table = "\n".join(lines)
    print(table)
    if options.write:
        report.replace_in(options.write, table, "loads")


if __name__ == "__main__":
    main()
