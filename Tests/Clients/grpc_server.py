"""A `coppice serve` under test, with the recorded Iris model, and what XGBoost itself answered for its rows."""
import contextlib
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.request

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("COPPICE_BINARY", str(ROOT / ".build/debug/coppice"))
FIXTURES = ROOT / "Tests/Fixtures/xgboost/1.7.6"
FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
LABELS = ["setosa", "versicolor", "virginica"]


def recorded():
    """(rows, probabilities), to the last bit."""
    with open(FIXTURES / "iris-softprob.expected.json") as f:
        recording = json.load(f)

    def floats(bits, width):
        return np.frombuffer(struct.pack(f"<{len(bits)}I", *bits), dtype="<f4").reshape(-1, width)
    return floats(recording["rows"], recording["columns"]), floats(recording["predictions"], recording["outputs"])


def repository(folder, versions=1):
    models = pathlib.Path(folder) / "models"
    for version in (models / "iris" / str(number + 1) for number in range(versions)):
        version.mkdir(parents=True)
        shutil.copy(FIXTURES / "iris-softprob.json", version / "model.json")
        (version / "manifest.json").write_text(json.dumps({
            "task": "multiclass-classification", "labels": LABELS,
            "features": [{"name": name, "type": "float"} for name in FEATURES]}))
    return str(models)


class Server:
    """A process that listens; `lines` are those of its log, as objects."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [BINARY, "serve", *arguments, "--port", "0", "--grpc-port", "0"], stderr=subprocess.PIPE,
            env=dict(os.environ, COPPICE_LOG_FORMAT="json"), text=True)
        self.lines, ports = [], queue.Queue()
        # A pipe that nobody empties would stop the server.
        self.reader = threading.Thread(target=self.read, args=[ports], daemon=True)
        self.reader.start()
        found = dict(ports.get(timeout=30) for _ in range(2))
        self.address, self.http = (f"127.0.0.1:{found[name]}" for name in ("grpc", "http"))

    def read(self, ports):
        for line in self.process.stderr:
            fields = json.loads(line)
            self.lines.append(fields)
            if fields["message"].startswith("listening"):
                ports.put(("grpc" if "gRPC" in fields["message"] else "http", fields["port"]))

    def stop(self):
        """SIGTERM; it must end with exit code 0."""
        self.process.send_signal(signal.SIGTERM)
        self.ended()

    def ended(self):
        """Waits for its end, and for the end of its log."""
        assert self.process.wait(timeout=30) == 0
        self.reader.join()


@contextlib.contextmanager
def serving(*arguments, versions=1):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(repository(folder, versions), *arguments)
        try:
            yield server
            if server.process.poll() is None:
                server.stop()
        finally:
            server.process.kill()
            server.process.wait()


def until(condition, seconds=20):
    """Waits for a condition, not longer than a test may last."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


@contextlib.contextmanager
def redis():
    """A Redis of its own: its URL, and its process."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL)

        def answers():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as s:
                s.sendall(b"PING\r\n")
                return s.recv(7).startswith(b"+PONG")
        try:
            until(answers)
            yield f"redis://127.0.0.1:{port}", process
        finally:
            process.kill()
            process.wait()


def metrics(server):
    return urllib.request.urlopen(f"http://{server.http}/metrics").read()
