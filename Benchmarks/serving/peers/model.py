"""Shared by the Python peers: loads the model once, predicts one row."""
import functools
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np  # noqa: E402
import xgboost as xgb  # noqa: E402

MODELS = os.environ["MODELS_DIR"]
NAMES = ("setosa", "versicolor", "virginica")


def booster(name="iris"):
    b = xgb.Booster(model_file=f"{MODELS}/{name}.json")
    b.set_param({"nthread": 1})
    return b


@functools.cache
def wide():
    return booster("wide")


def classify(b, row):
    """One row -> class id, the quick route through the native API."""
    p = b.inplace_predict(np.asarray([row], dtype=np.float32), validate_features=False)
    return int(p[0].argmax())


def check_row(row):
    if not isinstance(row, list) or len(row) != 4:
        raise ValueError("data must be a list of 4 numbers")
    return row
