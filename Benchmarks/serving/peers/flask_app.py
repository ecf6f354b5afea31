"""Flask app for gunicorn: the usual scikit-learn style predict call."""
import model  # sets the thread count before xgboost loads
import numpy as np
import xgboost as xgb
from flask import Flask, jsonify, request

app = Flask(__name__)
clf = xgb.XGBClassifier(n_jobs=1)
clf.load_model(f"{model.MODELS}/iris.json")
clf.set_params(n_jobs=1)


@app.post("/predict")
def predict():
    try:
        row = model.check_row(request.get_json()["data"])
        k = int(clf.predict(np.array([row], dtype=np.float32))[0])
    except (KeyError, TypeError, ValueError) as err:
        return jsonify(error=str(err)), 400
    return jsonify(prediction=k, name=model.NAMES[k])
