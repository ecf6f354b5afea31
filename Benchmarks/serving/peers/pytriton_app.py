"""Triton in front of two instances of a Python function."""
import sys

import model
import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def predictor():
    booster = model.booster()

    @batch
    def predict(x):
        probabilities = booster.inplace_predict(x, validate_features=False)
        return {"label": probabilities.argmax(1)[:, None].astype(np.int64)}
    return predict


port = int(sys.argv[1])
where = TritonConfig(http_address="127.0.0.1", http_port=port, grpc_address="127.0.0.1", grpc_port=port + 1,
                     allow_metrics=False, log_verbose=0)
with Triton(config=where) as triton:
    triton.bind(model_name="iris", infer_func=[predictor(), predictor()],
                inputs=[Tensor(name="x", dtype=np.float32, shape=(4,))],
                outputs=[Tensor(name="label", dtype=np.int64, shape=(1,))],
                config=ModelConfig(max_batch_size=64, batcher=DynamicBatcher(max_queue_delay_microseconds=0)))
    triton.serve()
