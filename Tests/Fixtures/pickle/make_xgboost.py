"""Makes the fixtures of XGBoost in pickles with the version that runs it: see README.md."""

import json
import os
import sys

import numpy as np
import xgboost as xgb

from common import HERE, bits, dump, edges, iris, numbers, record, table

VERSION = tuple(int(part) for part in xgb.__version__.split(".")[:3])
FOLDER = os.path.join(HERE, "xgboost-" + xgb.__version__)
# Each version gets the fixtures that its predecessor may differ in.
IS_FULL = VERSION[:2] == (1, 7)
COMMON = dict(n_jobs=1, max_depth=3, n_estimators=3)
NAMES = np.array(["setosa", "versicolor", "virginica"])


def thresholds(booster):
    for text in booster.get_dump(dump_format="json"):
        pending = [json.loads(text)]
        while pending:
            node = pending.pop()
            if "split" in node:
                names = booster.feature_names or ["f%d" % i for i in range(100)]
                yield names.index(node["split"]), node["split_condition"]
                pending += node["children"]


def save(name, model, x, protocol=4, around=lambda model: model, within=lambda thing: thing,
         **facts):
    """Pickles what `around` makes of the model, and records what the model in it answers."""
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    read = within(dump(FOLDER, name + ".pkl", around(model), protocol))
    booster = read if isinstance(read, xgb.Booster) else read.get_booster()
    rows = edges(thresholds(booster), x, infinite=False)
    if isinstance(read, xgb.Booster):
        data = xgb.DMatrix(rows, feature_names=booster.feature_names)
        margins = read.predict(data, output_margin=True)
        predictions = read.predict(data)
        answers = {}
    else:
        # Before 0.80 the estimator makes classes even of margins.
        margins = booster.predict(xgb.DMatrix(rows), output_margin=True)
        if VERSION >= (0, 80):
            margins = read.predict(rows, output_margin=True)
        predictions = read.predict(rows)
        if VERSION < (1, 3) and not hasattr(read, "predict_proba"):
            # The base score was added last. Next to 0 that shows in more than the last digit.
            keep = np.abs(predictions) > 0.1
            rows, margins, predictions = rows[keep], margins[keep], predictions[keep]
        answers = {}
        if hasattr(read, "predict_proba"):
            predictions = read.predict_proba(rows)
            # The estimator answers labels; which of the classes they are is what is compared.
            labels = list(getattr(read, "classes_", NAMES[:0]))
            answers["classes"] = [labels.index(label) for label in read.predict(rows)]
            if predictions.shape[1] == 2:
                predictions = predictions[:, 1]
    library = xgb.__version__
    if VERSION < (1, 3):
        # The binary format tells two numbers of the version, and none before 1.0. The base score was
        # added last, which rounds differently.
        library = "?" if VERSION < (1, 0) else "%d.%d" % VERSION[:2]
        answers.update(values=numbers(predictions))
    else:
        answers.update(margins=bits(margins), predictions=bits(predictions))
    answers.update(
        library="xgboost " + library, columns=int(rows.shape[1]),
        outputs=int(np.size(margins) // len(rows)), rows=bits(rows), **facts
    )
    record(FOLDER, name, answers)


def label(y):
    # Since 1.6 the labels have to be 0, 1, 2, ….
    return NAMES[y] if VERSION < (1, 6) else y


def classifier(y, **parameters):
    x, _ = iris()
    return xgb.XGBClassifier(**dict(COMMON, **parameters)).fit(x, label(y) if max(y) == 2 else y)


def main():
    x, y = iris()
    facts = {"labels": list(NAMES)} if VERSION < (1, 6) else {}
    for protocol in [0, 1, 2, 3, 4, 5] if IS_FULL else [0, 4]:
        if protocol <= 4 or sys.version_info >= (3, 8):
            save("classifier-%d" % protocol, classifier(y, n_estimators=1), x, protocol, **facts)
    save("binary", classifier((y > 1).astype(int)), x)
    if VERSION < (1, 6):
        numeric = xgb.XGBClassifier(**COMMON).fit(x, 10 * (y > 1) + 5)
        save("numeric-labels", numeric, x, labels=["5", "15"])

    x2, score = table(missing=0.1)
    if IS_FULL:
        forest = xgb.XGBRFClassifier(n_jobs=1, max_depth=3, n_estimators=4).fit(x2, (score > 0).astype(int))
        save("forest", forest, x2)
        ranker = xgb.XGBRanker(**COMMON).fit(x2, (score > 0).astype(int), group=[40] * 4)
        save("ranker", ranker, x2)
        holes = np.where(np.isnan(x2), np.float32(-9), x2)
        save("missing", xgb.XGBRegressor(missing=-9.0, **COMMON).fit(holes, score), holes)
    save("regressor", xgb.XGBRegressor(**COMMON).fit(x2, score), x2)

    half = len(x2) // 2
    early = dict(n_jobs=1, max_depth=2, n_estimators=20, learning_rate=1.5)
    watch = dict(eval_set=[(x2[half:], (score > 0).astype(int)[half:])], verbose=False)
    if VERSION >= (1, 6):
        early.update(early_stopping_rounds=2)
    else:
        watch.update(early_stopping_rounds=2)
    stopped = xgb.XGBClassifier(**early).fit(x2[:half], (score > 0).astype(int)[:half], **watch)
    best = int(stopped.best_iteration)
    rounds = len(stopped.get_booster().get_dump())
    assert best + 1 < rounds
    if VERSION < (0, 80):
        # Its predict uses all trees, that of 0.80 does not, and the pickles look alike.
        dump(FOLDER, "early-stopping.refused.pkl", stopped, 4)
    else:
        save("early-stopping", stopped, x2, bestIteration=best, trees=best + 1)
    if IS_FULL:
        save("early-stopping-booster", stopped.get_booster(), x2,
             bestIteration=best, trees=rounds)

    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    data = xgb.DMatrix(x, label=y, feature_names=names)
    booster = xgb.train(
        dict(objective="multi:softprob", num_class=3, max_depth=2, nthread=1), data, 2)
    if IS_FULL:
        save("booster", booster, x, features=names)
    save("tutorial", booster, x, 3, lambda model: [model, NAMES], lambda thing: thing[0],
         labels=list(NAMES), features=names)

    if not IS_FULL:
        return
    plain = xgb.XGBClassifier(**dict(COMMON, n_estimators=2)).fit(x, y)
    save("dictionary", plain, x, 2,
         lambda model: {"model": model, "labels": list(NAMES), "features": names, "trained": 2024},
         lambda thing: thing["model"], labels=list(NAMES), features=names)
    from sklearn.preprocessing import LabelEncoder

    save("encoder", plain, x, 4, lambda model: (model, LabelEncoder().fit(NAMES[y])),
         lambda thing: thing[0], labels=list(NAMES))


if __name__ == "__main__":
    main()
