"""A `coppice serve` under test, with the recorded Iris model, and what XGBoost itself answered for its rows."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile

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


def repository(folder):
    version = pathlib.Path(folder) / "models/iris/1"
    version.mkdir(parents=True)
    shutil.copy(FIXTURES / "iris-softprob.json", version / "model.json")
    (version / "manifest.json").write_text(json.dumps({
        "task": "multiclass-classification", "labels": LABELS,
        "features": [{"name": name, "type": "float"} for name in FEATURES]}))
    return str(version.parents[1])


class Server:
    """A process; `log` has the lines that it wrote until it listened."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [BINARY, "serve", *arguments, "--port", "0", "--grpc-port", "0"], stderr=subprocess.PIPE,
            env=dict(os.environ, COPPICE_LOG_FORMAT="json"), text=True)
        ports = {}
        while len(ports) < 2:
            line = self.process.stderr.readline()
            if not line:
                raise AssertionError(f"coppice serve ended with {self.process.wait()}")
            fields = json.loads(line)
            if fields["message"].startswith("listening"):
                ports["grpc" if "gRPC" in fields["message"] else "http"] = int(fields["port"])
        self.address = f"127.0.0.1:{ports['grpc']}"
        self.http = f"127.0.0.1:{ports['http']}"

    def stop(self):
        """SIGTERM; the rest of the log, line by line as objects. It must end with exit code 0."""
        self.process.send_signal(signal.SIGTERM)
        return self.rest()

    def rest(self):
        lines = [json.loads(line) for line in self.process.stderr]
        assert self.process.wait() == 0
        return lines


@contextlib.contextmanager
def serving(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(repository(folder), *arguments)
        try:
            yield server
            if server.process.poll() is None:
                server.stop()
        finally:
            server.process.kill()
            server.process.stderr.close()
            server.process.wait()
