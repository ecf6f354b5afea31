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
    """(rows, probabilities), to the last bit; rows with infinity, which JSON has not, left out."""
    recording = json.loads((FIXTURES / "iris-softprob.expected.json").read_text())

    def floats(bits, width):
        return np.frombuffer(struct.pack(f"<{len(bits)}I", *bits), dtype="<f4").reshape(-1, width)

    rows = floats(recording["rows"], recording["columns"])
    usable = ~np.isinf(rows).any(axis=1)
    return rows[usable], floats(recording["predictions"], recording["outputs"])[usable]


@contextlib.contextmanager
def serving(*arguments, **environment):
    """The address of a server; it must end with exit code 0 on SIGTERM."""
    with tempfile.TemporaryDirectory() as folder:
        version = pathlib.Path(folder) / "models/iris/1"
        version.mkdir(parents=True)
        shutil.copy(FIXTURES / "iris-softprob.json", version / "model.json")
        (version / "manifest.json").write_text(json.dumps({
            "task": "multiclass-classification", "labels": LABELS,
            "features": [{"name": name, "type": "float"} for name in FEATURES]}))
        with open(pathlib.Path(folder) / "log", "w+") as log:
            process = subprocess.Popen(
                [BINARY, "serve", str(version.parents[1]), "--port", "0", "--no-grpc", *arguments], stderr=subprocess.PIPE,
                env=dict(os.environ, COPPICE_LOG_FORMAT="json", COPPICE_LOG_LEVEL="info", **environment), text=True)
            drain = None
            try:
                port = None
                while port is None:
                    line = process.stderr.readline()
                    assert line, f"coppice serve ended with {process.wait()}"
                    fields = json.loads(line)
                    port = fields["port"] if fields["message"] == "listening" else None
                # What it writes from now on must not fill the pipe.
                drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)
                yield f"127.0.0.1:{port}"
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0
            finally:
                process.kill()
                process.wait()
                process.stderr.close()
                if drain:
                    drain.wait()
