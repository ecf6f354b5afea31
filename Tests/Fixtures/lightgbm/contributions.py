"""Records what LightGBM's predict(pred_contrib=True) answers to the rows of some fixtures, in
VERSION/NAME.shap.json: see README.md. Run it with lightgbm==4.7.0."""

import json
import os

import lightgbm as lgb
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    for name in [
        "2.3.1/binary", "4.7.0/binary", "4.7.0/multiclass", "4.7.0/categorical", "4.7.0/no-missing",
        "4.7.0/random-forest-binary", "4.7.0/zero-as-missing",
    ]:
        path = os.path.join(HERE, name)
        with open(path + ".expected.json") as file:
            expected = json.load(file)
        rows = np.array(expected["rows"], dtype=np.uint32).view(np.float32)
        rows = rows.reshape(-1, expected["columns"])
        values = lgb.Booster(model_file=path + ".txt").predict(rows, pred_contrib=True)
        with open(path + ".shap.json", "w") as file:
            json.dump(dict(contributions=[float(value) for value in values.reshape(-1)]), file,
                      separators=(",", ":"))
            file.write("\n")


if __name__ == "__main__":
    main()
