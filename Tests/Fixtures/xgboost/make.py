"""Makes the XGBoost fixtures of the version of XGBoost that runs it: see README.md.

    python make.py [NAME...]       writes fixtures
    python make.py --answer FOLDER replaces the answers of fixtures that another version wrote

Writes VERSION/NAME.json and .ubj (the model) and VERSION/NAME.expected.json (rows, margins and
predictions of the library for the model as it is read back from the file, as bits of float32).
"""

import json
import os
import sys

import numpy as np
import xgboost as xgb

VERSION = tuple(int(part) for part in xgb.__version__.split(".")[:3])
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), xgb.__version__)
HAS_UBJ = VERSION >= (1, 6, 0)
COMMON = {"nthread": 1, "seed": 7, "verbosity": 0}

# Versions between the ones that matter most get a few of the fixtures.
IS_BRIEF = VERSION[:2] != (1, 7) and VERSION < (3, 4)
BRIEF = [
    "iris-softprob", "iris-old", "binary-logistic-missing", "binary-logistic-base-score",
    "binary-logitraw-base-score", "count-poisson-base-score", "dart", "early-stopping-classifier",
    "categorical-one-hot", "categorical-partition", "multiple-targets", "vector-leaves", "quantiles",
    "gblinear",
]

FIXTURES = {}


def fixture(since=(1, 0, 0), until=(99, 0, 0)):
    """Registers a function that returns (model, rows, keywords of `record`)."""

    def register(function):
        name = function.__name__.replace("_", "-")
        if since <= VERSION < until and (name in BRIEF or not IS_BRIEF):
            FIXTURES[name] = function
        return function

    return register


# Data


def table(rows=240, columns=4, missing=0.0, seed=7):
    random = np.random.RandomState(seed)
    x = random.normal(size=(rows, columns)).astype(np.float32)
    score = x[:, 0] - 0.7 * x[:, 1] * (x[:, 2] > 0) + 0.3 * random.normal(size=rows)
    if missing:
        x[random.uniform(size=x.shape) < missing] = np.nan
    return x, score.astype(np.float32)


def iris():
    from sklearn.datasets import load_iris

    data = load_iris()
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    return data.data.astype(np.float32), data.target, names


def train(x, y, rounds=4, names=None, types=None, group=None, **parameters):
    keywords = {"feature_types": types} if types else {}
    data = xgb.DMatrix(x, label=y, feature_names=names, **keywords)
    if group:
        data.set_group(group)
    parameters = dict(COMMON, max_depth=3, **parameters)
    return xgb.train(parameters, data, num_boost_round=rounds)


def thresholds(booster):
    """Every (feature, threshold) of the model."""
    model = json.loads(read_text(booster))["learner"]["gradient_booster"]
    model = model.get("gbtree", model)["model"]
    for tree in model["trees"]:
        types = tree.get("split_type") or [0] * len(tree["left_children"])
        for left, feature, threshold, kind in zip(
            tree["left_children"], tree["split_indices"], tree["split_conditions"], types
        ):
            if left != -1 and kind == 0:
                yield feature, np.float32(threshold)


def read_text(booster):
    path = os.path.join(FOLDER, "temporary.json")
    booster.save_model(path)
    with open(path) as file:
        text = file.read()
    os.remove(path)
    return text


def edges(booster, x, limit=40):
    """Rows of x with one value on a threshold, next to one, huge, tiny, infinite or missing."""
    random = np.random.RandomState(11)
    found = sorted(set(thresholds(booster)), key=lambda pair: (pair[0], float(pair[1])))
    picked = [found[i] for i in random.permutation(len(found))[:limit]]
    rows = []

    def row(feature, value):
        values = x[random.randint(len(x))].copy()
        values[feature] = value
        rows.append(values)

    for feature, threshold in picked:
        row(feature, threshold)
        row(feature, np.nextafter(threshold, np.float32(-np.inf)))
        row(feature, np.nextafter(threshold, np.float32(np.inf)))
    largest = np.finfo(np.float32).max
    for feature in range(x.shape[1]):
        for value in [0.0, -0.0, 1e-45, -1e-45, 1e-39, largest, -largest, np.inf, -np.inf, np.nan]:
            row(feature, np.float32(value))
    rows.append(np.full(x.shape[1], np.nan, dtype=np.float32))
    return np.array(rows, dtype=np.float32)


# Recording


def bits(values):
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
    return [int(value) for value in flat.view(np.uint32)]


def accepted(booster, rows, matrix):
    """The rows that the library takes: some versions refuse infinities or odd categories."""
    keep = []
    for row in rows:
        try:
            answer(booster, row.reshape(1, -1), matrix)
            keep.append(row)
        except Exception:
            pass
    return np.array(keep, dtype=np.float32)


def answer(model, rows, matrix, **limits):
    """Margins and predictions.

    A DMatrix refuses infinities since 1.3; `inplace_predict` takes them.
    """
    infinite = np.isinf(rows).any(axis=1) & hasattr(model, "inplace_predict")
    answers = []
    for margin in [True, False]:
        finite = matrix(rows[~infinite]) if not infinite.all() else None
        parts = np.zeros((len(rows), 0))
        if finite is not None:
            part = model.predict(finite, output_margin=margin, **limits)
            part = part.reshape(len(rows) - infinite.sum(), -1)
            parts = np.zeros((len(rows), part.shape[1]), dtype=np.float32)
            parts[~infinite] = part
        if infinite.any():
            kind = "margin" if margin else "value"
            part = model.inplace_predict(
                rows[infinite], predict_type=kind, validate_features=False, **limits
            ).reshape(infinite.sum(), -1)
            if finite is None:
                parts = np.zeros((len(rows), part.shape[1]), dtype=np.float32)
            parts[infinite] = part
        answers.append(parts)
    return answers


def record(name, booster, rows, matrix=None, limits=None, rounds=None, **facts):
    """Saves the model, reads it back and records its answers.

    With `rounds`, also the leaves that the rows reach and the margins of only so many first rounds.

    `limits` are the keywords of `predict` that make it use the trees that the class that saved the
    model would use.
    """
    path = os.path.join(FOLDER, name)
    files = [path + ".json"] + ([path + ".ubj"] if HAS_UBJ else [])
    for file in files:
        booster.save_model(file)
    if not isinstance(booster, xgb.Booster):
        booster = booster.get_booster()
    if name.startswith("dart"):
        # Here inplace_predict subtracts the base score again, which rounds otherwise.
        rows = rows[~np.isinf(rows).any(axis=1)]
    matrix = matrix or (lambda x: xgb.DMatrix(x, feature_names=booster.feature_names))
    rows = accepted(booster, rows, matrix)
    answers = [answer(load(file), rows, matrix, **(limits or {})) for file in files]
    for other in answers[1:]:
        assert all(bits(a) == bits(b) for a, b in zip(answers[0], other)), name
    margins, predictions = answers[0]
    expected = {
        "library": "xgboost " + xgb.__version__,
        "columns": int(rows.shape[1]),
        "outputs": int(margins.shape[1]),
        "rows": bits(rows),
        "margins": bits(margins),
        "predictions": bits(predictions),
    }
    if rounds:
        model, data = load(files[0]), matrix(rows)
        first = model.predict(data, output_margin=True, iteration_range=(0, rounds))
        leaves = model.predict(data, pred_leaf=True).reshape(len(rows), -1)
        expected.update(leaves=leaves.astype(int).ravel().tolist(), rounds=rounds,
                        firstMargins=bits(first))
    expected.update(facts)
    write(path, expected)


def load(file):
    model = xgb.Booster(dict(COMMON))
    model.load_model(file)
    return model


def write(path, expected):
    with open(path + ".expected.json", "w") as file:
        json.dump(expected, file, separators=(",", ":"), sort_keys=True)
        file.write("\n")


def answer_again(folder):
    """Replaces the answers by those of the version that runs, for models of another version."""
    for file in sorted(os.listdir(folder)):
        if not file.endswith(".expected.json") or file.startswith("old-"):
            continue
        path = os.path.join(folder, file[: -len(".expected.json")])
        with open(path + ".expected.json") as text:
            expected = json.load(text)
        rows = np.array(expected["rows"], dtype=np.uint32).view(np.float32)
        rows = rows.reshape(-1, expected["columns"])
        if os.path.basename(path).startswith("dart"):
            rows = rows[~np.isinf(rows).any(axis=1)]
        model = load(path + ".json")
        if "logitraw" in path:
            # Up to 1.2 its base score was a probability; later versions take it for a margin.
            text = json.loads(read_text(model))
            parameters = text["learner"]["learner_model_param"]
            base = np.float32(float(parameters["base_score"].strip("[]")))
            parameters["base_score"] = "%.8g" % -np.log(np.float32(1) / base - np.float32(1))
            with open(path + ".temporary.json", "w") as file:
                json.dump(text, file)
            model = load(path + ".temporary.json")
            os.remove(path + ".temporary.json")
        margins, predictions = answer(model, rows, lambda x: xgb.DMatrix(x))
        old = np.array(expected["predictions"], dtype=np.uint32).view(np.float32)
        if len(old) == predictions.size:
            assert np.allclose(old, predictions.ravel(), rtol=1e-5, atol=1e-6), path
        expected.update(
            rows=bits(rows), margins=bits(margins), predictions=bits(predictions),
            answeredBy="xgboost " + xgb.__version__,
        )
        write(path, expected)


# The fixtures


def iris_rounds(rounds):
    x, y, names = iris()
    booster = train(x, y, rounds, names, objective="multi:softprob", num_class=3)
    return booster, np.concatenate([x, edges(booster, x)]), {}


@fixture(since=(1, 7, 0))
def iris_softprob():
    # The two versions that the tutorial's model is promised for get all of its 100 rounds.
    return iris_rounds(5 if IS_BRIEF else 100)


@fixture(until=(1, 7, 0))
def iris_old():
    return iris_rounds(5)


def plain(label, rounds=4, missing=0.0, **parameters):
    x, score = table(missing=missing)
    booster = train(x, label(score), rounds, **parameters)
    return booster, np.concatenate([x[:8], edges(booster, x, 8)]), {}


positive = lambda score: np.exp(score)
share = lambda score: 1 / (1 + np.exp(-score))
positives = lambda score: (score > 0.3).astype(np.float32)
three = lambda score: np.digitize(score, [-0.5, 0.5])
counts = lambda score: np.floor(np.exp(score))


@fixture()
def binary_logistic_missing():
    return plain(positives, missing=0.2, objective="binary:logistic")


@fixture()
def binary_logistic_base_score():
    return plain(positives, objective="binary:logistic", base_score=0.12345679)


@fixture()
def binary_logitraw():
    return plain(positives, objective="binary:logitraw")


@fixture()
def binary_logitraw_base_score():
    return plain(positives, objective="binary:logitraw", base_score=0.25)


@fixture()
def binary_hinge():
    return plain(positives, objective="binary:hinge")


@fixture()
def multi_softmax():
    return plain(three, objective="multi:softmax", num_class=3)


@fixture(since=(1, 7, 0))
def leaves_and_rounds():
    x, score = table(missing=0.2)
    booster = train(x, three(score), 6, objective="multi:softprob", num_class=3, base_score=0.7)
    return booster, x[:30], {"rounds": 2}


@fixture()
def multi_softprob_base_score():
    return plain(three, rounds=3, objective="multi:softprob", num_class=3, base_score=0.7)


@fixture()
def reg_squarederror():
    return plain(lambda score: score, objective="reg:squarederror")


@fixture()
def reg_squaredlogerror():
    return plain(positive, objective="reg:squaredlogerror", base_score=0.3)


@fixture(since=(1, 1, 0))
def reg_pseudohubererror():
    return plain(positive, objective="reg:pseudohubererror")


@fixture(since=(1, 7, 0))
def reg_absoluteerror():
    return plain(lambda score: score, objective="reg:absoluteerror")


@fixture(since=(2, 0, 0))
def reg_quantileerror():
    return plain(lambda score: score, objective="reg:quantileerror", quantile_alpha=0.8)


@fixture(since=(3, 4, 0))
def reg_expectileerror():
    return plain(lambda score: score, objective="reg:expectileerror", expectile_alpha=0.8)


@fixture()
def reg_logistic():
    return plain(share, objective="reg:logistic")


@fixture()
def reg_gamma():
    return plain(positive, objective="reg:gamma")


@fixture()
def reg_tweedie():
    return plain(positive, objective="reg:tweedie", tweedie_variance_power=1.3)


@fixture()
def count_poisson():
    return plain(counts, objective="count:poisson")


@fixture()
def count_poisson_base_score():
    return plain(counts, objective="count:poisson", base_score=1.2345678)


@fixture()
def survival_cox():
    return plain(positive, objective="survival:cox")


@fixture(since=(1, 2, 0))
def survival_aft():
    x, score = table()
    data = xgb.DMatrix(x)
    data.set_float_info("label_lower_bound", positive(score))
    data.set_float_info("label_upper_bound", positive(score) + 1)
    parameters = dict(COMMON, max_depth=3, objective="survival:aft")
    booster = xgb.train(parameters, data, num_boost_round=6)
    return booster, np.concatenate([x[:8], edges(booster, x, 8)]), {}


def ranking(objective):
    x, score = table()
    booster = train(x, three(score), 4, group=[20] * 12, objective=objective)
    return booster, np.concatenate([x[:8], edges(booster, x, 8)]), {}


@fixture()
def rank_ndcg():
    return ranking("rank:ndcg")


@fixture()
def rank_pairwise():
    return ranking("rank:pairwise")


@fixture(since=(1, 7, 0))
def rank_map():
    x, score = table()
    booster = train(x, positives(score), 4, group=[20] * 12, objective="rank:map")
    return booster, np.concatenate([x[:8], edges(booster, x, 8)]), {}


@fixture()
def dart():
    return plain(
        positives, rounds=12, objective="binary:logistic", booster="dart", rate_drop=0.4,
        skip_drop=0.2,
    )


@fixture(since=(1, 7, 0))
def dart_softprob():
    return plain(
        three, rounds=5, objective="multi:softprob", num_class=3, booster="dart", rate_drop=0.5,
    )


@fixture()
def random_forest():
    return plain(
        three, rounds=2, objective="multi:softprob", num_class=3, num_parallel_tree=4,
        subsample=0.6, colsample_bynode=0.8,
    )


@fixture()
def pruned():
    # The exact method grows first and prunes after, which leaves deleted nodes in the arrays.
    return plain(
        lambda score: score, objective="reg:squarederror", tree_method="exact", gamma=8.0,
        learning_rate=0.3,
    )


@fixture()
def single_leaves():
    return plain(lambda score: score, objective="reg:squarederror", gamma=1e9, rounds=2)


@fixture(since=(1, 6, 0))
def multiple_targets():
    x, score = table()
    booster = train(x, np.stack([score, -2 * score], axis=1), 4, objective="reg:squarederror")
    return booster, np.concatenate([x[:8], edges(booster, x, 8)]), {}


def deep(missing):
    x, score = table(rows=500, columns=20, missing=missing)
    booster = xgb.train(
        dict(COMMON, max_depth=12, min_child_weight=0, objective="reg:squarederror",
             colsample_bynode=0.1, grow_policy="lossguide", max_leaves=90, tree_method="hist"),
        xgb.DMatrix(x, label=score), num_boost_round=3,
    )
    return booster, np.concatenate([x[:12], edges(booster, x, 8)[-20:]]), {}


@fixture(since=(1, 7, 0))
def deep_trees():
    return deep(0.0)


@fixture(since=(1, 7, 0))
def deep_trees_missing():
    return deep(0.2)


def early(objective, label):
    x, score = table()
    y = label(score)
    half = len(x) // 2
    watch = xgb.DMatrix(x[half:], label=y[half:])
    booster = xgb.train(
        dict(COMMON, max_depth=4, objective=objective, learning_rate=0.9, eval_metric="logloss"),
        xgb.DMatrix(x[:half], label=y[:half]), num_boost_round=60, evals=[(watch, "watch")],
        early_stopping_rounds=5, verbose_eval=False,
    )
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    return x, booster


@fixture(since=(1, 7, 0))
def early_stopping_booster():
    x, booster = early("binary:logistic", positives)
    rows = np.concatenate([x[:8], edges(booster, x, 8)])
    return booster, rows, {"bestIteration": booster.best_iteration}


@fixture(since=(1, 7, 0))
def early_stopping_classifier():
    x, score = table()
    y = three(score)
    half = len(x) // 2
    model = xgb.XGBClassifier(
        n_estimators=40, max_depth=2, learning_rate=0.9, early_stopping_rounds=2, n_jobs=1,
        num_parallel_tree=2,
    )
    model.fit(x[:half], y[:half], eval_set=[(x[half:], y[half:])], verbose=False)
    best = int(model.best_iteration)
    assert best + 1 < model.get_booster().num_boosted_rounds()
    limits = {"iteration_range": (0, best + 1)}
    margins = model.get_booster().predict(xgb.DMatrix(x), output_margin=True, **limits)
    assert bits(margins) == bits(model.predict(x, output_margin=True))
    rows = np.concatenate([x[:8], edges(model.get_booster(), x, 8)])
    return model, rows, {"limits": limits, "bestIteration": best}


def categorical(one_hot):
    import pandas

    random = np.random.RandomState(3)
    x, score = table()
    colours = np.array(["red", "green", "blue", "gr\u00fcn", "", "black", "white", "pink", "grey"])
    codes = random.randint(len(colours), size=len(x))
    sizes = random.randint(4, size=len(x))
    frame = pandas.DataFrame({
        "weight": x[:, 0],
        "colour": pandas.Categorical.from_codes(codes, categories=colours),
        "size": pandas.Categorical.from_codes(sizes, categories=[10, 20, 30, 40]),
    })
    y = (score + np.where(np.isin(codes, [1, 4, 7]), 1.5, 0) + 0.3 * sizes > 0.8).astype(float)
    data = xgb.DMatrix(frame, label=y, enable_categorical=True)
    parameters = dict(
        COMMON, max_depth=4, objective="binary:logistic", tree_method="hist",
        max_cat_to_onehot=100 if one_hot else 1,
    )
    booster = xgb.train(parameters, data, num_boost_round=8)
    kinds = ["float", "c", "c"]

    def matrix(rows):
        return xgb.DMatrix(
            rows, feature_names=list(frame.columns), feature_types=kinds, enable_categorical=True
        )

    plain_rows = np.stack([x[:, 0], codes, sizes], axis=1).astype(np.float32)
    assert bits(booster.predict(data)) == bits(booster.predict(matrix(plain_rows)))
    odd = []
    for column in [1, 2]:
        for code in [0, 1, 3, 8, 9, 31, 32, 63, 64, 1e6, 16777215, 16777216, 3e9, -1, -0.5, 0.5,
                     1.5, np.nan]:
            row = plain_rows[len(odd)].copy()
            row[column] = code
            odd.append(row)
    rows = np.concatenate([plain_rows[:60], np.array(odd, dtype=np.float32)])
    facts = {"matrix": matrix}
    if VERSION >= (3, 1, 0):
        # 3.1 counts the characters of names as if they were bytes; "gr\u00fcn" is not to be read.
        names = None if VERSION < (3, 4, 0) else [str(colour) for colour in colours]
        facts["categories"] = [None, names, ["10", "20", "30", "40"]]
    return booster, rows, facts


@fixture(since=(1, 7, 0))
def categorical_one_hot():
    return categorical(True)


@fixture(since=(1, 7, 0))
def categorical_partition():
    return categorical(False)


@fixture(since=(2, 0, 0))
def vector_leaves():
    x, score = table(missing=0.1)
    y = np.stack([score, -2 * score, score * score], axis=1)
    booster = train(
        x, y, 3, objective="reg:squarederror", multi_strategy="multi_output_tree",
        tree_method="hist")
    return booster, np.concatenate([x[:8], edges(booster, x, 6)]), {}


@fixture(since=(2, 0, 0))
def quantiles():
    # Levels so near each other that they cross, which 3.4 sorts.
    return plain(
        lambda score: score, objective="reg:quantileerror", quantile_alpha=[0.45, 0.5, 0.55],
        subsample=0.5)


@fixture(since=(3, 4, 0))
def expectiles():
    return plain(
        lambda score: score, objective="reg:expectileerror", expectile_alpha=[0.2, 0.5, 0.8])


@fixture()
def gblinear():
    x, score = table(missing=0.2)
    return train(x, score, 3, objective="reg:squarederror", booster="gblinear"), x[:20], {}


@fixture(since=(1, 7, 0))
def gblinear_softprob():
    x, score = table()
    booster = train(
        x, three(score), 3, objective="multi:softprob", num_class=3, booster="gblinear",
        base_score=0.7)
    return booster, x[:20], {}


def main(names):
    os.makedirs(FOLDER, exist_ok=True)
    for name, function in FIXTURES.items():
        if names and name not in names:
            continue
        booster, rows, keywords = function()
        record(name, booster, rows, **keywords)
        print(xgb.__version__, name)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--answer"]:
        answer_again(sys.argv[2])
    else:
        main(sys.argv[1:])
