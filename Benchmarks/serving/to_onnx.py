"""Writes iris.onnx from iris.json and checks that both give the same classes. usage: to_onnx.py MODELS_DIR"""
import sys

import numpy as np
import onnxruntime as ort
import xgboost as xgb
from onnxmltools.convert import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

folder = sys.argv[1]
booster = xgb.Booster(model_file=f"{folder}/iris.json")
booster.feature_names = booster.feature_types = None
booster.save_model(f"{folder}/unnamed.json")  # the converter knows features as f0, f1, ... only
classifier = xgb.XGBClassifier()
classifier.load_model(f"{folder}/unnamed.json")
model = convert_xgboost(classifier, initial_types=[("x", FloatTensorType([None, 4]))], target_opset=15)
with open(f"{folder}/iris.onnx", "wb") as f:
    f.write(model.SerializeToString())
x = (np.random.default_rng(1).random((500, 4)) * 8).astype(np.float32)
labels, probabilities = ort.InferenceSession(f"{folder}/iris.onnx").run(None, {"x": x})
want = booster.inplace_predict(x, validate_features=False)
print("iris.onnx: same class on", int((labels == want.argmax(1)).sum()), "of 500; largest difference of a probability",
      float(np.abs(np.asarray(probabilities) - want).max()))
