#!/usr/bin/env python3
"""Measures 1,000 rows x 28 features through a 200-tree model, server after server in one run; see README.md."""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

import bench
import load
import processes
import report

MODELS = f"{bench.HOME}/models"
# Name -> start script, path, body.
SERVERS = {
    "coppice, V2 binary": ("coppice-wide", "/v2/models/wide/infer", "batch-coppice.bin"),
    "coppice, V2 JSON": ("coppice-wide", "/v2/models/wide/infer", "batch-coppice.json"),
    "fastapi + orjson": ("fastapi-uvicorn", "/batch", "batch-plain.json"),
    "mlserver, V2 JSON": ("mlserver", "/v2/models/wide/infer", "batch-mlserver.json"),
}


def answer(raw, json_length):
    """The probabilities in any of the answers."""
    if json_length:
        length = json.JSONDecoder().raw_decode(raw.decode("latin-1"))[1]
        return struct.unpack("<1000f", raw[length:])
    content = json.loads(raw)
    return content["probabilities"] if "probabilities" in content else content["outputs"][0]["data"]


def measure(name, options):
    script, path, body_name = SERVERS[name]
    body_file = f"{MODELS}/{body_name}"
    with open(body_file, "rb") as f:
        body = f.read()
    with open(f"{MODELS}/batch-answer.json") as f:
        expected = json.load(f)
    json_length = open(f"{MODELS}/batch-coppice.length").read() if body_name.endswith(".bin") else None
    headers = {"Inference-Header-Content-Length": json_length} if json_length else {}
    os.environ.pop("JSON_LENGTH", None)
    if json_length:
        os.environ["JSON_LENGTH"] = json_length
    port = processes.free_ports()
    with open(f"{bench.HOME}/logs/batch-{script}.log", "w") as log, tempfile.TemporaryDirectory() as run:
        server = subprocess.Popen(["bash", f"{load.HERE}/start/{script}.sh", str(port)], stdout=log, stderr=log,
                                  stdin=subprocess.DEVNULL, start_new_session=True, env=dict(os.environ, RUN_DIR=run))
        try:
            end, why = time.time() + 90, "no answer"
            while time.time() < end and server.poll() is None:
                try:
                    status, raw = load.post(port, path, body, headers=headers)
                    why = f"{status} {raw[:200]!r}"
                    if status == 200:
                        break
                except OSError as e:
                    why = repr(e)
                time.sleep(0.1)
            else:
                return {"skipped": why}
            found = answer(raw, json_length)
            worst = max(abs(a - b) for a, b in zip(found, expected, strict=True))
            if worst > 1e-6 and not set(found) <= {0, 1}:
                return {"skipped": f"wrong by {worst}"}
            load.wrk(port, path, body_file, 2, options.warm_up)
            return {"load": [load.wrk(port, path, body_file, c, options.seconds) for c in options.connections]}
        finally:
            processes.end_all(server)


def markdown(results):
    lines = [
        f"Measured on {results['date']}: {results['cores']} cores of {results['cpu']}, {results['seconds']} s a level; "
        f"Coppice {results['revision']}.", "", "| server | " +
        " | ".join(f"{c}: rows/s | p50 / p99 ms" for c in results["connections"]) + " | CPU µs/request | errors |",
        "|---|" + "---:|---:|" * len(results["connections"]) + "---:|---:|"]
    for name, r in results["servers"].items():
        if "skipped" in r:
            lines.append(f"| {name} | not measured: {r['skipped'][:100]} |")
            continue
        cells = [f"{x['rps'] * 1000:,.0f} | {report.milliseconds(x['p50_ms'])} / {report.milliseconds(x['p99_ms'])}"
                 for x in r["load"]]
        lines.append(f"| {name} | {' | '.join(cells)} | {r['load'][-1]['cpu_us']:,.0f} | "
                     f"{sum(x['errors'] for x in r['load'])} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("servers", nargs="*")
    parser.add_argument("--connections", type=lambda s: [int(x) for x in s.split(",")], default=[1, 4])
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--write", metavar="FILE")
    options = parser.parse_args()
    processes.adopt_orphans()
    os.makedirs(f"{bench.HOME}/logs", exist_ok=True)
    results = dict(bench.machine(), connections=options.connections, seconds=options.seconds, servers={})
    for name in options.servers or SERVERS:
        r = results["servers"][name] = measure(name, options)
        brief = r.get("skipped") or " ".join(f"{x['connections']}: {x['rps'] * 1000:.0f} rows/s" for x in r["load"])
        print(f"{name}: {brief}", file=sys.stderr, flush=True)
    table = markdown(results)
    print(table)
    if options.write:
        report.replace_in(options.write, table, "batch")


if __name__ == "__main__":
    main()
