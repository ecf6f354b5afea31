"""Records XGBoost's contributions and interactions for the fixtures of the version that runs it.

    OMP_NUM_THREADS=1 python contributions.py

Writes VERSION/NAME.contributions.json for the models below, after make.py has made them. Each holds
a few of the fixture's rows (none with infinities, which a DMatrix refuses), `predict(pred_contribs)`
and `predict(pred_interactions)`: rows x outputs x (columns + 1), or (columns + 1) squared, as bits
of float32.
"""

import json
import os

import numpy as np
import xgboost as xgb

from make import FOLDER, bits, load

NAMES = [
    "iris-softprob", "binary-logistic-missing", "binary-logistic-base-score", "reg-squarederror",
    "count-poisson-base-score", "multi-softprob-base-score", "multiple-targets", "dart",
    "dart-softprob", "random-forest", "pruned", "single-leaves", "early-stopping-classifier",
    "categorical-one-hot", "categorical-partition", "deep-trees",
    "deep-trees-missing",
]


def matrix(rows, name, names):
    if not name.startswith("categorical"):
        return xgb.DMatrix(rows, feature_names=names)
    return xgb.DMatrix(
        rows, feature_names=["weight", "colour", "size"], feature_types=["float", "c", "c"],
        enable_categorical=True,
    )


def main():
    for name in NAMES:
        path = os.path.join(FOLDER, name)
        if not os.path.exists(path + ".expected.json"):
            continue
        with open(path + ".expected.json") as file:
            expected = json.load(file)
        columns, outputs = expected["columns"], expected["outputs"]
        rows = np.array(expected["rows"], dtype=np.uint32).view(np.float32).reshape(-1, columns)
        # The last rows are the odd ones: missing values, huge ones, codes never seen.
        rows = rows[~np.isinf(rows).any(axis=1)]
        rows = np.concatenate([rows[:5], rows[5:-1:max(1, len(rows) // 6)], rows[-1:]])
        model = load(path + ".json")
        limits = {}
        if name == "early-stopping-classifier":
            limits = {"iteration_range": (0, expected["bestIteration"] + 1)}
        data = matrix(rows, name, model.feature_names)
        contributions = model.predict(data, pred_contribs=True, **limits)
        interactions = model.predict(data, pred_interactions=True, **limits)
        size = columns + 1
        assert contributions.size == len(rows) * outputs * size
        assert interactions.size == len(rows) * outputs * size * size
        with open(path + ".contributions.json", "w") as file:
            json.dump(
                {
                    "answeredBy": "xgboost " + xgb.__version__,
                    "columns": columns,
                    "outputs": outputs,
                    "rows": bits(rows),
                    "contributions": bits(contributions),
                    "interactions": bits(interactions),
                },
                file, separators=(",", ":"), sort_keys=True,
            )
            file.write("\n")
        print(xgb.__version__, name, len(rows))


if __name__ == "__main__":
    main()
