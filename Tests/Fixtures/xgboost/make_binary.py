"""Makes the fixtures in XGBoost's binary format with the version that runs it: see README.md.

    python make_binary.py                  writes VERSION/NAME.bin and VERSION/NAME.expected.json
    python make_binary.py --answer FOLDER  replaces the answers of fixtures of versions before 1.3
"""

import json
import os
import sys

import numpy as np
import xgboost as xgb

import make
from make import FOLDER, VERSION, bits, edges, positives, table, three, train, write

# 2.x writes the format only under this name.
ENDING = ".deprecated" if VERSION >= (2, 0) else ".bin"
IS_FULL = VERSION[:2] in [(0, 90), (1, 7)]


def dumped_thresholds(booster):
    """Every (feature, threshold) of the model, from the dump that all versions know."""
    for text in booster.get_dump(dump_format="json"):
        pending = [json.loads(text)]
        while pending:
            node = pending.pop()
            if "children" in node:
                yield int(str(node["split"]).lstrip("f")), np.float32(node["split_condition"])
                pending += node["children"]


make.thresholds = dumped_thresholds


def answer(file, rows, **limits):
    model = make.load(file)
    data = xgb.DMatrix(rows)
    return model.predict(data, output_margin=True, **limits), model.predict(data, **limits)


def record(name, model, rows, limits=None, **facts):
    path = os.path.join(FOLDER, "old-" + name)
    model.save_model(path + ENDING)
    if ENDING != ".bin":
        os.rename(path + ENDING, path + ".bin")
    rows = rows[~np.isinf(rows).any(axis=1)]
    margins, predictions = answer(path + ".bin", rows, **(limits or {}))
    write(path, dict(
        # What the file tells: the first two numbers of the version, since 1.0.
        library="xgboost " + (".".join(map(str, VERSION[:2])) if VERSION >= (1, 0) else "?"),
        columns=int(rows.shape[1]), outputs=int(margins.size // len(rows)), rows=bits(rows),
        margins=bits(margins), predictions=bits(predictions), **facts
    ))
    print(xgb.__version__, name)


def plain(name, label, rounds=3, missing=0.0, **parameters):
    x, score = table(missing=missing)
    booster = train(x, label(score), rounds, **parameters)
    linear = parameters.get("booster") == "gblinear"
    record(name, booster, x[:16] if linear else np.concatenate([x[:6], edges(booster, x, 5)]))


def early():
    x, score = table()
    y, half = positives(score).astype(int), 120
    watch = [(x[half:], y[half:])]
    keywords = dict(early_stopping_rounds=2) if VERSION >= (1, 6) else {}
    model = xgb.XGBClassifier(
        n_estimators=30, max_depth=2, learning_rate=0.9, n_jobs=1, **keywords)
    keywords = {} if VERSION >= (1, 6) else dict(early_stopping_rounds=2)
    model.fit(x[:half], y[:half], eval_set=watch, verbose=False, **keywords)
    best = int(model.get_booster().attr("best_iteration"))
    assert best + 1 < len(model.get_booster().get_dump())
    # Since 1.0 the file tells that an estimator saved it, which would stop at the best round.
    limits = {}
    if VERSION >= (1, 4):
        limits = {"iteration_range": (0, best + 1)}
    elif VERSION >= (1, 0):
        limits = {"ntree_limit": best + 1}
    record("early-stopping", model, x[:20], limits, bestIteration=best)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    plain("logistic", positives, objective="binary:logistic", base_score=0.12345679, missing=0.2)
    plain("poisson", lambda score: np.floor(np.exp(score)), objective="count:poisson",
          base_score=1.5, eval_metric="mae")
    plain("dart", three, 4, objective="multi:softprob", num_class=3, booster="dart", rate_drop=0.5)
    plain("gblinear", lambda score: score, objective="reg:linear", booster="gblinear", missing=0.2)
    if IS_FULL:
        plain("gblinear-softprob", three, objective="multi:softprob", num_class=3,
              booster="gblinear", updater="coord_descent")
        plain("forest", positives, 2, objective="binary:logitraw", num_parallel_tree=3,
              subsample=0.6, base_score=0.25)
        plain("pruned", lambda score: score, objective="reg:linear", tree_method="exact",
              gamma=8.0, learning_rate=0.3)
        if VERSION >= (1, 0):
            plain("hinge", positives, objective="binary:hinge")
    if VERSION >= (0, 90):
        early()


def answer_again(folder):
    """Versions before 1.3 add the base score last, which rounds differently; see README.md."""
    for file in sorted(os.listdir(folder)):
        if not (file.startswith("old-") and file.endswith(".bin")):
            continue
        path = os.path.join(folder, file[: -len(".bin")])
        with open(path + ".expected.json") as text:
            expected = json.load(text)
        rows = np.array(expected["rows"], dtype=np.uint32).view(np.float32)
        limits = {}
        if "bestIteration" in expected and not folder.rstrip("/").split("/")[-1].startswith("0."):
            limits = {"iteration_range": (0, expected["bestIteration"] + 1)}
        answers = answer(path + ".bin", rows.reshape(-1, expected["columns"]), **limits)
        for key, values in zip(["margins", "predictions"], answers):
            old = np.array(expected[key], dtype=np.uint32).view(np.float32)
            assert np.allclose(old, values.ravel(), rtol=1e-5, atol=1e-6), path
            expected[key] = bits(values)
        expected["answeredBy"] = "xgboost " + xgb.__version__
        write(path, expected)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--answer"]:
        answer_again(sys.argv[2])
    else:
        main()
