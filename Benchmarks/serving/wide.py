"""Trains the model of the batch benchmark and writes its bodies: 1,000 rows of 28 features, 200 trees of depth 6.

usage: wide.py MODELS_DIR   (with the python of the web peers)
"""
import json
import os
import sys

import numpy as np
import xgboost as xgb

out = sys.argv[1]
rng = np.random.default_rng(7)
x = rng.normal(size=(40000, 28)).astype(np.float32)
score = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + x[:, 3:10].sum(1) * 0.4
y = (score + rng.normal(size=len(score)) > 0).astype(int)
data = xgb.DMatrix(x, y)
booster = xgb.train({"objective": "binary:logistic", "max_depth": 6, "eta": 0.1, "tree_method": "hist", "nthread": 2,
                     "seed": 7}, data, 200)
os.makedirs(f"{out}/wide/wide/1", exist_ok=True)
for path in (f"{out}/wide.json", f"{out}/wide/wide/1/model.json"):
    booster.save_model(path)

rows = [[float(f"{v:.6g}") for v in r] for r in rng.normal(size=(1000, 28))]
block = np.array(rows, dtype="<f4")
with open(f"{out}/batch-answer.json", "w") as f:
    json.dump(booster.inplace_predict(block).astype(float).tolist(), f)


def tensor(name, **more):
    return {"name": name, "shape": [1000, 28], "datatype": "FP32", **more}


def dump(name, content):
    text = json.dumps(content, separators=(",", ":"))
    with open(f"{out}/{name}", "wb") as f:
        f.write(text.encode() + (block.tobytes() if name.endswith(".bin") else b""))
    return len(text)


flat = [v for r in rows for v in r]
dump("batch-plain.json", {"data": rows})
dump("batch-mlserver.json", {"inputs": [tensor("x", data=flat)]})
dump("batch-coppice.json", {"inputs": [tensor("input", data=flat)], "outputs": [{"name": "predict"}]})
length = dump("batch-coppice.bin", {
    "inputs": [tensor("input", parameters={"binary_data_size": block.nbytes})],
    "outputs": [{"name": "predict", "parameters": {"binary_data": True}}]})
with open(f"{out}/batch-coppice.length", "w") as f:
    f.write(str(length))
