"""Servers, models and requests of the benchmarks that compare Coppice with itself."""
import contextlib
import http.client
import json
import os
import random
import shutil
import statistics
import struct
import subprocess
import time

import bench
import processes

MODELS = f"{bench.HOME}/models"
COPPICE = os.environ["COPPICE"]
FEATURES = 28


def forest():
    """A model file of 500 trees of depth 6 on 28 features, trained when it is not there yet."""
    file = f"{MODELS}/forest.json"
    if not os.path.exists(file):
        rng = random.Random(7)
        os.makedirs(MODELS, exist_ok=True)
        with open(f"{MODELS}/forest.csv", "w") as f:
            print(",".join(f"f{i}" for i in range(FEATURES)), "y", sep=",", file=f)
            for _ in range(20000):
                x = [rng.gauss(0, 1) for _ in range(FEATURES)]
                y = x[0] * x[1] + 0.4 * sum(x[2:10]) + rng.gauss(0, 1) > 0
                print(",".join(f"{v:.4g}" for v in x), "yes" if y else "no", sep=",", file=f)
        output = f"{MODELS}/forest"
        shutil.rmtree(output, ignore_errors=True)
        subprocess.run([COPPICE, "train", "--data", f"{MODELS}/forest.csv", "--label", "y", "--output", output, "--rounds",
                        "500", "--param", "max_depth=6", "--param", "eta=0.1"], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(f"{output}/1/model.json", file)
    return file


def repository(name, **models):
    """A folder with these models: a list of files each, the versions from 1 on."""
    root = f"{bench.HOME}/own/{name}"
    shutil.rmtree(root, ignore_errors=True)
    for model, files in models.items():
        for version, file in enumerate(files, 1):
            os.makedirs(f"{root}/{model}/{version}")
            os.link(file, f"{root}/{model}/{version}/model.json")
    return root


@contextlib.contextmanager
def server(root, *arguments, binary=COPPICE):
    """A running `coppice serve`; gives its port."""
    port = processes.free_ports()
    with open(f"{bench.HOME}/logs/own-{os.path.basename(root)}.log", "w") as log:
        process = subprocess.Popen([binary, "serve", root, "--port", str(port), "--no-grpc", "--log-level", "warning",
                                    *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                if call(port, "GET", "/readyz")[0] == 200:
                    break
            if process.poll() is not None:
                raise SystemExit(f"coppice ended with {process.returncode}; see {log.name}")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def call(port, method, path, content=None):
    """One call with JSON, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        body = None if content is None else json.dumps(content)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def must(port, method, path, content=None):
    status, raw = call(port, method, path, content)
    if status >= 300:
        raise SystemExit(f"{method} {path}: {status} {raw[:300]!r}")


def body_file(name, content):
    file = f"{bench.HOME}/body-{name}"
    with open(file, "wb") as f:
        f.write(content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode())
    return file


def rows(count, seed=3):
    rng = random.Random(seed)
    return [[round(rng.gauss(0, 1), 4) for _ in range(FEATURES)] for _ in range(count)]


def tensor(rows):
    """Rows as a binary tensor of the Open Inference Protocol, and the length of its JSON."""
    head = json.dumps({
        "inputs": [{"name": "input", "shape": [len(rows), len(rows[0])], "datatype": "FP32",
                    "parameters": {"binary_data_size": 4 * len(rows) * len(rows[0])}}],
        "outputs": [{"name": "predict", "parameters": {"binary_data": True}}]}).encode()
    return head + b"".join(struct.pack(f"<{len(r)}f", *r) for r in rows), len(head)


def median(values):
    return statistics.median(values)


def heading(seconds, rounds):
    machine = bench.machine()
    return (f"Measured on {machine['date']}: {machine['cores']} cores of {machine['cpu']}, {rounds} rounds of {seconds} s "
            f"each in turn, medians; Coppice {machine['revision']}.")
