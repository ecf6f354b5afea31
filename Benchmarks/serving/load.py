"""Requests to a server: one that is checked, and many that are timed."""
import http.client
import json
import os
import resource
import struct
import subprocess
import time

import processes

HERE = os.path.dirname(os.path.abspath(__file__))


def post(port, path, body, timeout=20.0, headers={}):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def says_versicolor(raw):
    """Class 1, in any of the peers' answers: {"prediction": 1}, or outputs of the Open Inference Protocol."""
    try:
        answer = json.loads(raw)
        if answer.get("prediction") == 1:
            return True
        for output in answer.get("outputs", []):
            data = output["data"]
            if data in ([1], ["versicolor"]) or (len(data) == 3 and max(data) == data[1]):
                return True
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return False


def first_answer(port, path, body, process, limit):
    """Waits for the first right answer. None, or why there was none."""
    end, last = time.time() + limit, "no connection"
    while time.time() < end:
        if process.poll() is not None:
            return f"exited with {process.returncode}"
        try:
            status, raw = post(port, path, body)
            if status == 200 and says_versicolor(raw):
                return None
            last = f"{status} {raw[:120]!r}"
        except (OSError, http.client.HTTPException) as e:
            last = repr(e)
        time.sleep(0.01)
    return f"no right answer in {limit} s: {last}"


def wrk(port, path, body_file, connections, seconds):
    """One closed loop of wrk over so many kept connections."""
    command = ["wrk", f"-t{min(connections, 2)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency",
               "-s", f"{HERE}/post.lua", f"http://127.0.0.1:{port}{path}"]

    def snapshot():
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (processes.cpu_of(processes.descendants()), client.ru_utime + client.ru_stime,
                processes.cpu_of_machine(), time.time())

    before = snapshot()
    output = subprocess.run(command, env=dict(os.environ, BODY_FILE=body_file), capture_output=True, text=True).stdout
    server, client, machine, wall = (b - a for a, b in zip(before, snapshot()))
    line = next((x for x in output.splitlines() if x.startswith("@RESULT ")), None)
    if line is None:
        raise SystemExit(f"wrk gave no result: {output[-300:]}")
    r = json.loads(line[8:])
    answered = max(r["requests"] - r["status"], 0)
    return {
        "connections": connections, "rps": round(answered / r["seconds"], 1),
        "p50_ms": r["p50_us"] / 1000, "p99_ms": r["p99_us"] / 1000, "max_ms": r["max_us"] / 1000,
        "cpu_us": round(server * 1e6 / answered, 1) if answered else None,
        "other_cpu_pct": round(100 * max(machine - server - client, 0) / wall / os.cpu_count(), 1),
        "errors": sum(r[k] for k in ("connect", "read", "write", "status", "timeout")),
    }


def grpc_message(input_name, row):
    """A ModelInferRequest with one row, in gRPC's frame: every length below is under 128."""
    def field(number, content):
        return bytes([number << 3 | 2, len(content)]) + content

    values = field(5, field(6, struct.pack(f"<{len(row)}f", *row)))
    tensor = field(1, input_name.encode()) + field(2, b"FP32") + field(3, bytes([1, len(row)])) + values
    message = field(1, b"iris") + field(5, tensor)
    return struct.pack(">BI", 0, len(message)) + message


def h2load(port, message, connections, calls, seconds):
    """One closed loop of gRPC calls with h2load, so many calls at a time on each connection."""
    body_file, log_file = (f"{os.environ['BENCH_HOME']}/{x}" for x in ("body.grpc", "h2load.tsv"))
    with open(body_file, "wb") as f:
        f.write(message)
    if os.path.exists(log_file):
        os.unlink(log_file)
    command = ["h2load", "-c", str(connections), "-t", str(min(connections, 2)), "-m", str(calls), "-D", str(seconds),
               "--warm-up-time", "1", "-d", body_file, "-H", "content-type: application/grpc", "-H", "te: trailers",
               "--log-file", log_file, f"http://127.0.0.1:{port}/inference.GRPCInferenceService/ModelInfer"]
    before = processes.cpu_of(processes.descendants())
    output = subprocess.run(command, capture_output=True, text=True).stdout
    cpu = processes.cpu_of(processes.descendants()) - before
    with open(log_file) as f:
        done = [line.split("\t") for line in f if line.count("\t") >= 2]
    latencies = sorted(int(call[2]) for call in done if call[1] == "200")
    if not latencies:
        raise SystemExit(f"h2load gave no result: {output[-300:]}")
    return {
        "connections": connections, "calls": calls, "rps": round(len(latencies) / seconds, 1),
        "p50_ms": latencies[len(latencies) // 2] / 1000, "p99_ms": latencies[len(latencies) * 99 // 100] / 1000,
        "cpu_us": round(cpu * 1e6 / len(latencies), 1), "errors": len(done) - len(latencies),
    }
