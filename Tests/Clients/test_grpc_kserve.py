"""KServe's client over gRPC, unchanged."""
import asyncio

import numpy as np
from kserve import InferInput, InferRequest
from kserve.inference_client import InferenceGRPCClient

from grpc_server import recorded, serving

ROWS, PROBABILITIES = recorded()


async def ask(address):
    async with InferenceGRPCClient(address) as client:
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("iris")
        for binary in (True, False):
            tensor = InferInput("input", list(ROWS.shape), "FP32")
            tensor.set_data_from_numpy(ROWS, binary_data=binary)
            response = await client.infer(InferRequest(model_name="iris", infer_inputs=[tensor], request_id="mine"))
            assert response.id == "mine" and response.model_name == "iris"
            answer = next(x for x in response.outputs if x.name == "predict_proba").as_numpy()
            assert np.array_equal(answer.astype(np.float32), PROBABILITIES)


def test_inference_client():
    with serving() as server:
        asyncio.run(ask(server.address))
