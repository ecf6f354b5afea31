"""Triton's own client over gRPC, unchanged."""
import json
import pathlib
import queue
import shutil
import time
import urllib.request

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

from grpc_server import LABELS, ROOT, Server, recorded, serving

ROWS, PROBABILITIES = recorded()


@pytest.fixture(scope="module")
def server():
    with serving("--max-body-bytes", "300000") as server:
        yield server


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(server.address) as client:
        yield client


def rows(values=ROWS, datatype="FP32", dtype=np.float32):
    tensor = triton.InferInput("input", list(values.shape), datatype)
    tensor.set_data_from_numpy(values.astype(dtype))
    return tensor


def wanted(*names, **options):
    return [triton.InferRequestedOutput(name, **options) for name in names]


def test_health_and_metadata(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("iris") and client.is_model_ready("iris", "1")
    assert not client.is_model_ready("rose") and not client.is_model_ready("iris", "9")
    assert client.get_server_metadata().name == "coppice"
    metadata = client.get_model_metadata("iris")
    assert metadata.versions == ["1"] and metadata.platform == "xgboost_json"
    assert [(x.name, x.datatype, list(x.shape)) for x in metadata.inputs] == [("input", "FP32", [-1, 4])]
    outputs = {x.name: (x.datatype, list(x.shape)) for x in metadata.outputs}
    assert outputs["predict_proba"] == ("FP32", [-1, 3])
    config = client.get_model_config("iris").config
    assert config.max_batch_size == 0 and list(config.input[0].dims) == [-1, 4]


def test_probabilities_are_those_of_the_library(client):
    result = client.infer("iris", [rows()], outputs=wanted("predict_proba"), request_id="mine")
    assert result.get_response().id == "mine" and result.get_response().model_version == "1"
    assert result.as_numpy("predict_proba").tobytes() == PROBABILITIES.tobytes()


@pytest.mark.parametrize("datatype,dtype", [
    ("FP64", np.float64), ("FP16", np.float16), ("INT32", np.int32), ("INT64", np.int64), ("UINT8", np.uint8)])
def test_every_datatype(client, datatype, dtype):
    values = np.round(ROWS[(ROWS >= 0).all(axis=1) & (ROWS < 100).all(axis=1)])
    assert len(values) > 10
    expected = client.infer("iris", [rows(values)], outputs=wanted("predict_proba"))
    result = client.infer("iris", [rows(values, datatype, dtype=dtype)], outputs=wanted("predict_proba"))
    assert np.array_equal(result.as_numpy("predict_proba"), expected.as_numpy("predict_proba"))


def test_a_batch_equals_its_rows_one_by_one(client):
    names = [x.name for x in client.get_model_metadata("iris").outputs]
    together = client.infer("iris", [rows()], outputs=wanted(*names))
    for index in range(len(ROWS)):
        alone = client.infer("iris", [rows(ROWS[index:index + 1])], outputs=wanted(*names))
        for name in names:
            assert np.array_equal(alone.as_numpy(name), together.as_numpy(name)[index:index + 1]), name


KINDS = ["xgboost/3.4.1/multi-softmax.json", "xgboost/3.4.1/early-stopping-classifier.json",
         "xgboost/3.4.1/multiple-targets.json", "xgboost/1.7.6/count-poisson.json", "lightgbm/4.7.0/binary.txt",
         "pickle/sklearn-1.9.1/forest-binary.pkl"]


def test_a_batch_equals_its_rows_one_by_one_for_every_kind_of_model(tmp_path):
    names = {}
    for number, file in enumerate(KINDS):
        names[f"m{number}"] = file
        (tmp_path / f"m{number}/1").mkdir(parents=True)
        shutil.copy(ROOT / "Tests/Fixtures" / file, tmp_path / f"m{number}/1/model{pathlib.Path(file).suffix}")
    server = Server(str(tmp_path), "--strict")
    try:
        with triton.InferenceServerClient(server.address) as client:
            for name in names:
                metadata = client.get_model_metadata(name)
                width = metadata.inputs[0].shape[1]
                batch = np.random.default_rng(7).uniform(0, 8, (7, width)).astype(np.float32)
                outputs = [x.name for x in metadata.outputs]
                together = client.infer(name, [rows(batch)], outputs=wanted(*outputs))
                for index in range(len(batch)):
                    alone = client.infer(name, [rows(batch[[index]])], outputs=wanted(*outputs))
                    for output in outputs:
                        assert np.array_equal(alone.as_numpy(output), together.as_numpy(output)[[index]]), (names[name], output)
        server.stop()
    finally:
        server.process.kill()
        server.process.wait()


def test_columns_by_name(client):
    columns = []
    for index, name in enumerate(["sepal_length", "sepal_width", "petal_length", "petal_width"]):
        column = triton.InferInput(name, [len(ROWS)], "FP32")
        column.set_data_from_numpy(np.ascontiguousarray(ROWS[:, index]))
        columns.append(column)
    result = client.infer("iris", columns[::-1], outputs=wanted("predict_proba"))
    assert np.array_equal(result.as_numpy("predict_proba"), PROBABILITIES)


def test_classification(client):
    result = client.infer("iris", [rows()], outputs=wanted("predict_proba", class_count=1))
    names = [x.decode().split(":")[2] for x in result.as_numpy("predict_proba").flatten()]
    assert names == [LABELS[i] for i in PROBABILITIES.argmax(1)]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_messages(client, algorithm):
    result = client.infer(
        "iris", [rows()], outputs=wanted("predict_proba"), compression_algorithm=algorithm)
    assert np.array_equal(result.as_numpy("predict_proba"), PROBABILITIES)


@pytest.mark.parametrize("algorithm", [None, "gzip"])
def test_async_and_stream(client, algorithm):
    answers = queue.Queue()
    client.async_infer("iris", [rows()], lambda result, error: answers.put((result, error)))
    result, error = answers.get(timeout=10)
    assert error is None and result.as_numpy("predict_proba") is not None

    client.start_stream(lambda result, error: answers.put((result, error)), compression_algorithm=algorithm)
    for index in range(3):
        client.async_stream_infer("iris", [rows(ROWS[index:index + 1])], outputs=wanted("predict_proba"))
        # What is wrong with one request of a stream is an answer too.
        client.async_stream_infer("iris", [rows(ROWS[:, :2])])
        result, error = answers.get(timeout=10)
        assert error is None and np.array_equal(result.as_numpy("predict_proba")[0], PROBABILITIES[index])
        result, error = answers.get(timeout=10)
        assert "4 features" in error.message()
    client.stop_stream()


def test_many_calls_at_once(client):
    answers = queue.Queue()
    for index in range(200):
        row = rows(ROWS[index % len(ROWS)][None])
        client.async_infer("iris", [row], lambda result, error, i=index: answers.put((i, result)),
                           outputs=wanted("predict_proba"))
    for _ in range(200):
        index, result = answers.get(timeout=10)
        assert np.array_equal(result.as_numpy("predict_proba")[0], PROBABILITIES[index % len(ROWS)])


def test_statistics_and_repository(client):
    before = client.get_inference_statistics("iris").model_stats[0]
    client.infer("iris", [rows(ROWS[:5])])
    after = client.get_inference_statistics("iris").model_stats[0]
    assert after.inference_count == before.inference_count + 5
    assert after.execution_count == before.execution_count + 1
    stats = after.inference_stats
    parts = [stats.queue, stats.compute_input, stats.compute_infer, stats.compute_output]
    assert all(part.ns > 0 and part.count == stats.success.count for part in parts)
    assert stats.success.ns == sum(part.ns for part in parts) > before.inference_stats.success.ns
    index = client.get_model_repository_index().models
    assert [(x.name, x.version, x.state) for x in index] == [("iris", "1", "READY")]


def test_the_same_answer_over_http(client, server):
    finite = ROWS[np.isfinite(ROWS).all(axis=1)]
    body = json.dumps({"data": finite.tolist(), "probabilities": True}).encode()
    request = urllib.request.Request(f"http://{server.http}/api/predict", body, {"Content-Type": "application/json"})
    over_http = json.load(urllib.request.urlopen(request))
    over_grpc = client.infer("iris", [rows(finite)], outputs=wanted("class", "label", "predict_proba"))
    assert [x["prediction"] for x in over_http] == over_grpc.as_numpy("class").tolist()
    assert [x["name"].encode() for x in over_http] == over_grpc.as_numpy("label").tolist()
    probabilities = np.array([list(x["probabilities"].values()) for x in over_http], dtype=np.float32)
    assert np.array_equal(probabilities, over_grpc.as_numpy("predict_proba"))


def request(**changes):
    message = service_pb2.ModelInferRequest(model_name="iris")
    tensor = message.inputs.add(name="input", datatype="FP32", shape=[1, 4])
    tensor.contents.fp32_contents.extend([5.9, 3.2, 4.8, 1.8])
    for change in changes.values():
        change(message)
    return message


def raw(message, content, shape=(1, 4), datatype="FP32"):
    message.inputs[0].ClearField("contents")
    message.inputs[0].datatype = datatype
    message.inputs[0].shape[:] = shape
    message.raw_input_contents.append(content)


BAD = {
    "an unknown model": ("NOT_FOUND", lambda m: setattr(m, "model_name", "rose")),
    "an unknown version": ("NOT_FOUND", lambda m: setattr(m, "model_version", "7")),
    "an unknown output": ("INVALID_ARGUMENT", lambda m: m.outputs.add(name="petals")),
    "an unknown input": ("INVALID_ARGUMENT", lambda m: setattr(m.inputs[0], "name", "petals")),
    "no inputs": ("INVALID_ARGUMENT", lambda m: m.ClearField("inputs")),
    "a wrong product of the shape": ("INVALID_ARGUMENT", lambda m: m.inputs[0].shape.__setitem__(0, 2)),
    "a negative dimension": ("INVALID_ARGUMENT", lambda m: m.inputs[0].shape.__setitem__(0, -1)),
    "a huge dimension": ("INVALID_ARGUMENT", lambda m: m.inputs[0].shape.__setitem__(0, 1 << 62)),
    "too few features": ("INVALID_ARGUMENT", lambda m: raw(m, b"\0" * 12, (1, 3))),
    "a wrong datatype": ("INVALID_ARGUMENT", lambda m: setattr(m.inputs[0], "datatype", "FP31")),
    "texts for numbers": ("INVALID_ARGUMENT", lambda m: setattr(m.inputs[0], "datatype", "BYTES")),
    "values of another type": ("INVALID_ARGUMENT", lambda m: setattr(m.inputs[0], "datatype", "INT64")),
    "typed FP16": ("INVALID_ARGUMENT", lambda m: setattr(m.inputs[0], "datatype", "FP16")),
    "too few raw bytes": ("INVALID_ARGUMENT", lambda m: raw(m, b"\0" * 15)),
    "too many raw bytes": ("INVALID_ARGUMENT", lambda m: raw(m, b"\0" * 17)),
    "raw contents for too many inputs": ("INVALID_ARGUMENT", lambda m: (raw(m, b"\0" * 16), raw(m, b"\0" * 16))),
    "raw and typed contents": ("INVALID_ARGUMENT", lambda m: m.raw_input_contents.append(b"\0" * 16)),
    "a timeout that is no number": (
        "INVALID_ARGUMENT", lambda m: m.parameters["timeout"].MergeFrom(service_pb2.InferParameter(string_param="1"))),
    "a message over the limit": ("RESOURCE_EXHAUSTED", lambda m: raw(m, b"\0" * 320000, (20000, 4))),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_requests_and_then_a_good_one(client, what):
    code, change = BAD[what]
    with pytest.raises(Exception) as caught:
        client._client_stub.ModelInfer(request(change=change), timeout=5)
    assert caught.value.code().name == code, caught.value
    assert caught.value.details()
    answer = client._client_stub.ModelInfer(request(), timeout=5)
    assert list(answer.outputs[0].shape)[0] == 1


def test_calls_that_are_not_served(client):
    with pytest.raises(InferenceServerException) as caught:
        client.get_system_shared_memory_status()
    assert caught.value.status() == "StatusCode.UNIMPLEMENTED"
    for ask in (client.get_trace_settings, client.get_log_settings):
        with pytest.raises(InferenceServerException) as caught:
            ask()
        assert caught.value.status() == "StatusCode.UNIMPLEMENTED"


def test_a_message_that_is_none(client):
    call = client._channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    with pytest.raises(Exception) as caught:
        call(b"\xff\xff\xff", timeout=5)
    assert caught.value.code().name == "INVALID_ARGUMENT"


def test_a_bomb_stops_at_the_limit(client):
    start = time.monotonic()
    with pytest.raises(InferenceServerException) as caught:
        client.infer("iris", [rows(np.zeros((4_000_000, 4)))], compression_algorithm="gzip")
    assert caught.value.status() == "StatusCode.RESOURCE_EXHAUSTED"
    assert time.monotonic() - start < 5
    assert client.is_model_ready("iris")


def test_request_ids(client):
    call = client._client_stub.ModelInfer.with_call(request(), metadata=[("x-request-id", "from-me")])[1]
    assert dict(call.initial_metadata())["x-request-id"] == "from-me"
