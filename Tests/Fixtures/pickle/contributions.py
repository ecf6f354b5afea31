"""Records the SHAP values of some fixtures in NAME.shap.json, by the library shap, which takes the
covers of the trees: see README.md. Of the pipeline they are XGBoost's own, added up for each column
of the rows."""

import json
import os
import pickle

import numpy as np
import shap
import xgboost as xgb

from common import HERE
from make_estimators import FOLDER, sklearn


def rows_of(name):
    with open(os.path.join(FOLDER, name + ".answers.json")) as file:
        answers = json.load(file)
    rows = np.array(answers["rows"], dtype=np.uint32).view(np.float32)
    return rows.reshape(-1, answers["columns"]), answers


def model_of(name):
    with open(os.path.join(FOLDER, name + ".pkl"), "rb") as file:
        return pickle.load(file)


def record(name, values):
    with open(os.path.join(FOLDER, name + ".shap.json"), "w") as file:
        json.dump(dict(contributions=[float(value) for value in values.reshape(-1)]), file,
                  separators=(",", ":"))
        file.write("\n")
    print(name)


def plain(name):
    rows, _ = rows_of(name)
    explainer = shap.TreeExplainer(model_of(name), feature_perturbation="tree_path_dependent")
    values = explainer.shap_values(rows.astype(np.float64))
    values = values.reshape(*values.shape, 1) if values.ndim == 2 else values
    # Of two classes the second.
    base = np.atleast_1d(explainer.expected_value)
    if values.shape[2] == 2:
        values, base = values[:, :, 1:], base[1:]
    base = np.broadcast_to(base, (len(rows), 1, len(base)))
    record(name, np.moveaxis(np.concatenate([values, base], axis=1), 1, 2))


def pipeline():
    import pandas

    rows, answers = rows_of("pipeline-xgboost")
    columns = {}
    for index, feature in enumerate(answers["features"]):
        names = answers["categories"][index]
        column = rows[:, index].astype(float)
        columns[feature] = column if names is None else pandas.Series(
            [names[int(code)] for code in column], dtype=object)
    model = model_of("pipeline-xgboost")
    made = model.steps[0][1].transform(pandas.DataFrame(columns))
    found = model.steps[1][1].get_booster().predict(xgb.DMatrix(made), pred_contribs=True)
    # The one-hot columns of color, size and doors, and the length.
    sources = [1, 1, 1, 3, 3, 3, 4, 4, 4, 2, 5]
    values = np.zeros((len(rows), 6))
    for column, source in enumerate(sources):
        values[:, source] += found[:, column]
    record("pipeline-xgboost", values)


if __name__ == "__main__":
    for name in ["forest", "forest-binary", "forest-regressor", "boosting-binary", "hist-regressor"]:
        plain(name)
    pipeline()
