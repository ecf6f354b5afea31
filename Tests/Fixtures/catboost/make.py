"""Makes the CatBoost fixtures of the version of CatBoost that runs it: see README.md.

    python make.py [NAME...]

Writes VERSION/NAME.cbm, VERSION/NAME.json (the JSON export, where the version can write it) and
VERSION/NAME.expected.json (rows, and the library's answers for the model as it is read back).
"""

import json
import os
import sys

import catboost
import numpy as np
from catboost import CatBoost, CatBoostClassifier, CatBoostRanker, CatBoostRegressor, Pool

TEXT = catboost.__version__
VERSION = tuple(int(part) for part in TEXT.split(".")[:3])
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), TEXT)
COMMON = dict(iterations=8, depth=3, verbose=0, allow_writing_files=False, thread_count=1, random_seed=7)
# Versions before the newest get a few of the fixtures.
BRIEF = [
    "binary", "multiclass", "regression", "lossguide", "one-hot-text", "one-hot-numbers",
    "counters.refused",
]
# The JSON tells the parameters of training at length: some are enough.
EXPORTED = [
    "binary", "multiclass", "two-targets", "depthwise", "lossguide", "one-hot-text", "binary-missing-is-most",
]
FIXTURES = {}


def fixture(function):
    name = function.__name__.replace("__", ".").replace("_", "-")
    if VERSION >= (1, 2, 10) or name in BRIEF:
        FIXTURES[name] = function
    return function


def table(missing=0.0, seed=7, rows=240, columns=4):
    random = np.random.RandomState(seed)
    x = random.normal(size=(rows, columns)).astype(np.float32)
    target = x[:, 0] + 0.5 * x[:, 1] * x[:, 2] - x[:, 3]
    if missing:
        x[random.uniform(size=x.shape) < missing] = np.nan
        x[:, 3] = np.nan_to_num(x[:, 3])
    return x, target


@fixture
def binary():
    x, y = table(missing=0.2)
    return CatBoostClassifier(**COMMON).fit(x, (y > 0).astype(int)), x


@fixture
def binary_missing_is_most():
    x, y = table(missing=0.2)
    model = CatBoostClassifier(nan_mode="Max", feature_border_type="Uniform", **COMMON)
    return model.fit(Pool(x, (y > 0).astype(int), feature_names=["a", "b", "c d", "e"])), x


@fixture
def binary_numbers():
    x, y = table()
    return CatBoostClassifier(**COMMON).fit(x, np.where(y > 0, 7, 3)), x


@fixture
def multiclass():
    x, y = table()
    return CatBoostClassifier(**COMMON).fit(x, np.array(["low", "mid", "high"])[np.digitize(y, [-1, 1])]), x


@fixture
def one_vs_all():
    x, y = table()
    model = CatBoostClassifier(loss_function="MultiClassOneVsAll", **COMMON)
    return model.fit(x, np.digitize(y, [-1, 1])), x


@fixture
def cross_entropy():
    x, y = table()
    return CatBoostClassifier(loss_function="CrossEntropy", **COMMON).fit(x, 1 / (1 + np.exp(-y))), x


@fixture
def regression():
    x, y = table(missing=0.1)
    return CatBoostRegressor(**COMMON).fit(x, y + 10), x


@fixture
def scale_and_bias():
    x, y = table()
    model = CatBoostRegressor(**COMMON).fit(x, y)
    model.set_scale_and_bias(2.5, 0.3)
    return model, x


@fixture
def quantile():
    x, y = table()
    return CatBoostRegressor(loss_function="Quantile:alpha=0.9", **COMMON).fit(x, y), x


@fixture
def poisson():
    x, y = table()
    return CatBoostRegressor(loss_function="Poisson", **COMMON).fit(x, np.floor(np.exp(y / 2))), x


@fixture
def tweedie():
    x, y = table()
    model = CatBoostRegressor(loss_function="Tweedie:variance_power=1.5", **COMMON)
    return model.fit(x, np.exp(y / 2)), x


@fixture
def two_targets():
    x, y = table()
    model = CatBoostRegressor(loss_function="MultiRMSE", **COMMON)
    return model.fit(x, np.stack([y + 3, -2 * y], 1)), x


@fixture
def ranking():
    x, y = table()
    model = CatBoostRanker(loss_function="YetiRank", **COMMON)
    return model.fit(Pool(x, np.digitize(y, [-1, 1]), group_id=np.arange(len(x)) // 8)), x


@fixture
def depthwise():
    x, y = table(missing=0.1)
    model = CatBoostClassifier(grow_policy="Depthwise", min_data_in_leaf=5, **COMMON)
    return model.fit(x, np.digitize(y, [-1, 1])), x


@fixture
def lossguide():
    x, y = table(missing=0.1)
    model = CatBoostRegressor(grow_policy="Lossguide", max_leaves=6, **{**COMMON, "depth": 5})
    return model.fit(x, y), x


@fixture
def depth_ten():
    x, y = table()
    return CatBoostRegressor(**{**COMMON, "depth": 10, "iterations": 2}).fit(x, y), x


COLORS = ["red", "green", "", "blau-grün", "a name of more than thirty-two bytes in all",
          "a name that is longer than sixty-four bytes, for which the hash has a loop of its own",
          "seventeen letters", "nine char"]


def categories(values, seed=7):
    x, y = table(seed=seed, columns=4)
    random = np.random.RandomState(seed)
    picked = random.choice(len(values), size=len(x))
    rows = [[float(row[0]), values[index], float(row[1])] for row, index in zip(x, picked)]
    return rows, y + np.array([3, -2, 1, 0, 2, -3, 4, -1])[picked % 8]


@fixture
def one_hot_text():
    rows, y = categories(COLORS)
    return CatBoostRegressor(one_hot_max_size=20, cat_features=[1], **COMMON).fit(rows, y), rows


@fixture
def one_hot_numbers():
    rows, y = categories([0, 1, 2, 3, 10, 255, 4000, 65535])
    return CatBoostRegressor(one_hot_max_size=20, cat_features=[1], **COMMON).fit(rows, y), rows


@fixture
def one_hot_lossguide():
    rows, y = categories(COLORS)
    model = CatBoostClassifier(
        one_hot_max_size=20, cat_features=[1], grow_policy="Lossguide", **COMMON)
    return model.fit(rows, (y > 0).astype(int)), rows


@fixture
def counters__refused():
    rows, y = categories(COLORS)
    return CatBoostClassifier(one_hot_max_size=2, cat_features=[1], **COMMON).fit(rows, (y > 0).astype(int)), rows


@fixture
def text__refused():
    random = np.random.RandomState(7)
    words = ["red", "green", "blue", "warm", "cold"]
    rows = [[float(random.normal()), " ".join(random.choice(words, 4))] for _ in range(240)]
    y = [int("red" in row[1]) for row in rows]
    return CatBoostClassifier(text_features=[1], **COMMON).fit(rows, y), rows


def edges(x, borders):
    """Rows of the training data, and rows with values on borders and beside them."""
    random = np.random.RandomState(3)
    rows = [list(x[index]) for index in random.choice(len(x), 12, replace=False)]
    for column, values in borders:
        picked = list(random.choice(values, min(len(values), 4), replace=False)) if len(values) else []
        tried = []
        for border in np.array(picked, np.float32):
            tried += [border, np.nextafter(border, np.float32(-np.inf)), np.nextafter(border, np.float32(np.inf))]
        tried += [np.inf, -np.inf, 0.0, -0.0, np.finfo(np.float32).tiny / 4, np.finfo(np.float32).max, np.nan]
        for value in tried:
            row = list(x[random.choice(len(x))])
            row[column] = float(np.float32(value))
            rows.append(row)
    return rows


def answers(model, rows, method, **options):
    """The answers; rows that CatBoost refuses (missing values where training saw none) are None."""
    return np.asarray(getattr(model, method)(rows, thread_count=1, **options))


def make(name, function):
    model, x = function()
    path = os.path.join(FOLDER, name)
    model.save_model(path + ".cbm")
    if name.endswith(".refused"):
        try:
            model.save_model(path + ".json", format="json")
        except catboost.CatBoostError:
            pass
        return
    model.save_model(path + ".json", format="json")
    info = json.load(open(path + ".json"))["features_info"]
    borders = [(f["flat_feature_index"], f.get("borders") or []) for f in info["float_features"]]
    if name not in EXPORTED or VERSION < (1, 2, 10):
        os.remove(path + ".json")
    rows = edges(x, borders)
    text_columns = [f["flat_feature_index"] for f in info.get("categorical_features") or []]
    for column in text_columns:
        new = "never seen" if isinstance(x[0][column], str) else 12345
        rows.append([*x[0][:column], new, *x[0][column + 1:]])
    loaded = type(model)().load_model(path + ".cbm")
    data = rows if text_columns else np.array(rows, np.float32)
    margins = answers(CatBoost().load_model(path + ".cbm"), data, "predict", prediction_type="RawFormulaVal")
    expected = {
        "library": "catboost " + TEXT,
        "columns": len(rows[0]),
        "outputs": 1 if margins.ndim == 1 else margins.shape[1],
        "rows": [
            int(np.float32(0 if isinstance(value, str) else value).view(np.uint32))
            for row in rows for value in row
        ],
        "margins": [float(value) for value in margins.ravel()],
    }
    if any(isinstance(row[column], str) for column in text_columns for row in rows):
        expected["texts"] = {str(column): [str(row[column]) for row in rows] for column in text_columns}
    if isinstance(model, CatBoostClassifier):
        expected["probabilities"] = [float(v) for v in answers(loaded, data, "predict_proba").ravel()]
        expected["classes"] = [str(v) for v in answers(loaded, data, "predict").ravel()]
    else:
        expected["predictions"] = [float(v) for v in answers(loaded, data, "predict").ravel()]
    if hasattr(loaded, "feature_names_"):
        expected["names"] = list(loaded.feature_names_)
    with open(path + ".expected.json", "w") as file:
        json.dump(expected, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for name, function in FIXTURES.items():
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            print(name, flush=True)
            make(name, function)
