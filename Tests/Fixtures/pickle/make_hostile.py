"""Makes pickles that are refused, with scikit-learn 1.9.1: see README.md."""

import os

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from common import HERE, dump, table

FOLDER = os.path.join(HERE, "hostile")


def main():
    x, score = table()
    y = (score > 0).astype(int)
    small = lambda: DecisionTreeClassifier(max_depth=2, random_state=0)
    # One tree, pointed to again and again.
    voting = VotingClassifier([("tree", small())], voting="soft").fit(x, y)
    voting.estimators_ = voting.estimators_ * 5000
    dump(FOLDER, "voting-copies.pkl", voting, 4)
    voting.estimators_ = [voting]
    dump(FOLDER, "voting-itself.pkl", voting, 4)
    model = small().fit(x, y)
    for _ in range(50):
        model = Pipeline([("model", model)])
    dump(FOLDER, "pipeline-deep.pkl", model, 4)
    # One encoder of many categories, side by side with itself.
    encoder = OneHotEncoder().fit(np.arange(3000.0).reshape(-1, 1))
    columns = ColumnTransformer([("a", OneHotEncoder(), [0])]).fit(np.zeros((2, 1)))
    columns.transformers_ = [("a", encoder, [0])] * 2000
    dump(FOLDER, "encoders.pkl", Pipeline([("a", columns), ("b", small().fit(x, y))]), 4)
    dump(FOLDER, "function.pkl",
         make_pipeline(FunctionTransformer(np.log1p), small()).fit(abs(x), y), 4)
    dump(FOLDER, "components.pkl", make_pipeline(PCA(2), small()).fit(x, y), 4)
    dump(FOLDER, "scaler.pkl", dict(scaler=StandardScaler().fit(x), model=small().fit(x, y)), 4)
    dump(FOLDER, "svm.pkl", SVC().fit(x[:8], y[:8]), 4)
    dump(FOLDER, "forest-unfitted.pkl", RandomForestClassifier(), 4)


if __name__ == "__main__":
    main()
