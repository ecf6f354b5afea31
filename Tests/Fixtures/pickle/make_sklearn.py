"""Makes the fixtures of scikit-learn in pickles with the version that runs it: see README.md."""

import os
import sys

import numpy as np
import sklearn
import sklearn.ensemble as ensemble
import sklearn.tree as tree

from common import HERE, bits, dump, edges, iris, numbers, record, table

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
PYTHON = "-python2" if sys.version_info < (3,) else ""
FOLDER = os.path.join(HERE, "sklearn-" + sklearn.__version__ + PYTHON)
NAMES = np.array([u"setosa", u"versicolor", u"virginica"])
# Missing values: trees since 1.3, forests since 1.4, extra trees since 1.6.
MISSING_TREES, MISSING_FORESTS, MISSING_EXTRA = VERSION >= (1, 3), VERSION >= (1, 4), VERSION >= (1, 6)


def thresholds(model):
    if hasattr(model, "tree_"):
        nodes = model.tree_
        return [(f, t) for f, t in zip(nodes.feature, nodes.threshold) if f >= 0]
    return [pair for part in np.ravel(model.estimators_) for pair in thresholds(part)]


def save(name, model, x, protocol=2, missing=False, rows=None, **facts):
    read = dump(FOLDER, name + ".pkl", model, protocol)
    rows = edges(thresholds(read), x, 5, False, missing, 1e37) if rows is None else rows
    answers = {}
    if hasattr(read, "predict_proba"):
        values = read.predict_proba(rows)
        labels = list(read.classes_)
        answers["classes"] = [labels.index(label) for label in read.predict(rows)]
        if values.shape[1] == 2:
            values = values[:, 1]
    else:
        values = read.predict(rows)
    answers.update(
        library="scikit-learn " + sklearn.__version__, columns=int(rows.shape[1]),
        outputs=int(np.size(values) // len(rows)), rows=bits(rows), values=numbers(values), **facts
    )
    record(FOLDER, name, answers)


def trees():
    x, y = iris()
    names = dict(labels=list(NAMES))
    x2, score = table(missing=0.1 if MISSING_TREES else 0)
    for protocol in [0, 2] if PYTHON else [0, 4] if VERSION != (1, 4) else [0, 1, 2, 3, 4, 5]:
        model = tree.DecisionTreeClassifier(max_depth=3, random_state=0).fit(x, NAMES[y])
        save("tree-%d" % protocol, model, x, protocol, MISSING_TREES, **names)
    model = tree.DecisionTreeClassifier(max_depth=4, random_state=0, class_weight="balanced")
    save("tree-binary", model.fit(x2, score > 0), x2, 2, MISSING_TREES, labels=["False", "True"])
    model = tree.DecisionTreeRegressor(max_depth=4, random_state=0)
    save("tree-regressor", model.fit(x2, score), x2, 2, MISSING_TREES)
    x3, _ = table(missing=0.1 if MISSING_EXTRA else 0)
    model = tree.ExtraTreeRegressor(max_depth=4, random_state=0)
    save("extra-tree-targets", model.fit(x3, np.stack([score, -2 * score], 1)), x3, 2,
         MISSING_EXTRA)


def forests():
    x, y = iris()
    x2, score = table(missing=0.1 if MISSING_FORESTS else 0)
    common = dict(n_estimators=5, max_depth=3, random_state=0)
    model = ensemble.RandomForestClassifier(**common)
    save("forest", model.fit(x, 10 * y + 5), x, 2, MISSING_FORESTS, labels=["5", "15", "25"])
    model = ensemble.RandomForestClassifier(**common)
    save("forest-binary", model.fit(x2, (score > 0).astype(int)), x2, 2, MISSING_FORESTS)
    model = ensemble.RandomForestRegressor(**common)
    save("forest-regressor", model.fit(x2, score), x2, 2, MISSING_FORESTS)
    x3, _ = table(missing=0.1 if MISSING_EXTRA else 0)
    model = ensemble.ExtraTreesClassifier(**common)
    save("extra-trees", model.fit(x3, (score > 0.1) + 0), x3, 2, MISSING_EXTRA)
    if VERSION >= (1, 0):
        import pandas

        names = ["length", "width", "height", "depth"]
        model = ensemble.ExtraTreesRegressor(**common)
        model.fit(pandas.DataFrame(x3, columns=names), score)
        save("extra-trees-regressor", model, x3, 4, MISSING_EXTRA, features=names)


if __name__ == "__main__":
    trees()
    forests()
