#!/usr/bin/env python3
"""Writes the lgbm and rf models in a neutral form for forest-bench, until Coppice reads these libraries' files.

Little-endian int32 and float64: magic, features, outputs, mean, logistic, width, trees; for each tree: nodes,
leaves, sets; each set (count, codes); each node (feature or -1, set or -1, yes or leaf, no, missing, float64
threshold: yes if value <= threshold); then the float64 leaves. See forest-bench/NeutralForest.swift.
Usage: export_forest.py [lgbm] [rf]
"""
import os, pickle, struct, sys
import numpy as np

DATA = os.path.join(os.environ.get("PEERS_HOME", os.path.expanduser("~/.cache/coppice")), "engine", "data")
MAGIC = 0x1F02E57


def write(path, features, outputs, mean, logistic, width, trees):
    with open(path, "wb") as f:
        ints = lambda *v: f.write(struct.pack(f"<{len(v)}i", *v))
        ints(MAGIC, features, outputs, mean, logistic, width, len(trees))
        for nodes, leaves, sets in trees:
            ints(len(nodes), len(leaves), len(sets))
            for s in sets: ints(len(s), *s)
            for n in nodes: f.write(struct.pack("<5id", *n))
            f.write(np.asarray(leaves, "<f8").tobytes())


def lightgbm(path):
    """One tree section of model.txt is arrays of the inner nodes; child -1 - k is leaf k."""
    trees = []
    for block in open(path).read().split("\nTree=")[1:]:
        v = dict(l.split("=", 1) for l in block.split("\n\n")[0].splitlines()[1:] if "=" in l)
        a = lambda k, t: [t(x) for x in v.get(k, "").split()]
        feature, threshold, kind = a("split_feature", int), a("threshold", float), a("decision_type", int)
        left, right, leaves = a("left_child", int), a("right_child", int), a("leaf_value", float)
        bounds, words = a("cat_boundaries", int), a("cat_threshold", int)
        sets = [[32 * i + b for i, w in enumerate(words[bounds[s]:bounds[s + 1]]) for b in range(32) if w >> b & 1]
                for s in range(len(bounds) - 1)]
        n = len(feature)
        at = lambda c: c if c >= 0 else n + ~c
        nodes = []
        for i in range(n):
            yes, no = at(left[i]), at(right[i])
            if kind[i] & 1:                                # categorical: in the set goes left, NaN is in no set
                nodes.append((feature[i], int(threshold[i]), yes, no, no, 0.0))
            else:
                missing = kind[i] >> 2 & 3                 # 0 none: NaN is 0; 2: NaN goes the default way
                assert missing in (0, 2), "zero as missing"
                left_if_missing = bool(kind[i] & 2) if missing == 2 else 0.0 <= threshold[i]
                nodes.append((feature[i], -1, yes, no, yes if left_if_missing else no, threshold[i]))
        nodes += [(-1, -1, k, 0, 0, 0.0) for k in range(len(leaves))]
        trees.append((nodes, leaves, sets))
    return trees


def forest(path):
    trees = []
    for e in pickle.load(open(path, "rb")).estimators_:
        t = e.tree_
        p = t.value[:, 0, :] / t.value[:, 0, :].sum(1, keepdims=True)
        rank = np.cumsum(t.children_left < 0) - 1
        nodes = [(-1, -1, int(rank[i]), 0, 0, 0.0) if t.children_left[i] < 0 else
                 (int(t.feature[i]), -1, int(t.children_left[i]), int(t.children_right[i]), int(t.children_right[i]),
                  float(t.threshold[i])) for i in range(t.node_count)]
        trees.append((nodes, p[t.children_left < 0], []))
    return trees


for m in sys.argv[1:] or ["lgbm", "rf"]:
    d = f"{DATA}/{m}"
    if m == "lgbm": write(f"{d}/model.forest", 100, 1, 0, 1, 1, lightgbm(f"{d}/model.txt"))
    else: write(f"{d}/model.forest", 30, 2, 1, 0, 2, forest(f"{d}/model.pkl"))
    print(m, os.path.getsize(f"{d}/model.forest"))
