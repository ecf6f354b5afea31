#!/usr/bin/env python3
"""What large requests do to small ones: requests of 1 and of 64 rows, alone and beside requests of 4,096 and of 65,536
rows, for one model of 500 trees.

usage: run.sh pieces [--seconds 4] [--rounds 3] [--binary NAME=PATH ...] [--write docs/benchmarks.md]

--binary compares several builds in turns, such as one that does not cut large requests.
"""
import argparse
import contextlib
import http.client
import os
import sys
import threading

import bench
import load
import own
import processes
import report

PATH = "/v2/models/forest/infer"
SMALL = [1, 64]
LARGE = [0, 4096, 65536]


class Large(threading.Thread):
    """Sends a large request after the other until it is told to stop."""

    def __init__(self, port, body, length):
        super().__init__()
        self.port, self.body, self.length = port, body, length
        self.count, self.done = 0, threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(self.length)}
        while not self.done.is_set():
            connection.request("POST", PATH, self.body, headers)
            response = connection.getresponse()
            raw = response.read()
            if response.status != 200:
                raise SystemExit(f"{response.status} {raw[:200]!r}")
            self.count += 1
        connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=4, help="of the small requests")
    parser.add_argument("--large", type=int, default=2, help="connections of the large requests")
    parser.add_argument("--binary", action="append", metavar="NAME=PATH")
    parser.add_argument("--write", metavar="FILE")
    options = parser.parse_args()
    os.makedirs(f"{bench.HOME}/logs", exist_ok=True)
    processes.adopt_orphans()
    binaries = dict(x.split("=", 1) for x in options.binary or [f"coppice={own.COPPICE}"])
    bodies = {count: own.tensor(own.rows(count)) for count in [*SMALL, *filter(None, LARGE)]}
    found = {}
    with contextlib.ExitStack() as stack:
        ports = {}
        for name, binary in binaries.items():
            root = own.repository(f"pieces-{name}", forest=[own.forest()])
            ports[name] = stack.enter_context(own.server(root, "--max-body-bytes", str(64 << 20), binary=binary))
        for turn in range(options.rounds):
            for large in LARGE:
                for small in SMALL:
                    for name, port in ports.items():
                        body, length = bodies[small]
                        os.environ["JSON_LENGTH"] = str(length)
                        others = [Large(port, *bodies[large]) for _ in range(options.large if large else 0)]
                        for other in others:
                            other.start()
                        result = load.wrk(port, PATH, own.body_file("pieces", body), options.connections, options.seconds)
                        for other in others:
                            other.done.set()
                        for other in others:
                            other.join()
                        result["large"] = sum(other.count for other in others) / options.seconds
                        found.setdefault((name, large, small), []).append(result)
            print(f"round {turn + 1} of {options.rounds}", file=sys.stderr, flush=True)
    lines = [own.heading(options.seconds, options.rounds), "",
             "| server | beside | large/s | " + " | ".join(f"{s} rows: req/s | p50 / p99 ms" for s in SMALL) + " | errors |",
             "|---|---|" + "---:|" * (2 + 2 * len(SMALL))]
    for name in binaries:
        for large in LARGE:
            cells, errors, rates = [], 0, []
            for small in SMALL:
                results = found[name, large, small]

                def of(key):
                    return own.median(r[key] for r in results)

                cells += [report.rate(of("rps")), f"{report.milliseconds(of('p50_ms'))} / {report.milliseconds(of('p99_ms'))}"]
                errors += sum(r["errors"] for r in results)
                rates.append(report.rate(of("large")))
            beside = f"{large:,} rows" if large else "nothing"
            lines.append(f"| {name} | {beside} | {' / '.join(rates) if large else '-'} | {' | '.join(cells)} | {errors} |")
    table = "\n".join(lines)
    print(table)
    if options.write:
        report.replace_in(options.write, table, "pieces")


if __name__ == "__main__":
    main()
