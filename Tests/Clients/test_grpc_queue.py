"""gRPC in front of the queue: deadlines, cancelled calls, workers, and a stop with calls under way."""
import signal
import subprocess
import tempfile
import threading
import time

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2

from grpc_server import BINARY, Server, metrics, recorded, redis, repository, serving, until

ROWS, PROBABILITIES = recorded()


def row(index=0):
    tensor = triton.InferInput("input", [1, 4], "FP32")
    tensor.set_data_from_numpy(ROWS[index:index + 1])
    return tensor


def request():
    message = service_pb2.ModelInferRequest(model_name="iris")
    message.inputs.add(name="input", datatype="FP32", shape=[1, 4])
    message.raw_input_contents.append(ROWS[0].tobytes())
    return message


def test_the_queue():
    with redis() as (url, _), tempfile.TemporaryDirectory() as folder:
        models = repository(folder)
        server = Server(models, "--redis", url)
        worker = None
        try:
            with triton.InferenceServerClient(server.address) as client:
                # Without a worker nothing is answered.
                start = time.monotonic()
                with pytest.raises(grpc.RpcError) as caught:
                    client._client_stub.ModelInfer(request(), timeout=0.3)
                assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
                message = request()
                message.parameters["timeout"].int64_param = 200_000
                with pytest.raises(grpc.RpcError) as caught:
                    client._client_stub.ModelInfer(message)
                assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
                assert time.monotonic() - start < 5
                cancelled = client._client_stub.ModelInfer.future(request())
                cancelled.cancel()
                # The connection is still usable, and a worker's answers are the library's.
                worker = subprocess.Popen([BINARY, "worker", models, "--redis", url], stderr=subprocess.DEVNULL)
                for index in range(20):
                    result = client.infer("iris", [row(index)], outputs=[triton.InferRequestedOutput("predict_proba")])
                    assert np.array_equal(result.as_numpy("predict_proba")[0], PROBABILITIES[index])
                # Whichever class of the queue a priority means, it is answered.
                for priority in (0, 1, 2, 3, 1000):
                    result = client.infer("iris", [row()], priority=priority)
                    assert result.as_numpy("predict") is not None
            server.stop()
            codes = {line["status"] for line in server.lines if line["message"] == "call"}
            assert {"OK", "DEADLINE_EXCEEDED"} <= codes
        finally:
            server.process.kill()
            if worker:
                worker.kill()
                worker.wait()


def test_a_stop_finishes_what_is_under_way():
    with redis() as (url, _), serving("--redis", url) as server, grpc.insecure_channel(server.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        infer = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=service_pb2.ModelInferRequest.SerializeToString,
            response_deserializer=service_pb2.ModelInferResponse.FromString)
        under_way = infer.future(request(), timeout=3)
        open_for_ever = threading.Event()
        stream = channel.stream_stream(
            "/inference.GRPCInferenceService/ModelStreamInfer",
            response_deserializer=service_pb2.ModelStreamInferResponse.FromString)(nothing_until(open_for_ever))
        # The job is in the queue when the queue says so.
        until(lambda: b"coppice_jobs_enqueued_total 1" in metrics(server))
        worker = subprocess.Popen(
            [BINARY, "worker", server.process.args[2], "--redis", url, "--port", "0"], stderr=subprocess.DEVNULL)
        try:
            server.process.send_signal(signal.SIGTERM)
            assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
            with pytest.raises(grpc.RpcError) as caught:
                next(stream)
            assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
            assert under_way.result().outputs
            with pytest.raises(grpc.RpcError) as caught:
                infer(request(), timeout=3)
            assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
            server.ended()
        finally:
            open_for_ever.set()
            worker.kill()
            worker.wait()


def nothing_until(event):
    event.wait()
    yield from ()
