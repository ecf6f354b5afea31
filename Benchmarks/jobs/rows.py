#!/usr/bin/env python3
"""A table of a million rows as one job, beside pandas and XGBoost on the same cores.

    python3 rows.py COPPICE-BINARY [--rows 1000000] [--redis]

Needs numpy, pandas and xgboost. Each side reads the same CSV file, predicts and writes the
predictions as CSV; the time of each is from the first byte read to the last byte written. They take
turns, so that a machine that changes its speed changes it for both. With --redis there is a
redis-server and two workers, otherwise one `coppice serve`.
"""
import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("binary")
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--columns", type=int, default=28)
parser.add_argument("--trees", type=int, default=100)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--redis", action="store_true")
parser.add_argument("--data", help="a folder that keeps the table and the model between runs")
options = parser.parse_args()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(*command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def until_ready(port):
    for _ in range(300):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").read()
            return
        time.sleep(0.05)
    raise SystemExit("coppice serve did not start")


def prepare(folder):
    import numpy as np
    import pandas as pd
    import xgboost as xgb

    if os.path.exists(f"{folder}/rows.csv"):
        return
    random = np.random.default_rng(1)
    names = [f"f{n}" for n in range(options.columns)]
    rows = random.normal(size=(options.rows, options.columns)).astype(np.float32)
    labels = (rows[:, 0] * rows[:, 1] + rows[:, 2] + random.normal(size=options.rows) > 0).astype(int)
    model = xgb.train(
        {"objective": "binary:logistic", "max_depth": 6, "nthread": 2},
        xgb.DMatrix(rows[:50_000], labels[:50_000], feature_names=names), options.trees)
    os.makedirs(f"{folder}/models/m/1", exist_ok=True)
    model.save_model(f"{folder}/models/m/1/model.json")
    pd.DataFrame(rows, columns=names).to_csv(f"{folder}/rows.csv", index=False, float_format="%.6f")


PEER = """
import sys, time
import pandas as pd, xgboost as xgb
folder = sys.argv[1]
model = xgb.Booster(model_file=folder + "/models/m/1/model.json")
model.set_param({"nthread": 2})
start = time.perf_counter()
rows = pd.read_csv(folder + "/rows.csv", dtype="float32")
answers = model.predict(xgb.DMatrix(rows))
pd.DataFrame({"prediction": answers}).to_csv(folder + "/peer.csv", index=False)
print(time.perf_counter() - start)
"""


def peer(folder):
    import sys
    return float(subprocess.check_output([sys.executable, "-c", PEER, folder]))


def coppice(folder, port):
    start = time.perf_counter()
    accepted = subprocess.check_output(
        ["curl", "-sS", "-T", f"{folder}/rows.csv", "-X", "POST", "-H", "Content-Type: text/csv",
         "-H", "Expect:", f"http://127.0.0.1:{port}/api/jobs"])
    job = json.loads(accepted)["id"]
    address = f"http://127.0.0.1:{port}/api/jobs/{job}"
    while json.loads(urllib.request.urlopen(address + "?wait=60s").read())["status"] != "done":
        pass
    subprocess.check_call(["curl", "-sS", "-o", f"{folder}/coppice.csv", address + "/result"])
    return time.perf_counter() - start


def largest_difference(folder):
    import pandas as pd
    ours = pd.read_csv(f"{folder}/coppice.csv")
    peers = pd.read_csv(f"{folder}/peer.csv")
    assert len(ours) == len(peers) == options.rows
    # Coppice answers the class; XGBoost's booster the probability.
    return int((ours["prediction"] != (peers["prediction"] > 0.5)).sum())


def main():
    with tempfile.TemporaryDirectory() as state, contextlib.ExitStack() as stack:
        folder = options.data or state
        prepare(folder)
        port = free_port()
        serve = [options.binary, "serve", f"{folder}/models", "--port", str(port), "--no-grpc"]
        if options.redis:
            redis = free_port()
            url = f"redis://127.0.0.1:{redis}"
            stack.enter_context(running("redis-server", "--port", str(redis), "--save", ""))
            for _ in range(2):
                stack.enter_context(
                    running(options.binary, "worker", f"{folder}/models", "--redis", url))
            serve += ["--redis", url]
        else:
            serve += ["--jobs-file", f"{state}/jobs.sqlite"]
        stack.enter_context(running(*serve))
        until_ready(port)
        turns = [(peer(folder), coppice(folder, port)) for _ in range(options.rounds)]
        theirs, ours = (statistics.median(times) for times in zip(*turns))
        ratios = sorted(a / b for a, b in turns)
        print(f"rows {options.rows}, columns {options.columns}, trees {options.trees}, "
              f"rows that differ {largest_difference(folder)}; medians of {options.rounds} turns")
        print(f"pandas + xgboost  {theirs:7.2f} s  {options.rows / theirs:12,.0f} rows/s")
        print(f"coppice           {ours:7.2f} s  {options.rows / ours:12,.0f} rows/s  "
              f"{statistics.median(ratios):.1f} times ({ratios[0]:.1f} to {ratios[-1]:.1f})")


main()
