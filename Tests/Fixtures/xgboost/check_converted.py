"""Has today's XGBoost read what `coppice convert` makes of the fixtures, and compares its answers with the
recorded ones.

    python check_converted.py path/to/coppice

Every fixture of XGBoost must give the recorded margins and predictions to the last bit (where the base
margin has no base score, to a millionth), and every one of LightGBM that can be said to 2e-6.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import xgboost as xgb

HERE = os.path.dirname(os.path.abspath(__file__))


def rows_of(expected):
    rows = np.array(expected["rows"], dtype=np.uint32).view(np.float32)
    return rows.reshape(-1, expected["columns"])


def matrix(booster, rows):
    types = booster.feature_types
    return xgb.DMatrix(
        rows, feature_names=booster.feature_names, feature_types=types,
        enable_categorical="c" in (types or []))


def bits(values):
    return np.ascontiguousarray(values, dtype=np.float32).reshape(-1)


def main(coppice):
    counts = {"exact": 0, "near": 0, "refused": 0, "wrong": 0}
    recorded = glob.glob(HERE + "/*/*.expected.json") + glob.glob(
        os.path.dirname(HERE) + "/lightgbm/*/*.expected.json")
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(recorded):
            base = path[: -len(".expected.json")]
            source = next(base + e for e in [".ubj", ".json", ".bin", ".txt"] if os.path.exists(base + e))
            with open(path) as file:
                expected = json.load(file)
            for ending in ["ubj", "json"]:
                copy = os.path.join(folder, "model." + ending)
                run = subprocess.run([coppice, "convert", source, "-o", copy], capture_output=True, text=True)
                if run.returncode:
                    assert "cannot say" in run.stderr, (source, run.stderr)
                    counts["refused"] += 1
                    continue
                booster = xgb.Booster({"nthread": 1})
                booster.load_model(copy)
                rows = rows_of(expected)
                # XGBoost takes no infinities, and of categories no odd numbers.
                keep = ~np.isinf(rows).any(axis=1)
                for column, kind in enumerate(booster.feature_types or []):
                    if kind == "c":
                        values = rows[:, column]
                        keep &= np.isnan(values) | ((values >= 0) & (values < 1e6))
                data = matrix(booster, rows[keep])
                margins = bits(booster.predict(data, output_margin=True))
                is_lightgbm = "lightgbm" in source
                wanted = np.array(expected["margins"], dtype=np.float64 if is_lightgbm else np.uint32)
                wanted = wanted.astype(np.float32) if is_lightgbm else wanted.view(np.float32)
                wanted = wanted.reshape(len(rows), -1)
                if "random-forest" in source and is_lightgbm:
                    # LightGBM's raw score is the sum over the rounds, not their mean.
                    wanted = wanted / (booster.num_boosted_rounds() or 1)
                wanted = wanted[keep].reshape(-1)
                if np.array_equal(margins.view(np.uint32), wanted.view(np.uint32)):
                    counts["exact"] += 1
                elif np.allclose(margins, wanted, rtol=2e-6, atol=2e-6):
                    counts["near"] += 1
                    if not is_lightgbm:
                        print("near:", os.path.relpath(source, HERE), run.stderr.strip())
                else:
                    counts["wrong"] += 1
                    print("WRONG:", source, ending, np.abs(margins - wanted).max(), run.stderr)
    print(xgb.__version__, counts)
    return counts["wrong"]


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
