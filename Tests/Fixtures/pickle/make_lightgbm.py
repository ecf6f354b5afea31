"""Makes the fixtures of LightGBM in pickles with the version that runs it: see README.md."""

import os

import lightgbm as lgb
import numpy as np

from common import HERE, bits, dump, edges, iris, numbers, record, table

VERSION = tuple(int(part) for part in lgb.__version__.split(".")[:2])
FOLDER = os.path.join(HERE, "lightgbm-" + lgb.__version__)
COMMON = dict(n_estimators=3, num_leaves=7, n_jobs=1)
COMMON.update(dict(verbose=-1) if VERSION >= (3, 0) else dict(silent=True))
NAMES = np.array(["setosa", "versicolor", "virginica"])


def thresholds(booster):
    for tree in booster.dump_model()["tree_info"]:
        pending = [tree["tree_structure"]]
        while pending:
            node = pending.pop()
            if "left_child" in node:
                if node["decision_type"] == "<=":
                    yield node["split_feature"], node["threshold"]
                pending += [node["left_child"], node["right_child"]]


def save(name, model, x, protocol=4, features=None, **facts):
    read = dump(FOLDER, name + ".pkl", model, protocol)
    booster = read if isinstance(read, lgb.Booster) else read.booster_
    rows = edges(thresholds(booster), x)
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
        library="lightgbm ?", columns=int(rows.shape[1]),
        outputs=int(np.size(values) // len(rows)), rows=bits(rows), values=numbers(values),
        features=features or ["Column_%d" % i for i in range(x.shape[1])], **facts
    )
    record(FOLDER, name, answers)


def main():
    x, y = iris()
    labels = dict(labels=list(NAMES))
    save("classifier", lgb.LGBMClassifier(**COMMON).fit(x, NAMES[y]), x, **labels)
    save("classifier-2", lgb.LGBMClassifier(**COMMON).fit(x, NAMES[y]), x, 2, **labels)
    save("binary", lgb.LGBMClassifier(**COMMON).fit(x, 10 * (y > 1) + 5), x, labels=["5", "15"])
    x2, score = table(missing=0.1)
    save("regressor", lgb.LGBMRegressor(**COMMON).fit(x2, score), x2)
    ranker = lgb.LGBMRanker(**COMMON).fit(x2, (score > 0).astype(int), group=[40] * 4)
    save("ranker", ranker, x2)
    half = len(x2) // 2
    positive = (score > 0).astype(int)
    watch = dict(eval_set=[(x2[half:], positive[half:])])
    if VERSION >= (4, 0):
        watch["callbacks"] = [lgb.early_stopping(2, verbose=False)]
    else:
        watch.update(early_stopping_rounds=2, verbose=False)
    stopped = lgb.LGBMClassifier(**dict(COMMON, n_estimators=40, learning_rate=1.0))
    stopped.fit(x2[:half], positive[:half], **watch)
    save("early-stopping", stopped, x2, trees=int(stopped.best_iteration_))
    booster = lgb.train(
        dict(objective="binary", num_leaves=7, verbose=-1, num_threads=1),
        lgb.Dataset(x2, positive, feature_name=["a", "b", "c", "d"]), 3)
    save("booster", booster, x2, features=["a", "b", "c", "d"])


if __name__ == "__main__":
    main()
