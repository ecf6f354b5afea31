"""What the scripts that make the fixtures share: see README.md."""

import io
import json
import os
import pickle
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def table(rows=160, columns=4, missing=0.0, seed=7):
    random = np.random.RandomState(seed)
    x = random.normal(size=(rows, columns)).astype(np.float32)
    score = x[:, 0] - 0.7 * x[:, 1] * (x[:, 2] > 0) + 0.3 * random.normal(size=rows)
    if missing:
        x[random.uniform(size=x.shape) < missing] = np.nan
    return x, score


def iris():
    from sklearn.datasets import load_iris

    data = load_iris()
    return data.data.astype(np.float32), data.target


def edges(
    thresholds, x, limit=6, infinite=True, missing=True, largest=np.finfo(np.float32).max
):
    """Rows of x with one value on a threshold, next to one, huge, tiny, infinite or missing.

    `thresholds` are pairs (feature, threshold); a threshold may be float64.
    """
    random = np.random.RandomState(11)
    found = sorted(set((int(f), float(t)) for f, t in thresholds if np.isfinite(t)))
    picked = [found[i] for i in random.permutation(len(found))[:limit]]
    rows = [x[i] for i in random.permutation(len(x))[:10]]

    def row(feature, value):
        values = x[random.randint(len(x))].copy()
        values[feature] = value
        rows.append(values)

    for feature, threshold in picked:
        near = np.float32(threshold)
        row(feature, near)
        row(feature, np.nextafter(near, np.float32(-np.inf)))
        row(feature, np.nextafter(near, np.float32(np.inf)))
    values = [0.0, -0.0, 1e-45, largest, -largest]
    values += [np.inf, -np.inf] if infinite else []
    values += [np.nan] if missing else []
    for index, value in enumerate(values):
        row(index % x.shape[1], np.float32(value))
    return np.array(rows, dtype=np.float32)


def bits(values):
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
    return [int(value) for value in flat.view(np.uint32)]


def numbers(values):
    return [float(value) for value in np.asarray(values, dtype=np.float64).reshape(-1)]


def dump(folder, name, thing, protocol):
    """Pickles a thing and returns it as it is read back."""
    if not os.path.isdir(folder):
        os.makedirs(folder)
    with open(os.path.join(folder, name), "wb") as file:
        pickle.dump(thing, file, protocol=protocol)
    with open(os.path.join(folder, name), "rb") as file:
        return pickle.load(file)


def record(folder, name, answers):
    with io.open(os.path.join(folder, name + ".answers.json"), "w") as file:
        text = json.dumps(answers, separators=(",", ":"), sort_keys=True)
        file.write(text if isinstance(text, type(u"")) else text.decode("ascii"))
        file.write(u"\n")
    print(os.path.basename(folder), name)
