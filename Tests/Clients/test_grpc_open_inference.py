"""The client that is generated from the protocol's own description."""
import grpc
import numpy as np
from open_inference.grpc import protocol, service

from grpc_server import recorded, serving

ROWS, PROBABILITIES = recorded()


def test_every_call():
    with serving() as server, grpc.insecure_channel(server.address) as channel:
        stub = service.GRPCInferenceServiceStub(channel)
        assert stub.ServerLive(protocol.ServerLiveRequest()).live
        assert stub.ServerReady(protocol.ServerReadyRequest()).ready
        assert stub.ModelReady(protocol.ModelReadyRequest(name="iris", version="1")).ready
        assert stub.ServerMetadata(protocol.ServerMetadataRequest()).name == "coppice"
        metadata = stub.ModelMetadata(protocol.ModelMetadataRequest(name="iris"))
        assert metadata.properties["task"] == "multiclass-classification"
        tensor = protocol.ModelInferRequest.InferInputTensor(name="input", datatype="FP32", shape=ROWS.shape)
        tensor.contents.fp32_contents.extend(ROWS.flatten())
        response = stub.ModelInfer(protocol.ModelInferRequest(model_name="iris", inputs=[tensor]))
        outputs = {x.name: x for x in response.outputs}
        answer = np.array(outputs["predict_proba"].contents.fp32_contents, dtype=np.float32).reshape(-1, 3)
        assert np.array_equal(answer, PROBABILITIES)
        assert list(outputs["predict"].shape)[0] == len(ROWS)
