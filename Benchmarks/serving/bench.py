#!/usr/bin/env python3
"""Measures servers of one model side by side with one client. See README.md; run.sh prepares and calls it."""
import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

import load
import processes
import report

HOME = os.environ["BENCH_HOME"]
TUTORIAL = os.environ.get("TUTORIAL_DIR", "")
ROW = [5.9, 3.2, 4.8, 1.8]
PLAIN = {"data": ROW}
OPEN_INFERENCE = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": ROW}]}

# Name -> path and body; the server is start/NAME.sh.
SERVERS = {
    "coppice": ("/api/predict", PLAIN),
    "coppice-queue-1": ("/api/predict", PLAIN),
    "coppice-queue-6": ("/api/predict", PLAIN),
    "tutorial-flask": ("/api/predict", PLAIN),
    "tutorial-queue-1": ("/api/predict", PLAIN),
    "tutorial-queue-6": ("/api/predict", PLAIN),
    "flask-gunicorn": ("/predict", PLAIN),
    "fastapi-uvicorn": ("/predict", PLAIN),
    "granian-onnx": ("/predict", PLAIN),
    "mlserver": ("/v2/models/iris/infer", OPEN_INFERENCE),
    "pytriton": ("/v2/models/iris/infer", OPEN_INFERENCE),
    "bentoml": ("/predict", PLAIN),
    "litserve": ("/predict", PLAIN),
    "celery": ("/predict", PLAIN),
    "rq": ("/predict", PLAIN),
    "queue-blpop": ("/predict", PLAIN),
    "nginx-static": ("/", PLAIN),
}

# Those that answer gRPC, on the next port -> the name of their input.
# Connections and calls in flight on each, as gRPC's own clients share a connection.
MULTIPLEXED = (4, 16)
GRPC = {"coppice": "input", "mlserver": "x", "pytriton": "x"}


class NotMeasured(Exception):
    """Why a server was left out."""


@contextlib.contextmanager
def running(name):
    """Starts a server and gives the function that loads it, and when it first answered, in seconds; ends it, and all
    others that run."""
    path, content = SERVERS[name]
    if name.startswith("tutorial-") and not os.path.isdir(f"{TUTORIAL}/src"):
        raise NotMeasured("TUTORIAL_DIR names no checkout of it")
    body = json.dumps(content, separators=(",", ":")).encode()
    body_file = f"{HOME}/body-{name}.json"
    with open(body_file, "wb") as f:
        f.write(body)
    port = processes.free_ports()
    with open(f"{HOME}/logs/{name}.log", "w") as log, tempfile.TemporaryDirectory() as run:
        started = time.time()
        server = subprocess.Popen(["bash", f"{load.HERE}/start/{name}.sh", str(port)], stdout=log, stderr=log,
                                  stdin=subprocess.DEVNULL, start_new_session=True, env=dict(os.environ, RUN_DIR=run))

        def ask(connections, seconds):
            # One answered request: what the level before left in a queue is done by then.
            why_not = load.first_answer(port, path, body, server, limit=60)
            if why_not:
                raise NotMeasured(f"before {connections} connections: {why_not}")
            return load.wrk(port, path, body_file, connections, seconds)

        try:
            why_not = load.first_answer(port, path, body, server, limit=90)
            if why_not:
                raise NotMeasured(why_not)
            yield port, ask, round(time.time() - started, 3)
        finally:
            processes.end_all(server)


def measure(name, options):
    """Starts a server, loads it at each level and ends it."""
    try:
        with running(name) as (port, ask, first_answer):
            ask(16, options.warm_up)
            result = {"first_answer_s": first_answer, "load": [ask(c, options.seconds) for c in options.connections]}
            if name in GRPC:
                message = load.grpc_message(GRPC[name], ROW)
                shapes = [(c, 1) for c in options.connections] + [MULTIPLEXED]
                result["grpc"] = [load.h2load(port + 1, message, *shape, options.seconds) for shape in shapes]
            result["rss_mib"], result["pss_mib"] = processes.memory(processes.descendants())
            return result
    except NotMeasured as why:
        return {"skipped": str(why)}


def take_turns(names, options):
    """Loads servers that are all alive, one after the other, again and again: what the machine does to one of them it
    does to all. Gives the turns of each, at the first level."""
    connections = options.connections[0]
    with contextlib.ExitStack() as stack:
        ask = {name: stack.enter_context(running(name))[1] for name in names}
        for name in names:
            ask[name](connections, options.warm_up)
        turns = {name: [] for name in names}
        for turn in range(options.turns):
            for name in names[::-1] if turn % 2 else names:
                turns[name].append(ask[name](connections, options.seconds))
        return turns


def machine():
    with open("/proc/cpuinfo") as f:
        cpu = next((x.split(":")[1].strip() for x in f if x.startswith("model name")), "?")
    revision = subprocess.run(["git", "-C", load.HERE, "describe", "--always", "--dirty"],
                              capture_output=True, text=True).stdout.strip()
    return {"date": time.strftime("%Y-%m-%d"), "cpu": cpu, "cores": os.cpu_count(), "kernel": platform.release(),
            "revision": revision or "?"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("servers", nargs="*", help=f"by default all: {' '.join(SERVERS)}")
    parser.add_argument("--connections", type=lambda s: [int(x) for x in s.split(",")], default=[1, 16, 64, 256])
    parser.add_argument("--seconds", type=int, default=8, help="at each level")
    parser.add_argument("--warm-up", type=int, default=3, help="seconds")
    parser.add_argument("--turns", type=int, metavar="N", help="the servers alive side by side, asked in turns, N times, at "
                        "the first number of connections")
    parser.add_argument("--write", metavar="FILE", help="put the table between its marks in this file")
    options = parser.parse_args()
    unknown = set(options.servers) - set(SERVERS)
    if unknown:
        parser.error(f"unknown servers: {' '.join(sorted(unknown))}; known: {' '.join(SERVERS)}")

    processes.adopt_orphans()
    os.makedirs(f"{HOME}/logs", exist_ok=True)
    if options.turns:
        try:
            print(report.turns(machine(), take_turns(options.servers or list(SERVERS), options)))
        except NotMeasured as why:
            sys.exit(f"a server is not measured ({HOME}/logs): {why}")
        return
    results = dict(machine(), connections=options.connections, seconds=options.seconds, servers={})
    for name in options.servers or SERVERS:
        r = results["servers"][name] = measure(name, options)
        brief = r.get("skipped") or " ".join(f"{x['connections']}: {x['rps']:.0f}/s" for x in r["load"])
        print(f"{time.strftime('%H:%M:%S')} {name}: {brief}", file=sys.stderr, flush=True)
        with open(f"{HOME}/results.json", "w") as f:
            json.dump(results, f, indent=1)
    table = report.markdown(results)
    print(table)
    if options.write:
        report.replace_in(options.write, table)


if __name__ == "__main__":
    main()
