#!/usr/bin/env python3
"""Measures contributions (SHAP values) per row beside XGBoost's own and the C code of `shap`.

    python bench_shap.py PROGRAM MODEL-FOLDER... [--pairs] [--rows N] [--seconds S]

PROGRAM is the built shap-bench (swift build -c release in shap/); a model folder holds model.ubj
and X.npy, as make_models.py writes them. Needs numpy, xgboost and shap. One thread, process CPU
time, least of several passes over the same rows; the answers are compared before times are told.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import xgboost as xgb


def least(function, seconds):
    best, end = float("inf"), time.process_time() + seconds
    while True:
        start = time.process_time()
        answer = function()
        best = min(best, time.process_time() - start)
        if time.process_time() > end:
            return best, answer


def coppice(program, model, rows, batch, seconds, kind):
    with tempfile.TemporaryDirectory() as folder:
        rows.tofile(folder + "/rows")
        output = subprocess.run(
            [program, model, folder + "/rows", str(len(rows)), str(batch), str(seconds), kind,
             folder + "/answers"],
            check=True, capture_output=True, text=True).stdout
        answers = np.fromfile(folder + "/answers", np.float32)
    return [float(word) for word in output.split()], answers


def xgboost(model, rows, batch, seconds, kind):
    booster = xgb.Booster(model_file=model)
    booster.set_param({"nthread": 1})
    parts = [xgb.DMatrix(rows[i:i + batch], nthread=1) for i in range(0, len(rows), batch)]
    key = {"contributions": "pred_contribs", "interactions": "pred_interactions"}[kind]
    used, answers = least(
        lambda: np.concatenate([booster.predict(part, **{key: True}) for part in parts]), seconds)
    return used / len(rows) * 1e6, answers


def shap_c(model, rows, batch, seconds, kind):
    import shap

    booster = xgb.Booster(model_file=model)
    booster.set_param({"nthread": 1})
    explainer = shap.TreeExplainer(booster)
    # The package hands XGBoost's trees to XGBoost; its own C code is called as for other models.
    from shap import _cext
    from shap.explainers import _tree as codes

    trees = explainer.model
    missing = np.isnan(rows)
    columns = rows.shape[1]
    size = columns + 1
    interactions = kind == "interactions"
    phi_shape = (size, size) if interactions else (size,)

    def run():
        answers = []
        for start in range(0, len(rows), batch):
            part = np.ascontiguousarray(rows[start:start + batch], trees.input_dtype)
            phi = np.zeros((len(part), *phi_shape, trees.num_outputs))
            _cext.dense_tree_shap(
                trees.children_left, trees.children_right, trees.children_default,
                trees.features, trees.thresholds, trees.threshold_types, trees.values,
                trees.node_sample_weight, trees.max_depth, part, missing[start:start + batch],
                None, None, None, trees.values.shape[0], trees.base_offset, phi,
                codes.feature_perturbation_codes["tree_path_dependent"],
                codes.output_transform_codes["identity"], interactions)
            answers.append(phi)
        return np.concatenate(answers)

    used, answers = least(run, seconds)
    answers = np.moveaxis(answers, -1, 1)
    return used / len(rows) * 1e6, answers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--peer-rows", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    kind = "interactions" if options.pairs else "contributions"
    print("| model | batch | coppice, us/row | xgboost | ratio | shap C | ratio | layout, ms "
          "| tables, MB | largest difference |")
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for folder in options.folders:
        model = folder + "/model.ubj"
        rows = np.ascontiguousarray(np.load(folder + "/X.npy", mmap_mode="r")[:options.rows])
        some = rows[:options.peer_rows]
        for batch in [1, options.rows]:
            ours, answers = coppice(options.program, model, rows, batch, options.seconds, kind)
            peer, expected = xgboost(model, some, batch, options.seconds, kind)
            count = expected.size
            scale = np.abs(expected[..., :-1]).max()
            difference = np.abs(answers[:count] - expected.reshape(-1)).max() / scale
            try:
                other, again = shap_c(model, some, batch, options.seconds, kind)
                far = np.abs(again[..., :-1].reshape(-1)
                             - expected.reshape(again.shape)[..., :-1].reshape(-1)).max() / scale
                text = f"{other:.0f} | {other / ours[0]:.1f}"
                if far > 1e-3:
                    text += f" (answers differ by {far:.1e})"
            except Exception as error:
                text = f"{type(error).__name__}: {error} | -"
            print(f"| {os.path.basename(folder)} | {batch} | {ours[0]:.1f} | {peer:.0f} "
                  f"| {peer / ours[0]:.1f} | {text} | {ours[2]:.0f} | {ours[3]:.1f} "
                  f"| {difference:.1e} |", flush=True)


if __name__ == "__main__":
    main()
