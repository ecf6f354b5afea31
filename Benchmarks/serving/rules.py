#!/usr/bin/env python3
"""What versions and traffic rules cost a request of one row: servers with more and more of them, in turns.

usage: run.sh rules [--seconds 1] [--rounds 32] [--write docs/benchmarks.md]
"""
import argparse
import contextlib
import os
import sys

import bench
import load
import own
import processes
import report

RULE = {"weights": {"1": 60, "2": 20, "3": 20}, "sticky_header": "X-User",
        "rollback": {"error_rate": 0.5, "latency_ratio": 1000, "score_shift": 0.9}}
# Name -> versions of the model, and the rule.
SETUPS = {
    "one version, no rule": (1, None),
    "five versions": (5, None),
    "and weights, sticky, rollback": (5, RULE),
    "and a shadow of 10 %": (5, dict(RULE, shadow={"version": "4", "percent": 10})),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=32)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--write", metavar="FILE")
    options = parser.parse_args()
    os.makedirs(f"{bench.HOME}/logs", exist_ok=True)
    processes.adopt_orphans()
    os.environ["USERS"] = "1000"
    body = own.body_file("rules.json", bench.PLAIN)
    found = {name: [] for name in SETUPS}
    with contextlib.ExitStack() as stack:
        ports = {}
        for number, (name, (versions, rule)) in enumerate(SETUPS.items()):
            root = own.repository(f"rules-{number}", iris=[f"{own.MODELS}/iris.json"] * versions)
            ports[name] = port = stack.enter_context(own.server(root, "--admin", "--version-policy", "all"))
            for version in range(1, versions + 1 if versions > 1 else 0):
                own.must(port, "PUT", f"/admin/models/iris/labels/label-{version}", {"version": str(version)})
            if rule:
                own.must(port, "PUT", "/admin/models/iris/traffic", rule)
            load.wrk(port, "/api/predict", body, options.connections, 1)
        for turn in range(options.rounds):
            names = list(SETUPS)
            # Each is first as often as the others.
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                found[name].append(load.wrk(ports[name], "/api/predict", body, options.connections, options.seconds))
            print(f"round {turn + 1} of {options.rounds}", file=sys.stderr, flush=True)
    bare = found["one version, no rule"]
    lines = [own.heading(options.seconds, options.rounds), "",
             "| server | req/s | p50 / p99 ms | CPU µs/request | CPU, times the first | errors |", "|---|" + "---:|" * 5]
    for name, results in found.items():
        def of(key):
            return own.median(r[key] for r in results)

        ratio = own.median(r["cpu_us"] / b["cpu_us"] for r, b in zip(results, bare))
        lines.append(f"| {name} | {report.rate(of('rps'))} | {report.milliseconds(of('p50_ms'))} / "
                     f"{report.milliseconds(of('p99_ms'))} | {of('cpu_us'):.1f} | {ratio:.3f} | "
                     f"{sum(r['errors'] for r in results)} |")
    table = "\n".join(lines)
    print(table)
    if options.write:
        report.replace_in(options.write, table, "rules")


if __name__ == "__main__":
    main()
