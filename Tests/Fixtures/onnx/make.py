"""Makes the ONNX fixtures with the converters that run it: see README.md.

    python make.py [NAME...]

Writes VERSION/NAME.onnx and VERSION/NAME.expected.json: rows, and onnxruntime's answers for them.
"""

import json
import os
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import skl2onnx
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn, to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn import (
    calibration, ensemble, impute, linear_model, multioutput, pipeline, preprocessing, tree)
from sklearn.compose import ColumnTransformer

warnings.filterwarnings("ignore")
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "skl2onnx-" + skl2onnx.__version__)
IS_NEWEST = skl2onnx.__version__ >= "1.20"
FIXTURES = {}


# Older converters get a few of the fixtures.
BRIEF = [
    "tree_two", "forest_names", "forest_regression", "forest_double_classes", "boosting_two", "boosting_three",
    "histograms_two", "histograms_regression", "scaled_and_imputed", "column_transformer", "xgboost_two",
    "xgboost_three", "xgboost_regression", "lightgbm_two", "lightgbm_regression", "lightgbm_three_tensor",
]


def fixture(function):
    if not IS_NEWEST and function.__name__ not in BRIEF:
        return function
    FIXTURES[function.__name__.replace("__", ".").replace("_", "-")] = function
    return function


def newest(function):
    return fixture(function) if IS_NEWEST else function


def table(missing=0.0, seed=7, rows=200, columns=4, dtype=np.float32):
    random = np.random.RandomState(seed)
    x = random.normal(size=(rows, columns)).astype(dtype)
    target = x[:, 0] + 0.5 * x[:, 1] * x[:, 2] - x[:, 3]
    if missing:
        x[random.uniform(size=x.shape) < missing] = np.nan
    return x, target


def sklearn(estimator, labels=None, options=None, opset=None, **data):
    x, y = table(**data)
    y = y if labels is None else labels(y)
    estimator.fit(x, y)
    return to_onnx(estimator, x[:1], options=options, target_opset=opset), x


def two(y):
    return (y > 0).astype(int)


def three(y):
    return np.digitize(y, [-1, 1])


def names(y):
    return np.array(["low", "mid", "high"])[three(y)]


SMALL = dict(max_depth=3, random_state=7)
FOREST = dict(n_estimators=5, **SMALL)
# Doubles and missing values came with version 3 of the operators.
THREE = {"": 15, "ai.onnx.ml": 3}


@fixture
def tree_two():
    return sklearn(tree.DecisionTreeClassifier(**SMALL), two)


@fixture
def tree_three_tensor():
    return sklearn(tree.DecisionTreeClassifier(**SMALL), three, {"zipmap": False})


@fixture
def forest_names():
    return sklearn(ensemble.RandomForestClassifier(**FOREST), names)


@fixture
def forest_two_other_numbers():
    return sklearn(ensemble.RandomForestClassifier(**FOREST), lambda y: np.where(y > 0, 7, -2))


@fixture
def forest_regression():
    return sklearn(ensemble.RandomForestRegressor(**FOREST))


@fixture
def forest_two_targets():
    return sklearn(ensemble.ExtraTreesRegressor(**FOREST), lambda y: np.stack([y, -2 * y], 1))


@fixture
def forest_double_classes():
    return sklearn(ensemble.RandomForestClassifier(**FOREST), names, opset=THREE, dtype=np.float64)


@fixture
def histograms_two():
    return sklearn(ensemble.HistGradientBoostingClassifier(max_iter=5, max_depth=3), two, opset=THREE, missing=0.2)


@fixture
def histograms_regression():
    return sklearn(ensemble.HistGradientBoostingRegressor(max_iter=5, max_depth=3), opset=THREE)


@fixture
def boosting_two():
    return sklearn(ensemble.GradientBoostingClassifier(**FOREST), two)


@fixture
def boosting_three():
    return sklearn(ensemble.GradientBoostingClassifier(**FOREST), names)


@fixture
def boosting_regression():
    return sklearn(ensemble.GradientBoostingRegressor(**FOREST), lambda y: y + 10)


@fixture
def bagging():
    return sklearn(ensemble.BaggingClassifier(tree.DecisionTreeClassifier(**SMALL), 3, random_state=7), two)


@fixture
def bagging_three():
    return sklearn(ensemble.BaggingClassifier(tree.DecisionTreeClassifier(**SMALL), 3, random_state=7), names)


@newest
def boosting_exponential():
    return sklearn(ensemble.GradientBoostingClassifier(loss="exponential", **FOREST), two)


@newest
def calibrated():
    forest = ensemble.RandomForestClassifier(**FOREST)
    return sklearn(calibration.CalibratedClassifierCV(forest, cv=3), two, {"zipmap": False})


@newest
def targets_side_by_side():
    model = multioutput.MultiOutputRegressor(ensemble.GradientBoostingRegressor(**FOREST))
    return sklearn(model, lambda y: np.stack([y, 3 - y], 1))


@newest
def bins_ordinal():
    return bins("ordinal")


@newest
def bins_one_hot():
    return bins("onehot-dense")


def bins(encode):
    encoder = preprocessing.KBinsDiscretizer(4, encode=encode, quantile_method="averaged_inverted_cdf")
    return sklearn(pipeline.make_pipeline(encoder, ensemble.RandomForestRegressor(**FOREST)))


@fixture
def voting_regression():
    return sklearn(ensemble.VotingRegressor([
        ("forest", ensemble.RandomForestRegressor(n_estimators=3, max_depth=3, random_state=0)),
        ("boosting", ensemble.GradientBoostingRegressor(n_estimators=3, max_depth=2, random_state=0)),
    ], weights=np.array([1, 3])))


@fixture
def scaled_and_imputed():
    steps = [impute.SimpleImputer(), preprocessing.StandardScaler(), ensemble.RandomForestClassifier(**FOREST)]
    return sklearn(pipeline.make_pipeline(*steps), two, missing=0.2)


@fixture
def many_scalers():
    steps = [
        preprocessing.MinMaxScaler(), preprocessing.RobustScaler(), preprocessing.MaxAbsScaler(),
        preprocessing.Normalizer(), ensemble.RandomForestRegressor(**FOREST),
    ]
    return sklearn(pipeline.make_pipeline(*steps))


@fixture
def binarized():
    steps = [preprocessing.Normalizer(norm="l1"), preprocessing.Binarizer(threshold=0.1), tree.DecisionTreeRegressor(**SMALL)]
    return sklearn(pipeline.make_pipeline(*steps))


@fixture
def column_transformer():
    x, y = table(missing=0.1)
    import pandas

    random = np.random.RandomState(7)
    frame = pandas.DataFrame(x, columns=["a", "b", "c", "d"])
    frame["c"] = frame["c"].fillna(0)
    frame["d"] = frame["d"].fillna(0)
    frame["color"] = random.choice(["red", "green", "blue"], len(x))
    frame["size"] = random.randint(0, 4, len(x))
    target = two(y + (frame["color"] == "red") - (frame["size"] == 2))
    numbers = pipeline.make_pipeline(impute.SimpleImputer(strategy="median"), preprocessing.StandardScaler())
    transformer = ColumnTransformer(
        [
            ("numbers", numbers, ["a", "b"]),
            ("one-hot", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["color", "size"]),
            ("ordinal", preprocessing.OrdinalEncoder(), ["color"]),
        ],
        remainder="passthrough",
    )
    model = pipeline.make_pipeline(transformer, ensemble.RandomForestClassifier(**FOREST)).fit(frame, target)
    kinds = {"color": StringTensorType, "size": Int64TensorType}
    types = [(name, kinds.get(name, FloatTensorType)([None, 1])) for name in frame]
    return convert_sklearn(model, initial_types=types), frame


@fixture
def logistic_three():
    return sklearn(linear_model.LogisticRegression(), names)


@fixture
def linear():
    return sklearn(pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LinearRegression()))


def shape(columns=4):
    from onnxmltools.convert.common.data_types import FloatTensorType as Type

    return [("X", Type([None, columns]))]


def xgboost(kind, labels=None, missing=0.0, **options):
    import xgboost as library
    from onnxmltools.convert import convert_xgboost

    x, y = table(missing=missing)
    model = getattr(library, kind)(n_estimators=5, max_depth=3, **options)
    model.fit(x, y if labels is None else labels(y))
    return convert_xgboost(model, initial_types=shape()), x


@fixture
def xgboost_two():
    return xgboost("XGBClassifier", two, missing=0.2)


@fixture
def xgboost_three():
    return xgboost("XGBClassifier", three)


@fixture
def xgboost_regression():
    return xgboost("XGBRegressor", lambda y: y + 10, missing=0.2)


@fixture
def xgboost_poisson():
    return xgboost("XGBRegressor", lambda y: np.floor(np.exp(y / 2)), objective="count:poisson")


@newest
def xgboost_hinge():
    return xgboost("XGBClassifier", two, objective="binary:hinge")


@fixture
def xgboost_forest():
    return xgboost("XGBRFRegressor")


def lightgbm(kind, labels=None, missing=0.0, convert=(), x=None, **options):
    import lightgbm as library
    from onnxmltools.convert import convert_lightgbm

    rows, y = table(missing=missing)
    x = rows if x is None else x
    model = getattr(library, kind)(n_estimators=5, num_leaves=6, min_child_samples=5, verbose=-1, n_jobs=1, **options)
    model.fit(x, y if labels is None else labels(y))
    return convert_lightgbm(model, initial_types=shape(x.shape[1]), **dict(convert)), x


@fixture
def lightgbm_two():
    return lightgbm("LGBMClassifier", two, missing=0.2)


@fixture
def lightgbm_three_tensor():
    return lightgbm("LGBMClassifier", three, convert={"zipmap": False})


@fixture
def lightgbm_regression():
    return lightgbm("LGBMRegressor")


@fixture
def lightgbm_split():
    return lightgbm("LGBMRegressor", convert={"split": 2})


@fixture
def lightgbm_poisson():
    return lightgbm("LGBMRegressor", lambda y: np.floor(np.exp(y / 2)), objective="poisson")


@fixture
def lightgbm_forest():
    return lightgbm("LGBMRegressor", boosting_type="rf", bagging_fraction=0.5, bagging_freq=1)


@newest
def catboost_two():
    return catboost("CatBoostClassifier", two)


@newest
def catboost_three():
    return catboost("CatBoostClassifier", three)


@newest
def catboost_regression():
    return catboost("CatBoostRegressor", lambda y: y + 10)


def catboost(kind, labels):
    import catboost as library

    x, y = table()
    model = getattr(library, kind)(iterations=5, depth=3, verbose=0, allow_writing_files=False, thread_count=1)
    model.fit(x, labels(y))
    path = os.path.join(FOLDER, "catboost.tmp")
    model.save_model(path, format="onnx")
    result = onnx.load(path)
    os.remove(path)
    return result, x


# Models by hand, for what no converter writes today.


def by_hand(operator, outputs, attributes, version=3, type=TensorProto.FLOAT, columns=2):
    node = helper.make_node(operator, ["X"], outputs, domain="ai.onnx.ml", name="trees", **attributes)
    types = {"label": TensorProto.INT64, "scores": TensorProto.FLOAT, "Y": TensorProto.FLOAT}
    if operator == "TreeEnsemble":
        types["Y"] = type
    graph = helper.make_graph(
        [node], "by hand",
        [helper.make_tensor_value_info("X", type, [None, columns])],
        [helper.make_tensor_value_info(name, types[name], None) for name in outputs],
    )
    sets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", version)]
    return helper.make_model(graph, opset_imports=sets, ir_version=8, producer_name="by hand")


def nodes(modes, values, tracks=None, tensor=None, trees=3):
    """Trees of two splits on both columns and three leaves."""
    result = {
        "nodes_treeids": [tree for tree in range(trees) for _ in range(5)],
        "nodes_nodeids": [0, 1, 2, 3, 4] * trees,
        "nodes_featureids": [0, 1, 0, 0, 0] * trees,
        "nodes_modes": [mode for tree in range(trees) for mode in (*modes[2 * tree:2 * tree + 2], *["LEAF"] * 3)],
        "nodes_truenodeids": [1, 3, 0, 0, 0] * trees,
        "nodes_falsenodeids": [2, 4, 0, 0, 0] * trees,
    }
    flat = [value for tree in range(trees) for value in (*values[2 * tree:2 * tree + 2], 0.0, 0.0, 0.0)]
    if tensor:
        result["nodes_values_as_tensor"] = helper.make_tensor("values", tensor, [len(flat)], flat)
    else:
        result["nodes_values"] = flat
    if tracks:
        result["nodes_missing_value_tracks_true"] = [t for tree in range(trees) for t in (*tracks[2 * tree:2 * tree + 2], 0, 0, 0)]
    return result


MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_LEQ", "BRANCH_GT"]
VALUES = [0.5, -0.25, 1.0, 0.1, 0.3, 0.7]
TRACKS = [0, 1, 1, 0, 1, 0]
WEIGHTS = [0.1, 0.7, -0.3, 0.2, 0.9, 0.4, 0.05, -0.6, 0.33]


def leaves(prefix, weights, targets, tensor=None, trees=3):
    """Weights for each target of each leaf."""
    count = len(weights)
    result = {
        prefix + "_treeids": [index // (3 * len(targets)) for index in range(count)],
        prefix + "_nodeids": [2 + index // len(targets) % 3 for index in range(count)],
        prefix + "_ids": targets * (count // len(targets)),
    }
    if tensor:
        result[prefix + "_weights_as_tensor"] = helper.make_tensor("weights", tensor, [count], weights)
    else:
        result[prefix + "_weights"] = [float(value) for value in weights]
    return result


def regressor(weights=WEIGHTS, targets=(0,), modes=MODES, values=VALUES, type=TensorProto.FLOAT, tensor=None, **options):
    targets = list(targets)
    attributes = {
        **nodes(modes, values, options.pop("tracks", None), tensor),
        **leaves("target", weights, targets, tensor), "n_targets": len(targets), **options,
    }
    return by_hand("TreeEnsembleRegressor", ["Y"], attributes, type=type), plain_rows(type)


def classifier(weights, targets, labels=(0, 1), **options):
    attributes = {
        **nodes(MODES, VALUES, TRACKS), **leaves("class", weights, list(targets)),
        "classlabels_int64s": list(labels), **options,
    }
    return by_hand("TreeEnsembleClassifier", ["label", "scores"], attributes), plain_rows()


def plain_rows(type=TensorProto.FLOAT):
    random = np.random.RandomState(7)
    rows = random.normal(size=(30, 2)).astype(np.float32)
    rows[::6, 0] = np.nan
    rows[::7, 1] = np.nan
    return rows.astype(np.float64) if type == TensorProto.DOUBLE else rows


@newest
def by_hand_modes():
    return regressor()


@newest
def by_hand_missing():
    return regressor(tracks=TRACKS)


@newest
def by_hand_equal():
    model, rows = regressor(
        modes=["BRANCH_EQ", "BRANCH_NEQ", "BRANCH_NEQ", "BRANCH_EQ", "BRANCH_EQ", "BRANCH_LEQ"],
        values=[1.0, 2.0, 0.0, 3.0, 2.0, 1.0], tracks=[0, 1, 0, 1, 1, 0])
    return model, np.where(np.isnan(rows), np.nan, np.floor(np.abs(rows) * 2)).astype(np.float32)


@newest
def by_hand_double():
    return regressor(type=TensorProto.DOUBLE, tensor=TensorProto.DOUBLE, values=[v + 1e-9 for v in VALUES],
                     base_values_as_tensor=helper.make_tensor("base", TensorProto.DOUBLE, [1], [1.1]))


@newest
def by_hand_double_rows():
    return regressor(type=TensorProto.DOUBLE, base_values=[0.3])


@newest
def by_hand_average():
    return regressor(aggregate_function="AVERAGE", base_values=[0.3])


@newest
def by_hand_average_double():
    return regressor(type=TensorProto.DOUBLE, tensor=TensorProto.DOUBLE, aggregate_function="AVERAGE")


@newest
def by_hand_least():
    return regressor(aggregate_function="MIN", base_values=[0.3])


@newest
def by_hand_largest_double():
    return regressor(type=TensorProto.DOUBLE, tensor=TensorProto.DOUBLE, aggregate_function="MAX")


@newest
def by_hand_one_target_logistic():
    return regressor(post_transform="LOGISTIC", base_values=[0.1])


@newest
def by_hand_probit():
    return regressor([0.1, 0.2, 0.3, 0.15, 0.25, 0.05, 0.11, 0.3, 0.33], post_transform="PROBIT")


TARGETS = [0.1, 0.4, 0.7, -0.3, -0.3, 0.2, 0.2, 0.6, 0.9, 0.4, 0.4, -0.8, 0.05, 0.05, -0.6, 0.33, 0.5, 0.21]


@newest
def by_hand_two_targets_softmax():
    return regressor(TARGETS, (0, 1), post_transform="SOFTMAX", base_values=[0.1, -0.4])


@newest
def by_hand_two_targets_logistic():
    return regressor(TARGETS, (0, 1), post_transform="LOGISTIC")


@newest
def by_hand_three_targets_softmax_zero():
    return regressor((TARGETS * 2)[:27], (0, 1, 2), post_transform="SOFTMAX_ZERO")


@newest
def by_hand_classes_positive():
    return classifier([abs(value) / 2 for value in WEIGHTS], [0])


@newest
def by_hand_classes_positive_logistic():
    return classifier([abs(value) / 2 for value in WEIGHTS], [0], post_transform="LOGISTIC")


@newest
def by_hand_classes_mixed():
    return classifier(WEIGHTS, [0], labels=[5, 9])


@newest
def by_hand_classes_mixed_logistic():
    return classifier([value - 0.3 for value in WEIGHTS], [0], post_transform="LOGISTIC", base_values=[0.2])


@newest
def by_hand_classes_both():
    return classifier(TARGETS, [0, 1])


@newest
def by_hand_classes_opposite():
    return classifier([sign * value for value in WEIGHTS for sign in (-1, 1)], [0, 1], labels=[4, 6])


@newest
def by_hand_classes_three():
    return classifier((TARGETS * 2)[:27], [0, 1, 2], labels=[4, 6, 8], post_transform="SOFTMAX", base_values=[0.1, 0.2, -0.1])


def ensemble_five(type=TensorProto.FLOAT, **options):
    """TreeEnsemble, of version 5: the trees of the others, one with sets."""
    attributes = dict(
        tree_roots=[0, 2], nodes_featureids=[0, 1, 1, 0],
        nodes_splits=helper.make_tensor("splits", type, [4], [0.5, 0.0, -0.25, 1.0]),
        nodes_modes=helper.make_tensor("modes", TensorProto.UINT8, [4], [0, 6, 1, 2]),
        nodes_truenodeids=[1, 0, 3, 3], nodes_trueleafs=[0, 1, 0, 1],
        nodes_falsenodeids=[2, 1, 5, 4], nodes_falseleafs=[1, 1, 1, 1],
        membership_values=helper.make_tensor("members", type, [4], [0.0, 2.0, 3.0, float("nan")]),
        leaf_targetids=[0, 1, 0, 1, 0, 1],
        leaf_weights=helper.make_tensor("weights", type, [6], [0.1, 0.7, -0.3, 0.2, 0.9, 0.4]),
        n_targets=2, nodes_missing_value_tracks_true=[0, 1, 0, 1],
    )
    attributes.update(options)
    rows = plain_rows()
    rows[:, 1] = np.floor(rows[:, 1] * 2)
    return by_hand("TreeEnsemble", ["Y"], attributes, version=5, type=type), rows.astype(
        np.float64 if type == TensorProto.DOUBLE else np.float32)


@newest
def by_hand_five():
    return ensemble_five()


@newest
def by_hand_five_logistic():
    return ensemble_five(post_transform=1)


@newest
def by_hand_five_softmax():
    return ensemble_five(post_transform=2, aggregate_function=0)


@newest
def by_hand_five_least():
    return ensemble_five(aggregate_function=2, n_targets=1, leaf_targetids=[0] * 6)


@newest
def by_hand_five_double():
    return ensemble_five(TensorProto.DOUBLE, aggregate_function=1)


# Rows and answers


def thresholds(model):
    """The thresholds of the trees, by column, where the columns are those of the input."""
    result = {}
    for node in model.graph.node:
        if not node.op_type.startswith("Tree") or node.input[0] != model.graph.input[0].name:
            continue
        values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        numbers = values.get("nodes_values")
        for name in ["nodes_values_as_tensor", "nodes_splits"]:
            if name in values:
                numbers = numpy_helper.to_array(values[name])
        modes = values["nodes_modes"]
        for index, column in enumerate(values["nodes_featureids"]):
            if not isinstance(modes, list) or modes[index] != b"LEAF":
                result.setdefault(column, []).append(numbers[index])
    return result


def edges(model, x):
    """Rows of the training data, and rows with values on thresholds and beside them."""
    random = np.random.RandomState(3)
    x = np.asarray(x, np.float32)
    rows = [list(row) for row in x[random.choice(len(x), min(len(x), 24), replace=False)]]
    found = thresholds(model)
    for column in range(x.shape[1]):
        tried = []
        values = found.get(column, [])
        for border in np.array(random.choice(values, min(len(values), 4), replace=False), np.float32) if len(values) else []:
            tried += [border, np.nextafter(border, np.float32(-np.inf)), np.nextafter(border, np.float32(np.inf))]
        tried += [np.inf, -np.inf, -0.0, np.finfo(np.float32).tiny / 4, np.finfo(np.float32).max, np.nan]
        for value in tried:
            row = list(x[random.choice(len(x))])
            row[column] = value
            rows.append(row)
    return np.array(rows, np.float32)


def whole(name, rows):
    """Categories are whole numbers: no edges for what asks whether a value is one."""
    if name == "by-hand-equal" or "five" in name:
        column = 1 if "five" in name else slice(None)
        rows[:, column] = np.where(np.isfinite(rows[:, column]), np.floor(np.abs(np.clip(rows[:, column], -9, 9))), rows[:, column])
        rows[:, column] = np.where(np.isinf(rows[:, column]), 5, rows[:, column])
    return rows


def make(name, function):
    model, x = function()
    path = os.path.join(FOLDER, name)
    with open(path + ".onnx", "wb") as file:
        file.write(model.SerializeToString())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path + ".onnx", options, providers=["CPUExecutionProvider"])
    expected = {"library": "onnxruntime " + onnxruntime.__version__}
    types = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
    inputs = session.get_inputs()
    if len(inputs) == 1:
        rows = whole(name, edges(model, x))
        if name in ["binarized", "bins-ordinal", "bins-one-hot", "linear", "logistic-three"]:
            # Binarizers and bins refuse missing values; JSON has no word for what linear models answer.
            rows = rows[(np.abs(rows) < 1e30).all(1)]
        feed = {inputs[0].name: rows.astype(types[inputs[0].type])}
        expected["rows"] = [int(value) for value in rows.view(np.uint32).ravel()]
        expected["columns"] = rows.shape[1]
    else:
        frame = x.head(40)
        feed, values, texts = {}, [], {}
        for position, port in enumerate(inputs):
            column = frame[port.name].to_numpy()
            if port.type == "tensor(string)":
                feed[port.name] = column.astype(object).reshape(-1, 1)
                texts[str(position)] = list(column)
                values.append(np.zeros(len(frame), np.float32))
            else:
                feed[port.name] = column.astype(types[port.type]).reshape(-1, 1)
                values.append(column.astype(np.float32))
        rows = np.stack(values, 1)
        expected["rows"] = [int(value) for value in rows.view(np.uint32).ravel()]
        expected["columns"] = len(inputs)
        expected["texts"] = texts
    for port, value in zip(session.get_outputs(), session.run(None, feed)):
        if isinstance(value, list):
            expected["probabilities"] = [float(number) for row in value for number in row.values()]
            expected["outputs"] = len(value[0])
        elif value.dtype.kind in "iO" or value.dtype.kind == "U":
            expected["classes"] = [str(label) for label in value.ravel()]
        elif len(session.get_outputs()) == 2:
            expected["probabilities"] = [float(number) for number in value.ravel()]
            expected["outputs"] = value.shape[1]
        else:
            expected["predictions"] = [float(number) for number in value.ravel()]
            expected["outputs"] = 1 if value.ndim == 1 else value.shape[1]
    with open(path + ".expected.json", "w") as file:
        json.dump(expected, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for name, function in FIXTURES.items():
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            try:
                make(name, function)
                print(name, flush=True)
            except Exception as error:
                print(name, "FAILED", repr(error)[:200], flush=True)
                for ending in [".onnx", ".expected.json"]:
                    if os.path.exists(os.path.join(FOLDER, name + ending)):
                        os.remove(os.path.join(FOLDER, name + ending))
