"""Public REST clients, unchanged: Triton's, KServe's, that of the Open Inference Protocol; and schemathesis."""
import asyncio
import json
import urllib.request

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from rest_server import FEATURES, FIXTURES, LABELS, recorded, serving

ROWS, PROBABILITIES = recorded()
CLASSES = PROBABILITIES.argmax(axis=1)


@pytest.fixture(scope="module")
def address():
    with serving("--max-body-bytes", "300000") as address:
        yield address


@pytest.fixture
def client(address):
    client = triton.InferenceServerClient(address)
    yield client
    client.close()


def tensor(values=ROWS, datatype="FP32", dtype=np.float32, binary=True, name="input"):
    tensor = triton.InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values.astype(dtype), binary_data=binary)
    return tensor


def test_triton_metadata(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("iris") and client.is_model_ready("iris", "1")
    assert not client.is_model_ready("rose")
    assert client.get_server_metadata()["name"] == "coppice"
    assert client.get_model_metadata("iris")["inputs"][0]["shape"] == [-1, 4]
    assert client.get_model_config("iris", "1")["input"][0]["data_type"] == "TYPE_FP32"
    assert client.get_model_repository_index() == [
        {"name": "iris", "version": "1", "state": "READY", "reason": ""}]


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_triton_infer(client, binary_in, binary_out):
    # Triton's client does not write NaN as JSON.
    usable = slice(None) if binary_in else ~np.isnan(ROWS).any(axis=1)
    result = client.infer(
        "iris", [tensor(ROWS[usable], binary=binary_in)], request_id="7",
        outputs=[triton.InferRequestedOutput(name, binary_data=binary_out)
                 for name in ("predict_proba", "class", "label")])
    assert result.get_response()["id"] == "7"
    assert (result.as_numpy("predict_proba") == PROBABILITIES[usable]).all()
    assert (result.as_numpy("class") == CLASSES[usable]).all()
    labels = [text.decode() if isinstance(text, bytes) else text for text in result.as_numpy("label")]
    assert labels == [LABELS[number] for number in CLASSES[usable]]


@pytest.mark.parametrize("dtype,name", [
    (np.float16, "FP16"), (np.float64, "FP64"), (np.int8, "INT8"), (np.int32, "INT32"), (np.int64, "INT64"),
    (np.uint8, "UINT8"), (np.uint16, "UINT16"), (np.uint64, "UINT64")])
def test_triton_datatypes(client, dtype, name):
    values = np.array([[6, 3, 5, 2], [5, 3, 1, 0]])
    expected = client.infer("iris", [tensor(values)]).as_numpy("predict_proba")
    assert (client.infer("iris", [tensor(values, name, dtype)]).as_numpy("predict_proba") == expected).all()


def test_triton_named_features_and_default_outputs(client):
    columns = [tensor(ROWS[:, [index]], name=name) for index, name in reversed(list(enumerate(FEATURES)))]
    assert (client.infer("iris", columns).as_numpy("predict_proba") == PROBABILITIES).all()


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_triton_compression(client, algorithm):
    result = client.infer(
        "iris", [tensor()], request_compression_algorithm=algorithm, response_compression_algorithm=algorithm)
    assert (result.as_numpy("predict_proba") == PROBABILITIES).all()


def test_triton_classification(client):
    result = client.infer(
        "iris", [tensor(ROWS[:1])], outputs=[triton.InferRequestedOutput("predict_proba", class_count=2)])
    value, index, label = result.as_numpy("predict_proba")[0][0].decode().split(":")
    assert (np.float32(value), int(index), label) == (PROBABILITIES[0].max(), CLASSES[0], LABELS[CLASSES[0]])


def test_triton_async_and_statistics(client):
    before = client.get_inference_statistics("iris")["model_stats"][0]["inference_count"]
    requests = [client.async_infer("iris", [tensor(ROWS[[index]])]) for index in range(20)]
    for index, request in enumerate(requests):
        assert (request.get_result().as_numpy("predict_proba")[0] == PROBABILITIES[index]).all()
    assert client.get_inference_statistics("iris")["model_stats"][0]["inference_count"] == before + 20


def test_triton_times(client):
    """Each part of the time is measured."""
    client.infer("iris", [tensor()])
    stats = client.get_inference_statistics("iris")["model_stats"][0]["inference_stats"]
    parts = [stats[name] for name in ("queue", "compute_input", "compute_infer", "compute_output")]
    assert all(part["ns"] > 0 and part["count"] == stats["success"]["count"] for part in parts)
    assert stats["success"]["ns"] == sum(part["ns"] for part in parts)


def test_triton_extensions_that_are_not_served(client):
    for ask, says in [
            (client.get_trace_settings, "traces"), (lambda: client.get_trace_settings("iris"), "traces"),
            (lambda: client.update_trace_settings(settings={"trace_rate": "1"}), "traces"),
            (client.get_log_settings, "--log-level"), (lambda: client.update_log_settings({}), "--log-level"),
            (client.get_system_shared_memory_status, "memory"), (client.unregister_cuda_shared_memory, "memory")]:
        with pytest.raises(InferenceServerException, match=says) as caught:
            ask()
        assert caught.value.status() == "501"


def test_triton_schedule(client):
    for priority, timeout in [(1, 0), (0, 5_000_000)]:
        assert client.infer("iris", [tensor()], priority=priority, timeout=timeout)
    with pytest.raises(InferenceServerException, match="priority"):
        client.infer("iris", [tensor()], priority=-1)


def test_triton_errors(client):
    with pytest.raises(InferenceServerException, match="iris"):
        client.infer("rose", [tensor()])
    with pytest.raises(InferenceServerException, match="4 features"):
        client.infer("iris", [tensor(ROWS[:, :3])])
    with pytest.raises(InferenceServerException, match="predict_proba"):
        client.infer("iris", [tensor()], outputs=[triton.InferRequestedOutput("nothing")])
    with pytest.raises(InferenceServerException):
        client.load_model("iris")
    assert client.is_server_live()


def test_kserve(address):
    from kserve import InferenceRESTClient, InferInput, InferOutput, InferRequest, RESTConfig
    from kserve.protocol.infer_type import RequestedOutput
    url = f"http://{address}"

    async def v2():
        client = InferenceRESTClient(RESTConfig(protocol="v2"))
        assert await client.is_server_live(url) and await client.is_server_ready(url)
        assert await client.is_model_ready(url, "iris")
        for datatype, dtype, binary in [("FP32", np.float32, True), ("FP32", np.float32, False), ("FP16", np.float16, True)]:
            usable = ROWS[~np.isnan(ROWS).any(axis=1)][:50]
            tensor = InferInput("input", list(usable.shape), datatype)
            tensor.set_data_from_numpy(usable.astype(dtype), binary_data=binary)
            outputs = [RequestedOutput("predict_proba", parameters={"binary_data": binary})]
            response = await client.infer(url, InferRequest("iris", [tensor], request_outputs=outputs), model_name="iris")
            found = response.outputs[0].as_numpy()
            assert found.shape == (len(usable), 3)
            if datatype == "FP32":
                assert (found.astype(np.float32) == PROBABILITIES[~np.isnan(ROWS).any(axis=1)][:50]).all()
        await client.close()

    async def v1():
        client = InferenceRESTClient(RESTConfig(protocol="v1"))
        assert await client.is_server_live(url)
        assert await client.is_model_ready(url, "iris")
        instances = {"instances": np.nan_to_num(ROWS[:3]).tolist()}
        response = await client.infer(url, instances, model_name="iris")
        assert len(response["predictions"]) == 3
        assert len((await client.explain(url, "iris", instances))["explanations"]) == 3
        await client.close()

    asyncio.run(v2())
    asyncio.run(v1())


def test_open_inference(address):
    from open_inference.openapi.client import OpenInferenceClient
    from open_inference.openapi.types import InferenceRequest
    client = OpenInferenceClient(base_url=f"http://{address}")
    client.check_server_liveness()
    client.check_server_readiness()
    client.check_model_readiness("iris")
    client.check_model_version_readiness("iris", "1")
    assert client.read_server_metadata().name == "coppice"
    assert client.read_model_metadata("iris").platform == "xgboost_json"
    assert client.read_model_version_metadata("iris", "1").versions == ["1"]
    usable = ROWS[~np.isnan(ROWS).any(axis=1)][:5]
    request = InferenceRequest(inputs=[
        {"name": "input", "shape": list(usable.shape), "datatype": "FP32", "data": usable.tolist()}])
    for response in (client.model_infer("iris", request=request),
                     client.model_version_infer("iris", "1", request=request)):
        outputs = {output.name: output for output in response.outputs}
        assert outputs["predict_proba"].shape == [5, 3]


@pytest.fixture(scope="module")
def described():
    """A server with all of its routes, and its description."""
    import schemathesis
    with serving("--max-body-bytes", "300000", "--admin", "--jobs-file", "memory",
                 AIP_PREDICT_ROUTE="/vertex/predict", AIP_HEALTH_ROUTE="/vertex/health") as address:
        yield schemathesis.openapi.from_url(f"http://{address}/openapi.json")


# Those of HTTP itself, which no description names.
OF_HTTP = {"connection", "content-length", "content-type", "date", "server", "transfer-encoding"}


def has_no_undescribed_header(case, response):
    """Whatever header an answer has, its description tells of it."""
    answer = case.operation.definition.raw["responses"][str(response.status_code)]
    told = {name.lower() for name in answer["headers"]}
    assert {name.lower() for name in response.headers} - OF_HTTP <= told, (case.operation.label, response.headers)


def test_schemathesis(described):
    """What the document says of routes, bodies and errors holds for what is generated from it."""
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks
    paths = set()
    for result in described.get_all_operations():
        operation = result.ok()
        paths.add(operation.path)

        @settings(max_examples=15, derandomize=True, deadline=None, database=None,
                  phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def run(case):
            response = case.call()
            chosen = [checks.status_code_conformance, checks.content_type_conformance,
                      checks.response_headers_conformance, checks.response_schema_conformance]
            # 501 says that an extension, or a load with a configuration, is not served.
            if response.status_code != 501:
                chosen.append(not_a_server_error)
            case.validate_response(response, checks=chosen)
            has_no_undescribed_header(case, response)

        run()
    assert {"/api/jobs/{id}/events", "/admin/models/{model}/traffic", "/vertex/predict"} <= paths


def test_jobs_and_admin_calls_are_as_described(described):
    """Generated names meet no job and no version: these calls do."""
    def call(method, path, status, **options):
        case = described[path][method].Case(**options)
        response = case.call()
        assert response.status_code == status, response.text
        case.validate_response(response)
        has_no_undescribed_header(case, response)
        return response

    json_type = "application/json"
    row = {"data": [{"petal_length": 4.8, "petal_width": 1.8}]}
    plain = call("POST", "/api/predict", 200, body=row, media_type=json_type)
    # A long answer, compressed, within a given time.
    call("POST", "/api/predict", 200, body={"data": row["data"] * 300}, media_type=json_type,
         headers={"Accept-Encoding": "gzip", "Prefer": "wait=5"})
    for path, headers in [("/api/jobs", {}), ("/api/predict", {"Prefer": "respond-async"})]:
        accepted = call("POST", path, 202, body=row, media_type=json_type, headers=headers)
        job = {"id": accepted.json()["id"]}
        done = call("GET", "/api/jobs/{id}", 200, path_parameters=job, query={"wait": "30s"})
        assert done.json()["status"] == "done"
        assert call("GET", "/api/jobs/{id}/result", 200, path_parameters=job).json() == plain.json()
        assert "event: end" in call("GET", "/api/jobs/{id}/events", 200, path_parameters=job).text
        call("DELETE", "/api/jobs/{id}", 409, path_parameters=job)
        call("POST", "/api/jobs/{id}/retry", 409, path_parameters=job)
    infer = {"id": "7", "inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [5.9, 3.2, 4.8, 1.8]}]}
    named = {"model": "iris"}
    plain = call("POST", "/v2/models/{model}/infer", 200, path_parameters=named, body=infer, media_type=json_type)
    for path, options in [("/api/jobs", {}), ("/v2/models/{model}/infer",
                                              {"path_parameters": named, "headers": {"Prefer": "respond-async"}})]:
        job = {"id": call("POST", path, 202, body=infer, media_type=json_type, **options).json()["id"]}
        call("GET", "/api/jobs/{id}", 200, path_parameters=job, query={"wait": "30s"})
        assert call("GET", "/api/jobs/{id}/result", 200, path_parameters=job).json() == plain.json()
    assert len(call("GET", "/api/jobs", 200, query={"state": "done"}).json()["jobs"]) == 4
    call("GET", "/api/jobs", 400, query={"state": "lost"})
    key = {"Idempotency-Key": "one"}
    call("POST", "/api/jobs", 202, body=row, media_type=json_type, headers=key)
    call("POST", "/api/jobs", 422, body=row | {"top_k": 1}, media_type=json_type, headers=key)

    model, version = {"model": "iris"}, {"model": "iris", "version": "1"}
    label = version | {"label": "stable"}
    call("GET", "/admin/models", 200)
    seen = call("GET", "/admin/models/{model}", 200, path_parameters=model).headers["etag"][0]
    call("PUT", "/admin/models/{model}/labels/{label}", 200, path_parameters=label,
         body={"version": "1"}, media_type=json_type)
    call("POST", "/admin/models/{model}/versions/{version}/unload", 409, path_parameters=version)
    call("DELETE", "/admin/models/{model}/labels/{label}", 200, path_parameters=label)
    rule = {"weights": {"1": 100}, "sticky_header": "X-User"}
    call("PUT", "/admin/models/{model}/traffic", 200, path_parameters=model, body=rule, media_type=json_type)
    call("DELETE", "/admin/models/{model}/traffic", 412, path_parameters=model, headers={"If-Match": seen})
    call("DELETE", "/admin/models/{model}/traffic", 200, path_parameters=model)
    upload = "/admin/models/{model}/versions/{version}/files/{file}"
    file = {"model": "iris", "version": "2", "file": "manifest.json"}
    binary = {"media_type": "application/octet-stream"}
    call("PUT", upload, 202, path_parameters=file, body=b'{"labels":["a","b","c"]}', **binary)
    call("PUT", upload, 422, path_parameters=file | {"file": "model.json"}, body=b"no model", **binary)
    call("PUT", upload, 201, path_parameters=file | {"file": "model.json"},
         body=(FIXTURES / "iris-softprob.json").read_bytes(), **binary)
    for verb in ("unload", "load"):
        call("POST", f"/admin/models/{{model}}/{verb}", 200, path_parameters=model)
    call("POST", "/admin/reload", 200)


def test_page_needs_no_network(described):
    address = described.location.removeprefix("http://").split("/")[0]
    request = urllib.request.Request(f"http://{address}/", headers={"Accept": "text/html"})
    page = urllib.request.urlopen(request).read().decode()
    document = json.load(urllib.request.urlopen(f"http://{address}/openapi.json"))
    assert document["openapi"].startswith("3.1")
    for path in document["paths"]:
        if path not in ("/", "/docs", "/openapi.json"):
            assert path in page
    assert "<script" not in page and 'src="http' not in page and 'href="http' not in page
