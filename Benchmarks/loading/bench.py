"""Times the reading of large models: Coppice beside the libraries that wrote them.

    python Benchmarks/loading/bench.py [--megabytes 100] [--repeats 5] [--only json,ubj,txt,onnx,cbm]

Needs a release build of forest-bench, and the libraries beside numpy: xgboost, lightgbm, catboost,
onnxruntime, and skl2onnx with scikit-learn to make the ONNX model. Each reading is a process
of its own; the best of the repeats counts. Times are of the processor, since another process may
run beside; XGBoost spreads its reading over its threads, so its time by the clock is told as well.
"""

import argparse
import json
import multiprocessing
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
elif library == "catboost":
    model = module.CatBoost().load_model(path)
elif library == "onnxruntime":
    model = module.InferenceSession(path, providers=["CPUExecutionProvider"])
else:
    model = module.Booster(model_file=path)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(wall, cpu, (after - before) * 1024)
"""


def data():
    random = np.random.RandomState(1)
    x = random.normal(size=(20000, 30)).astype(np.float32)
    return x, x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + random.normal(size=len(x))


def xgboost_model(folder, megabytes):
    """A model whose JSON has about so many megabytes: one that was trained, many times over."""
    import xgboost as xgb

    x, y = data()
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

    x, y = data()
    parameters = dict(objective="regression", num_leaves=255, verbose=-1, num_threads=1)
    model = lgb.train(parameters, lgb.Dataset(x, y), 40)
    size = len(model.model_to_string())
    rounds = max(40, round(40 * megabytes * 1e6 / size))
    lgb.train(parameters, lgb.Dataset(x, y), rounds).save_model(os.path.join(folder, "model.txt"))


def onnx_model(folder, megabytes):
    """A random forest as skl2onnx writes it, many times over."""
    import onnx
    from skl2onnx import to_onnx
    from sklearn.ensemble import RandomForestRegressor

    x, y = data()
    forest = RandomForestRegressor(10, max_depth=12, n_jobs=2, random_state=1).fit(x, y)
    model = to_onnx(forest, x[:1])
    copies = max(1, round(megabytes * 1e6 / model.ByteSize()))
    node = next(node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor")
    for attribute in node.attribute:
        name = attribute.name
        if not name.startswith(("nodes_", "target_")):
            continue
        field = next(f for f in ("ints", "floats", "strings") if getattr(attribute, f))
        values = list(getattr(attribute, field))
        for copy in range(1, copies):
            shift = copy * 10 if name.endswith("_treeids") else 0
            getattr(attribute, field).extend([v + shift for v in values] if shift else values)
    onnx.save(model, os.path.join(folder, "model.onnx"))


def catboost_model(folder, megabytes):
    import catboost

    x, y = data()
    path = os.path.join(folder, "model.cbm")
    model = catboost.CatBoostRegressor(
        iterations=200, depth=10, verbose=False, thread_count=2, allow_writing_files=False)
    model.fit(x, y)
    model.save_model(path)
    copies = max(1, round(megabytes * 1e6 / os.path.getsize(path)))
    catboost.sum_models([model] * copies).save_model(path)


LIBRARIES = {
    "json": ("xgboost", xgboost_model), "ubj": ("xgboost", xgboost_model),
    "txt": ("lightgbm", lightgbm_model), "onnx": ("onnxruntime", onnx_model),
    "cbm": ("catboost", catboost_model),
}


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
    parser.add_argument("--only", default=",".join(LIBRARIES))
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
            name, make = LIBRARIES[ending]
            if not os.path.exists(path):
                # In a process of its own: those that are started later begin with this one's peak memory.
                maker = multiprocessing.Process(target=make, args=(folder, arguments.megabytes))
                maker.start()
                maker.join()
                assert maker.exitcode == 0
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
