"""Makes the LightGBM fixtures of the version of LightGBM that runs it: see README.md.

    python make.py [NAME...]

Writes VERSION/NAME.txt (the model), VERSION/NAME.dump.json (the dump, for some) and
VERSION/NAME.expected.json (rows, and the library's answers for the model as it is read back from the
file, in float64).
"""

import json
import os
import re
import sys

import lightgbm as lgb
import numpy as np

try:
    from importlib.metadata import version
except ImportError:
    from pkg_resources import get_distribution

    version = lambda name: get_distribution(name).version

TEXT = version("lightgbm")
VERSION = tuple(int(part) for part in TEXT.split(".")[:3])
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), TEXT)
COMMON = {
    "num_threads": 1, "seed": 7, "verbose": -1, "num_leaves": 6, "min_data_in_leaf": 5,
    "min_data_per_group": 5, "cat_smooth": 1, "cat_l2": 1,
}
ZERO = np.float32(1e-35)

# Versions between the ones that matter most get a few of the fixtures.
IS_BRIEF = VERSION not in [(2, 3, 1), (3, 3, 5), (4, 7, 0)]
BRIEF = [
    "binary", "multiclass", "categorical", "categorical-pandas", "zero-as-missing", "no-missing",
    "random-forest-binary", "random-forest-multiclass", "random-forest-poisson", "random-forest-gamma",
    "random-forest-tweedie", "random-forest-entropy-lambda", "random-forest-sqrt", "dart", "poisson",
]
FIXTURES = {}


def fixture(since=(2, 0, 0), until=(99, 0, 0)):
    """Registers a function that returns (model, rows, facts)."""

    def register(function):
        name = function.__name__.replace("_", "-")
        if since <= VERSION < until and (name in BRIEF or not IS_BRIEF):
            FIXTURES[name] = function
        return function

    return register


# Data


def table(rows=240, columns=4, missing=0.0, zeros=0.0, seed=7):
    random = np.random.RandomState(seed)
    x = random.normal(size=(rows, columns)).astype(np.float32).astype(np.float64)
    score = x[:, 0] - 0.7 * x[:, 1] * (x[:, 2] > 0) + 0.3 * random.normal(size=rows)
    if zeros:
        x[random.uniform(size=x.shape) < zeros] = 0
    if missing:
        x[random.uniform(size=x.shape) < missing] = np.nan
    return x, score


def train(x, y, rounds=3, names="auto", categories="auto", group=None, **parameters):
    data = lgb.Dataset(
        x, y, feature_name=names, categorical_feature=categories, group=group, free_raw_data=False
    )
    return lgb.train(dict(COMMON, **parameters), data, rounds)


def model_text(model):
    path = os.path.join(FOLDER, "temporary.txt")
    model.save_model(path)
    with open(path) as file:
        text = file.read()
    os.remove(path)
    return text


def thresholds(text):
    """Every (feature, threshold) of the model."""
    for tree in text.split("Tree=")[1:]:
        fields = dict(re.findall(r"^(\w+)=(.*)$", tree, re.M))
        for feature, threshold, kind in zip(
            fields.get("split_feature", "").split(), fields.get("threshold", "").split(),
            fields.get("decision_type", "").split(),
        ):
            if int(kind) & 1 == 0:
                yield int(feature), float(threshold)


def edges(text, x, limit=8, categories=()):
    """Rows of x with one value on a threshold, next to one, tiny, huge, infinite or missing."""
    random = np.random.RandomState(11)
    found = sorted(set(thresholds(text)))
    picked = [found[i] for i in random.permutation(len(found))[:limit]]
    rows = []

    def row(feature, value):
        values = np.array(x[random.randint(len(x))], dtype=np.float32)
        values[feature] = value
        rows.append(values)

    for feature, threshold in picked:
        nearest = np.float32(threshold)
        for value in [
            nearest, np.nextafter(nearest, np.float32(-np.inf)),
            np.nextafter(nearest, np.float32(np.inf)),
        ]:
            row(feature, value)
    largest = np.finfo(np.float32).max
    for feature in range(x.shape[1]):
        for value in [
            0.0, -0.0, 1e-45, -1e-45, ZERO, -ZERO, np.nextafter(ZERO, np.float32(1)),
            np.nextafter(-ZERO, np.float32(-1)), 1e-20, -1e-20, largest, -largest, np.inf, -np.inf,
            np.nan,
        ]:
            row(feature, np.float32(value))
    for feature in categories:
        for value in [
            -2, -1, -0.99, -0.5, -1e-30, 0.99, 1, 1.5, 2.999, 7, 31, 32, 63, 64, 70, 1e6, 2.0**24,
            2.0**31, 1e20,
        ]:
            row(feature, np.float32(value))
    rows.append(np.full(x.shape[1], np.nan, dtype=np.float32))
    rows.append(np.zeros(x.shape[1], dtype=np.float32))
    return np.array(rows, dtype=np.float32)


# Recording


def bits(values):
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
    return [int(value) for value in flat.view(np.uint32)]


def doubles(values):
    return [float(value) for value in np.asarray(values, dtype=np.float64).reshape(-1)]


def record(name, model, rows, **facts):
    path = os.path.join(FOLDER, name)
    model.save_model(path + ".txt")
    model = lgb.Booster(model_file=path + ".txt")
    if name in DUMPED and (VERSION >= (2, 2, 3) or name == "binary"):
        # Dumps of earlier versions lack the objective.
        ending = ".dump.json" if VERSION >= (2, 2, 3) else ".refused.json"
        with open(path + ending, "w") as file:
            json.dump(model.dump_model(), file, separators=(",", ":"))
            file.write("\n")
    rows = np.asarray(rows, dtype=np.float32)
    margins = model.predict(rows, raw_score=True).reshape(len(rows), -1)
    predictions = model.predict(rows).reshape(len(rows), -1)
    expected = {
        "library": "lightgbm " + TEXT,
        "columns": int(rows.shape[1]),
        "outputs": int(margins.shape[1]),
        "rows": bits(rows),
        "margins": doubles(margins),
        "predictions": doubles(predictions),
    }
    expected.update(facts)
    with open(path + ".expected.json", "w") as file:
        json.dump(expected, file, separators=(",", ":"), sort_keys=True)
        file.write("\n")


DUMPED = [
    "binary", "multiclass", "categorical", "categorical-pandas", "zero-as-missing", "no-missing",
    "random-forest-binary", "linear-tree", "custom",
]

# The fixtures


def plain(label, rounds=3, missing=0.1, zeros=0.1, task="regression", **parameters):
    x, score = table(missing=missing, zeros=zeros)
    model = train(x, label(score), rounds, **parameters)
    facts = {"task": task}
    return model, np.concatenate([x[:8], edges(model_text(model), x)]), facts


same = lambda score: score
positive = lambda score: np.exp(score)
share = lambda score: 1 / (1 + np.exp(-score))
positives = lambda score: (score > 0.3).astype(np.float64)
three = lambda score: np.digitize(score, [-0.5, 0.5])
BINARY, CLASSES, RANKING = (
    "binary-classification", "multiclass-classification", "ranking",
)


@fixture()
def binary():
    return plain(positives, task=BINARY, objective="binary", is_unbalance=True)


@fixture()
def binary_sigmoid():
    return plain(positives, task=BINARY, objective="binary", sigmoid=0.7)


@fixture()
def multiclass():
    return plain(three, task=CLASSES, objective="multiclass", num_class=3)


@fixture()
def multiclassova():
    return plain(three, task=CLASSES, objective="multiclassova", num_class=3, sigmoid=1.7)


@fixture()
def cross_entropy():
    return plain(share, objective="xentropy")


@fixture()
def cross_entropy_lambda():
    return plain(share, objective="xentlambda")


@fixture()
def regression():
    return plain(same, objective="regression")


@fixture()
def regression_sqrt():
    return plain(same, objective="regression", reg_sqrt=True)


@fixture()
def regression_l1():
    return plain(same, objective="regression_l1")


@fixture()
def huber():
    return plain(same, objective="huber")


@fixture()
def fair():
    return plain(same, objective="fair")


@fixture()
def quantile():
    return plain(same, objective="quantile", alpha=0.8)


@fixture()
def mape():
    return plain(positive, objective="mape")


@fixture()
def poisson():
    return plain(lambda score: np.floor(np.exp(score)), objective="poisson")


@fixture()
def gamma():
    return plain(positive, objective="gamma")


@fixture()
def tweedie():
    return plain(positive, objective="tweedie", tweedie_variance_power=1.3)


@fixture()
def lambdarank():
    return plain(three, task=RANKING, objective="lambdarank", group=[20] * 12)


@fixture(since=(3, 0, 0))
def rank_xendcg():
    return plain(three, task=RANKING, objective="rank_xendcg", group=[20] * 12)


@fixture()
def custom():
    x, score = table(missing=0.1)
    data = lgb.Dataset(x, score)
    squared = lambda p, d: (p - d.get_label(), np.ones(len(p)))
    if VERSION < (4, 0, 0):
        model = lgb.train(dict(COMMON), data, 3, fobj=squared)
    else:
        model = lgb.train(dict(COMMON, objective=squared), data, 3)
    return model, np.concatenate([x[:8], edges(model_text(model), x)]), {}


@fixture()
def zero_as_missing():
    return plain(same, zeros=0.3, rounds=6, objective="regression", zero_as_missing=True)


@fixture()
def no_missing():
    return plain(same, zeros=0.3, rounds=4, objective="regression", use_missing=False)


@fixture()
def dart():
    return plain(
        positives, rounds=8, task=BINARY, objective="binary", boosting="dart", drop_rate=0.4,
        skip_drop=0.2,
    )


@fixture()
def dart_multiclass():
    return plain(
        three, rounds=4, task=CLASSES, objective="multiclass", num_class=3, boosting="dart",
        drop_rate=0.5,
    )


@fixture()
def goss():
    return plain(positives, rounds=6, task=BINARY, objective="binary", boosting="goss", learning_rate=0.4)


FOREST = {"boosting": "rf", "bagging_fraction": 0.7, "bagging_freq": 1, "feature_fraction": 0.9}


@fixture()
def random_forest():
    return plain(same, rounds=5, objective="regression", **FOREST)


@fixture()
def random_forest_binary():
    return plain(positives, rounds=5, task=BINARY, objective="binary", **FOREST)


@fixture(since=(2, 1, 0))
def random_forest_multiclass():
    return plain(three, rounds=3, task=CLASSES, objective="multiclass", num_class=3, **FOREST)


@fixture()
def random_forest_poisson():
    return plain(positive, rounds=3, objective="poisson", **FOREST)


@fixture(since=(2, 2, 0), until=(2, 3, 0))
def random_forest_gamma():
    return plain(positive, rounds=3, objective="gamma", **FOREST)


@fixture(since=(2, 2, 0), until=(2, 3, 0))
def random_forest_tweedie():
    return plain(positive, rounds=3, objective="tweedie", **FOREST)


@fixture(since=(2, 2, 0), until=(2, 3, 0))
def random_forest_entropy_lambda():
    return plain(positives, rounds=3, objective="xentlambda", **FOREST)


@fixture(since=(2, 2, 0), until=(2, 3, 0))
def random_forest_sqrt():
    return plain(positive, rounds=3, objective="regression", reg_sqrt=True, **FOREST)


def coded(**parameters):
    """Two categorical columns: one of four categories (one-hot splits), one of 70 (sets)."""
    random = np.random.RandomState(5)
    x, score = table(rows=400, columns=4)
    x[:, 1] = random.randint(0, 4, len(x))
    x[:, 3] = random.randint(0, 70, len(x))
    x[:, 3][random.uniform(size=len(x)) < 0.1] = np.nan
    y = x[:, 0] + 1.5 * (x[:, 1] == 2) + 2 * (np.nan_to_num(x[:, 3]) % 3 == 1) + 0.1 * score
    model = train(x, y, 5, categories=[1, 3], objective="regression", **parameters)
    rows = np.concatenate([x[:8], edges(model_text(model), x, categories=[1, 3])])
    return model, rows, {"task": "regression", "types": ["float", "categorical", "float", "categorical"]}


@fixture()
def categorical():
    return coded()


@fixture()
def categorical_zero_as_missing():
    return coded(zero_as_missing=True)


@fixture()
def categorical_pandas():
    import pandas as pd

    random = np.random.RandomState(5)
    frame = pd.DataFrame(
        {
            "weight": random.normal(size=300),
            "colour": pd.Categorical(random.choice(["blue", "green", "grün, ja", "red"], 300)),
            "size": pd.Categorical(random.choice([10, 20, 30], 300)),
        }
    )
    y = frame["weight"] + (frame["colour"] == "red") * 2.0 + (frame["size"].astype(int) == 20)
    model = train(frame, y, 4, objective="regression")
    x = np.column_stack(
        [frame["weight"], frame["colour"].cat.codes, frame["size"].cat.codes]
    ).astype(np.float64)
    rows = np.concatenate([x[:8], edges(model_text(model), x, categories=[1, 2])])
    return model, rows, {
        "task": "regression",
        "types": ["float", "categorical", "categorical"],
        "names": ["weight", "colour", "size"],
        "categories": [None, ["blue", "green", "grün, ja", "red"], ["10", "20", "30"]],
    }


@fixture()
def single_leaves():
    x, score = table()
    model = train(x, same(score), 3, objective="regression", min_gain_to_split=1e9)
    return model, np.concatenate([x[:4], edges(model_text(model), x)]), {"task": "regression"}


@fixture()
def classifier():
    from sklearn.datasets import load_iris

    data = load_iris()
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    estimator = lgb.LGBMClassifier(n_estimators=8, num_leaves=5, n_jobs=1)
    estimator.fit(data.data, data.target, feature_name=names)
    model = estimator.booster_
    rows = np.concatenate([data.data[::5], edges(model_text(model), data.data)])
    return model, rows, {"task": CLASSES, "names": names}


@fixture()
def early_stopping():
    x, score = table(rows=400)
    y = positives(score)
    data = lgb.Dataset(x[:250], y[:250])
    valid = lgb.Dataset(x[250:], y[250:], reference=data)
    parameters = dict(COMMON, objective="binary", metric="binary_logloss", learning_rate=0.7)
    if VERSION < (4, 0, 0):
        model = lgb.train(parameters, data, 60, [valid], early_stopping_rounds=3, verbose_eval=False)
    else:
        model = lgb.train(parameters, data, 60, [valid], callbacks=[lgb.early_stopping(3, verbose=False)])
    assert 0 < model.best_iteration < 60
    rows = np.concatenate([x[:8], edges(model_text(model), x)])
    # Rounds after the best are not saved.
    return model, rows, {"task": BINARY, "trees": int(model.best_iteration)}


def moderate(rows):
    """The rows whose linear terms are finite."""
    return rows[~(np.abs(rows) > 1e30).any(axis=1)]


@fixture(since=(3, 3, 0))
def linear_tree():
    x, score = table(missing=0.1)
    model = train(x, score, 3, objective="regression", linear_tree=True)
    return model, moderate(np.concatenate([x[:20], edges(model_text(model), x)])), {}


@fixture(since=(3, 3, 0))
def linear_tree_multiclass():
    x, score = table(missing=0.1)
    model = train(x, three(score), 2, objective="multiclass", num_class=3, linear_tree=True)
    rows = moderate(np.concatenate([x[:20], edges(model_text(model), x)]))
    return model, rows, {"task": CLASSES}


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for name, make in FIXTURES.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        model, rows, facts = make()
        record(name, model, rows, **facts)
        print(TEXT, name)


if __name__ == "__main__":
    main()
