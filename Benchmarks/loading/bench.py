"""Times the reading of large models: Coppice beside the libraries that wrote them.

    python Benchmarks/loading/bench.py [--megabytes 100] [--repeats 5] [--only json,ubj,txt]

Needs a release build of forest-bench, and xgboost and lightgbm beside numpy. Each reading is a process
of its own; the best of the repeats counts. Times are of the processor, since another process may
run beside; XGBoost spreads its reading over its threads, so its time by the clock is told as well.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READ = """
import resource, sys, time
path, library = sys.argv[1:]
module = __import__(library)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
wall, cpu = time.perf_counter(), time.process_time()
if library == "xgboost":
    model = module.Booster()
    model.load_model(path)
else:
    model = module.Booster(model_file=path)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(wall, cpu, (after - before) * 1024)
"""


def xgboost_model(folder, megabytes):
    """A model whose JSON has about so many megabytes: one that was trained, many times over."""
    import xgboost as xgb

    random = np.random.RandomState(1)
    x = random.normal(size=(20000, 30)).astype(np.float32)
    y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + random.normal(size=len(x))
    booster = xgb.train(
        dict(max_depth=10, tree_method="hist", max_bin=64), xgb.DMatrix(x, label=y), 100)
    path = os.path.join(folder, "model.json")
    booster.save_model(path)
    with open(path) as file:
        document = json.load(file)
    model = document["learner"]["gradient_booster"]["model"]
    trees = model["trees"]
    copies = max(1, round(megabytes * 1e6 / os.path.getsize(path)))
    model["trees"] = [dict(tree, id=i) for i, tree in enumerate(trees * copies)]
    count = len(model["trees"])
    model["gbtree_model_param"]["num_trees"] = str(count)
    model["tree_info"] = [0] * count
    model["iteration_indptr"] = list(range(count + 1))
    with open(path, "w") as file:
        json.dump(document, file)
    # XGBoost writes the numbers as it always does.
    booster = xgb.Booster()
    booster.load_model(path)
    booster.save_model(path)
    booster.save_model(os.path.join(folder, "model.ubj"))


def lightgbm_model(folder, megabytes):
    import lightgbm as lgb

    random = np.random.RandomState(1)
    x = random.normal(size=(20000, 30)).astype(np.float32)
    y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + random.normal(size=len(x))
    parameters = dict(objective="regression", num_leaves=255, verbose=-1, num_threads=1)
    model = lgb.train(parameters, lgb.Dataset(x, y), 40)
    size = len(model.model_to_string())
    rounds = max(40, round(40 * megabytes * 1e6 / size))
    lgb.train(parameters, lgb.Dataset(x, y), rounds).save_model(os.path.join(folder, "model.txt"))


def library(path, name):
    out = subprocess.check_output([sys.executable, "-c", READ, path, name], text=True)
    wall, cpu, memory = map(float, out.split())
    return dict(wall=wall, cpu=cpu, memory=memory)


def coppice(bench, path, rows):
    process = subprocess.Popen(
        [bench, path, rows, "engine=reference", "batches=1", "budget=0.01"], stdout=subprocess.PIPE)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return dict(cpu=json.loads(out)["load_ms"] / 1e3, memory=usage.ru_maxrss * 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="json,ubj,txt")
    parser.add_argument("--models", help="a folder to keep the models in")
    parser.add_argument("--bench", default=os.path.join(ROOT, ".build/release/forest-bench"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.models or temporary
        os.makedirs(folder, exist_ok=True)
        rows = os.path.join(folder, "rows.npy")
        np.save(rows, np.zeros((4, 30), dtype=np.float32))
        print("| File | Megabytes | Library, CPU | by the clock | Coppice, CPU | Ratio | Peak memory / file |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        for ending in arguments.only.split(","):
            path = os.path.join(folder, "model." + ending)
            name = "lightgbm" if ending == "txt" else "xgboost"
            if not os.path.exists(path):
                (lightgbm_model if ending == "txt" else xgboost_model)(folder, arguments.megabytes)
            theirs, ours = [], []
            for _ in range(arguments.repeats):
                theirs.append(library(path, name))
                ours.append(coppice(arguments.bench, path, rows))
            size = os.path.getsize(path)
            best = min(theirs, key=lambda run: run["cpu"])
            mine = min(ours, key=lambda run: run["cpu"])
            print("| %s | %.0f | %.3f s | %.3f s | %.3f s | %.1f | %.1f |" % (
                os.path.basename(path), size / 1e6, best["cpu"],
                min(run["wall"] for run in theirs), mine["cpu"], best["cpu"] / mine["cpu"],
                max(run["memory"] for run in ours) / size))


if __name__ == "__main__":
    main()
