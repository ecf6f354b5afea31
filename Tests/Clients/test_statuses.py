"""The same fault has its status by both protocols, and the connection is usable afterwards."""
import base64
import http.client
import json
import tempfile

import grpc
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2

from grpc_server import metrics, recorded, redis, serving, until

ROWS, _ = recorded()
FOREIGN = {"x-forwarded-for": "192.0.2.1"}


class Both:
    """One connection of HTTP and one of gRPC to a server; each call gives the two statuses."""

    def __init__(self, server):
        self.server = server
        self.http = http.client.HTTPConnection(server.http, timeout=10)
        self.grpc = triton.InferenceServerClient(server.address)
        self.stub = self.grpc._client_stub

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()
        self.grpc.close()

    def over_http(self, path, body=b"", **headers):
        self.http.request("POST", path, body, {name.replace("_", "-"): text for name, text in headers.items()})
        socket = self.http.sock
        response = self.http.getresponse()
        text = response.read()
        # An answer of V2 that is no success has its text in one form.
        assert response.status == 200 or json.loads(text)["error"], text
        assert self.http.sock is socket, "the connection was closed"
        return response.status

    def over_grpc(self, method, message, **metadata):
        try:
            getattr(self.stub, method)(message, timeout=10, metadata=[(k.replace("_", "-"), v) for k, v in metadata.items()])
        except grpc.RpcError as error:
            assert error.details()
            return error.code().name
        return "OK"

    def infer(self, model="iris", version="", timeout=None, **metadata):
        tensor = {"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [5.9, 3.2, 4.8, 1.8]}
        body, message = {"inputs": [tensor]}, service_pb2.ModelInferRequest(model_name=model, model_version=version)
        message.inputs.add(name="input", datatype="FP32", shape=[1, 4])
        message.raw_input_contents.append(ROWS[0].tobytes())
        if timeout is not None:
            body["parameters"] = {"timeout": timeout}
            message.parameters["timeout"].int64_param = timeout
        path = f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"
        return (self.over_http(path, json.dumps(body), **metadata), self.over_grpc("ModelInfer", message, **metadata))

    def change(self, verb, model="iris", parameters={}, **metadata):
        request = getattr(service_pb2, f"RepositoryModel{verb.title()}Request")(model_name=model)
        for name, text in parameters.items():
            if name == "config":
                request.parameters[name].string_param = text
            else:
                request.parameters[name].bytes_param = base64.b64decode(text)
        body = json.dumps({"parameters": parameters}) if parameters else ""
        return (self.over_http(f"/v2/repository/models/{model}/{verb}", body, **metadata),
                self.over_grpc(f"RepositoryModel{verb.title()}", request, **metadata))


OK, UNKNOWN = (200, "OK"), (404, "NOT_FOUND")
FORBIDDEN, UNAUTHENTICATED = (403, "PERMISSION_DENIED"), (401, "UNAUTHENTICATED")
UNSUPPORTED, LATE = (501, "UNIMPLEMENTED"), (504, "DEADLINE_EXCEEDED")
FULL, UNAVAILABLE = (429, "RESOURCE_EXHAUSTED"), (503, "UNAVAILABLE")


def test_admin_is_off():
    with serving() as server, Both(server) as both:
        for verb in ("load", "unload"):
            assert both.change(verb) == FORBIDDEN
            assert both.change(verb, "rose") == FORBIDDEN
            assert both.change(verb, authorization="Bearer x") == FORBIDDEN
        assert both.infer() == OK


def test_admin_for_this_machine():
    with serving("--admin", versions=2) as server, Both(server) as both:
        assert both.change("unload", **FOREIGN) == FORBIDDEN
        assert both.infer() == OK
        assert both.change("load", "rose") == UNKNOWN and both.change("unload", "rose") == UNKNOWN
        for parameters in ({"config": "{}"}, {"file:1/model.json": "eA=="}, {"config": "{}", "file:1/x": "eA=="}):
            assert both.change("load", parameters=parameters) == UNSUPPORTED
        assert both.infer() == OK and both.infer("rose") == UNKNOWN and both.infer(version="7") == UNKNOWN
        # Triton's own calls.
        both.grpc.unload_model("iris")
        assert not both.grpc.is_model_ready("iris") and both.infer() == UNKNOWN
        assert {x.state for x in both.grpc.get_model_repository_index().models} == {"UNAVAILABLE"}
        both.grpc.load_model("iris")
        assert both.grpc.is_model_ready("iris") and both.infer() == OK
    outcomes = [line["outcome"] for line in server.lines if line["message"] == "admin call"]
    assert outcomes.count("done") == 2


def test_admin_with_a_token():
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("0123456789abcdef\n")
        file.flush()
        with serving("--admin", "--admin-token-file", file.name) as server, Both(server) as both:
            assert both.change("load", **FOREIGN) == UNAUTHENTICATED
            for wrong in ("Bearer 0123456789abcdeg", "Bearer ", "Basic 0123456789abcdef"):
                assert both.change("load", authorization=wrong) == UNAUTHENTICATED
            right = {"authorization": "Bearer 0123456789abcdef"}
            assert both.change("load", **right) == OK and both.change("load", **right, **FOREIGN) == OK
            assert both.infer() == OK


def test_a_sticky_header_keeps_a_caller_on_one_version():
    with serving("--admin", "--version-policy", "all", versions=2) as server, Both(server) as both:
        rule = {"weights": {"1": 50, "2": 50}, "sticky_header": "X-User"}
        both.http.request("PUT", "/admin/models/iris/traffic", json.dumps(rule), {"Content-Type": "application/json"})
        assert both.http.getresponse().read()
        assert sorted(both.grpc.get_model_metadata("iris").versions) == ["1", "2"]
        message = service_pb2.ModelInferRequest(model_name="iris")
        message.inputs.add(name="input", datatype="FP32", shape=[1, 4])
        message.raw_input_contents.append(ROWS[0].tobytes())
        versions = set()
        for user in map(str, range(20)):
            body = {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
            both.http.request("POST", "/v2/models/iris/infer", json.dumps(body), {"X-User": user})
            expected = json.load(both.http.getresponse())["model_version"]
            for _ in range(5):
                assert both.stub.ModelInfer(message, metadata=[("x-user", user)]).model_version == expected
            versions.add(expected)
        assert versions == {"1", "2"}


def test_the_queue():
    with redis() as (url, process), serving("--redis", url, "--max-concurrent", "1") as server, Both(server) as both:
        assert both.infer(timeout=100_000) == LATE
        with grpc.insecure_channel(server.address) as channel:
            message = service_pb2.ModelInferRequest(model_name="iris")
            message.inputs.add(name="input", datatype="FP32", shape=[1, 4])
            message.raw_input_contents.append(ROWS[0].tobytes())
            waiting = channel.unary_unary(
                "/inference.GRPCInferenceService/ModelInfer",
                request_serializer=service_pb2.ModelInferRequest.SerializeToString).future(message, timeout=30)
            until(lambda: b"coppice_requests_under_way 1" in metrics(server))
            assert both.infer(timeout=200_000) == FULL
            waiting.cancel()
            until(lambda: any(line.get("status") == "CANCELLED" for line in server.lines))
        assert both.infer(timeout=100_000) == LATE
        process.kill()
        process.wait()
        until(lambda: both.infer(timeout=200_000) == UNAVAILABLE)
        assert not both.grpc.is_server_ready() and both.grpc.is_server_live()
