"""Public REST clients, unchanged: Triton's, KServe's, that of the Open Inference Protocol; and schemathesis."""
import asyncio
import json
import urllib.request

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from rest_server import FEATURES, LABELS, recorded, serving

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


def test_schemathesis(address):
    """What the document says of routes, bodies and errors holds for what is generated from it."""
    from hypothesis import HealthCheck, Phase, given, settings
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks
    schema = schemathesis.openapi.from_url(f"http://{address}/openapi.json")
    unsupported = {"/v2/repository/models/{model}/load", "/v2/repository/models/{model}/unload",
                   "/v2/repository/{repository}/models/{model}/load",
                   "/v2/repository/{repository}/models/{model}/unload"}
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(max_examples=15, derandomize=True, deadline=None, database=None,
                  phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def run(case):
            response = case.call()
            chosen = [checks.status_code_conformance, checks.content_type_conformance,
                      checks.response_schema_conformance]
            # 501 is what a server without a repository of its own says to load and unload.
            if operation.path not in unsupported:
                chosen.append(not_a_server_error)
            case.validate_response(response, checks=chosen)

        run()


def test_page_needs_no_network(address):
    request = urllib.request.Request(f"http://{address}/", headers={"Accept": "text/html"})
    page = urllib.request.urlopen(request).read().decode()
    document = json.load(urllib.request.urlopen(f"http://{address}/openapi.json"))
    assert document["openapi"].startswith("3.1")
    for path in document["paths"]:
        if path not in ("/", "/docs", "/openapi.json"):
            assert path in page
    assert "<script" not in page and 'src="http' not in page and 'href="http' not in page
