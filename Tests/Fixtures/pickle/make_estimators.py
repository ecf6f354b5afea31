"""Makes the fixtures of scikit-learn's ensembles and pipelines with the version that runs it: see
README.md. Names as arguments make those only."""

import os
import sys

import numpy as np
import sklearn
import sklearn.ensemble as ensemble
import sklearn.tree as tree
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from common import HERE, bits, dump, edges, iris, numbers, record, table

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
FOLDER = os.path.join(HERE, "sklearn-" + sklearn.__version__)
NAMES = np.array([u"setosa", u"versicolor", u"virginica"])
BASE = "estimator" if VERSION >= (1, 2) else "base_estimator"
NEW = VERSION >= (1, 4)


def thresholds(model):
    """Pairs (feature, threshold) of all trees in an ensemble."""
    if hasattr(model, "tree_"):
        nodes = model.tree_
        return [(f, t) for f, t in zip(nodes.feature, nodes.threshold) if f >= 0]
    if hasattr(model, "_predictors"):
        field = "num_threshold" if "num_threshold" in model._predictors[0][0].nodes.dtype.names else "threshold"
        return [(n["feature_idx"], n[field]) for p in model._predictors for t in p for n in t.nodes
                if not n["is_leaf"] and not ("is_categorical" in n.dtype.names and n["is_categorical"])]
    if not hasattr(model, "estimators_"):
        return []
    columns = getattr(model, "estimators_features_", None)
    pairs = []
    parts = model.estimators_
    parts = list(parts.ravel()) if isinstance(parts, np.ndarray) else parts
    for index, part in enumerate(parts):
        for feature, threshold in thresholds(part):
            pairs.append((feature if columns is None else columns[index][feature], threshold))
    return pairs


def save(name, model, x, rows=None, missing=False, infinite=False, frame=None, protocol=4,
         write=None, largest=1e37, **facts):
    """Pickles a model and records what it answers to rows; `frame` makes what it takes of them."""
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        return
    read = (write or (lambda: dump(FOLDER, name + ".pkl", model, protocol)))()
    if rows is None:
        rows = edges(thresholds(read), x, 5, infinite, missing, largest)
    data = frame(rows) if frame else rows
    answers = {}
    predicted = read.predict(data)
    if getattr(read, "n_outputs_", 1) > 1 and hasattr(read, "predict_proba"):
        # Of several outputs of 0 and 1 the margins are the shares of 1.
        if all(list(labels) == [0, 1] for labels in read.classes_):
            answers["decision"] = numbers(np.column_stack([p[:, 1] for p in read.predict_proba(data)]))
        answers["values"] = numbers(predicted)
    elif hasattr(read, "classes_"):
        labels = list(read.classes_)
        answers["classes"] = [labels.index(label) for label in predicted]
        if not all(isinstance(label, str) for label in labels):
            answers["predicted"] = numbers(predicted)
    elif hasattr(read, "score_samples"):
        answers["classes"] = [int(value > 0) for value in predicted]
        answers["predicted"] = numbers(predicted)
    # Before 0.22 the probabilities of SAMME contradicted its votes.
    old = VERSION < (0, 22) and getattr(read, "algorithm", "") == "SAMME"
    if "values" in answers:
        pass
    elif hasattr(read, "predict_proba") and getattr(read, "voting", "soft") == "soft" and not old:
        values = read.predict_proba(data)
        values = values[:, 1] if values.shape[1] == 2 else values
        answers["values"] = numbers(values)
    elif not hasattr(read, "classes_") and not hasattr(read, "score_samples"):
        answers["values"] = numbers(predicted)
    # Of bagging it is the mean of the parts' own; the margin here is the mean of probabilities.
    if hasattr(read, "decision_function") and not isinstance(read, ensemble.BaggingClassifier):
        answers["decision"] = numbers(read.decision_function(data))
    numeric = answers.get("values", answers.get("decision"))
    if numeric:
        answers["outputs"] = int(len(numeric) // len(rows))
    facts.setdefault("library", "scikit-learn " + sklearn.__version__)
    answers.update(
        columns=int(rows.shape[1]), rows=bits(rows), **facts)
    record(FOLDER, name, answers)


def boosting():
    x, y = iris()
    x2, score = table()
    positive = (score > 0).astype(int)
    common = dict(n_estimators=4, max_depth=2, random_state=0)
    save("boosting", ensemble.GradientBoostingClassifier(**common).fit(x, NAMES[y]), x,
         labels=list(NAMES))
    binary = ensemble.GradientBoostingClassifier(**common).fit(x2, 10 * positive + 5)
    save("boosting-binary", binary, x2, labels=["5", "15"])
    model = ensemble.GradientBoostingClassifier(loss="exponential", **common)
    save("boosting-exponential", model.fit(x2, positive), x2)
    save("boosting-regressor",
         ensemble.GradientBoostingRegressor(loss="huber", **common).fit(x2, 5 + score), x2)
    save("boosting-quantile", ensemble.GradientBoostingRegressor(
        loss="quantile", alpha=0.8, **common).fit(x2, score), x2)
    if VERSION < (0, 22):
        return
    save("boosting-zero",
         ensemble.GradientBoostingClassifier(init="zero", **common).fit(x, y), x)
    first = tree.DecisionTreeClassifier(max_depth=1, random_state=0)
    save("boosting-init",
         ensemble.GradientBoostingClassifier(init=first, **common).fit(x2, positive), x2)
    save("boosting-init-classes",
         ensemble.GradientBoostingClassifier(init=first, **common).fit(x, y), x)
    model = ensemble.GradientBoostingClassifier(loss="exponential", init=first, **common)
    save("boosting-init-exponential", model.fit(x2, positive), x2)
    first = tree.DecisionTreeRegressor(max_depth=2, random_state=0)
    save("boosting-init-regressor",
         ensemble.GradientBoostingRegressor(init=first, **common).fit(x2, score), x2)


def histograms():
    if VERSION < (0, 22):
        return
    if VERSION < (1, 0):
        from sklearn.experimental import enable_hist_gradient_boosting  # noqa
    x, y = iris()
    x2, score = table(missing=0.1)
    common = dict(max_iter=3, max_leaf_nodes=5, min_samples_leaf=5, max_bins=16, random_state=0)
    every = dict(missing=True, infinite=True, largest=np.finfo(np.float32).max)
    save("hist", ensemble.HistGradientBoostingClassifier(**common).fit(x, NAMES[y]), x,
         labels=list(NAMES), **every)
    positive = (score > 0).astype(int)
    save("hist-binary", ensemble.HistGradientBoostingClassifier(**common).fit(x2, positive), x2,
         **every)
    save("hist-regressor", ensemble.HistGradientBoostingRegressor(**common).fit(x2, score + 10),
         x2, **every)
    if VERSION < (0, 24):
        return
    model = ensemble.HistGradientBoostingRegressor(loss="poisson", **common)
    save("hist-poisson", model.fit(x2, np.exp(score)), x2, **every)
    if VERSION >= (1, 3):
        model = ensemble.HistGradientBoostingRegressor(loss="gamma", **common)
        save("hist-gamma", model.fit(x2, np.exp(score)), x2, **every)
    random = np.random.RandomState(3)
    x3 = x2.copy()
    x3[:, 1] = random.choice([0, 1, 2, 3, 5, 7], size=len(x3))
    x3[random.uniform(size=len(x3)) < 0.1, 1] = np.nan
    target = score + np.where(np.isin(x3[:, 1], [0, 3, 7]), 2, -1)
    model = ensemble.HistGradientBoostingRegressor(
        categorical_features=[False, True, False, False], **common)
    rows = edges([(0, 0)], x3, 1)
    codes = np.array([0, 1, 2, 3, 4, 5, 6, 7, 200, -1, 2.5, np.nan], dtype=np.float32)
    if NEW:
        codes = codes[codes != 2.5]
    tail = x3[np.arange(len(codes))].copy()
    tail[:, 1] = codes
    rows[:, 1] = np.where(np.isfinite(rows[:, 1]) & (np.abs(rows[:, 1]) < 256), np.rint(rows[:, 1]), 0)
    save("hist-categorical", model.fit(x3, target), x3, rows=np.vstack([rows, tail]))
    if NEW:
        import pandas

        colors = np.array(["blue", "green", "red"])

        def frame(rows):
            text = [None if np.isnan(c) else colors[int(c)] for c in rows[:, 2]]
            return pandas.DataFrame({
                "size": rows[:, 0].astype(float), "weight": rows[:, 1].astype(float),
                "color": pandas.Categorical(text, categories=list(colors))})

        x4 = np.column_stack([x2[:, 0], x2[:, 2], random.randint(3, size=len(x2))]).astype(np.float32)
        x4[::11, 2] = np.nan
        model = ensemble.HistGradientBoostingClassifier(categorical_features="from_dtype", **common)
        model.fit(frame(x4), (score + (x4[:, 2] == 1) > 0).astype(int))
        rows = edges([(0, 0.1)], x4, 1, False, False)
        rows[:, 2] = np.clip(np.nan_to_num(rows[:, 2]), 0, 2).astype(int)
        save("hist-frame", model, x4, rows=np.vstack([rows, x4[:16]]), frame=frame,
             features=["size", "weight", "color"], categories=[None, None, list(colors)])


def targets():
    """Several outputs: numbers, or flags of 0 and 1."""
    x2, score = table()
    common = dict(n_estimators=4, max_depth=3, random_state=0)
    numbers_, flags = np.stack([score, -2 * score, score ** 2], 1), np.stack([score > 0, x2[:, 0] > 0.5], 1) + 0
    save("targets-forest", ensemble.RandomForestRegressor(**common).fit(x2, numbers_), x2)
    save("flags-forest", ensemble.RandomForestClassifier(**common).fit(x2, flags), x2)
    save("flags-extra", ensemble.ExtraTreesClassifier(**common).fit(x2, flags), x2)
    save("flags-tree", tree.DecisionTreeClassifier(max_depth=3, random_state=0).fit(x2, flags), x2)
    classes = np.stack([np.digitize(score, [-1, 0, 1]) - 2, np.where(x2[:, 0] > 0.5, 7, 3)], 1)
    save("classes-forest", ensemble.RandomForestClassifier(**common).fit(x2, classes), x2)
    save("classes-tree", tree.DecisionTreeClassifier(max_depth=3, random_state=0).fit(x2, classes), x2)
    if VERSION == (1, 9):
        model = tree.DecisionTreeClassifier(max_depth=2).fit(x2, np.array(["low", "high"])[flags])
        dump(FOLDER, "texts-tree.refused.pkl", model, 4)


def boosters():
    """LightGBM and XGBoost within scikit-learn's own."""
    try:
        import lightgbm
        import xgboost
    except ImportError:
        return
    import pandas
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import GridSearchCV
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    x, y = iris()
    x2, score = table()
    positive = (score > 0).astype(int)
    quiet = dict(verbose=-1) if lightgbm.__version__ >= "3" else {}
    few = dict(n_estimators=3, num_leaves=4, n_jobs=1, **quiet)
    light, boost = dict(library="lightgbm ?"), dict(n_estimators=3, max_depth=2, n_jobs=1)
    double = lambda rows: rows.astype(np.float64)
    plain = lambda x: edges([], x, 0, False, False, 1e30)

    model = make_pipeline(StandardScaler(), lightgbm.LGBMClassifier(**few)).fit(double(x), NAMES[y])
    save("boosters-scaled", model, x, rows=plain(x), frame=double, labels=list(NAMES), **light)
    colors = np.array(["blue", "green", "red"])
    frame = lambda rows: pandas.DataFrame({
        "size": rows[:, 0].astype(float), "color": pandas.Series(colors[rows[:, 1].astype(int)], dtype=object)})
    mixed = np.column_stack([x2[:, 0], np.arange(len(x2)) % 3]).astype(np.float32)
    columns = ColumnTransformer([
        ("color", OneHotEncoder(), ["color"]), ("size", SimpleImputer(), ["size"])], sparse_threshold=1.0)
    model = make_pipeline(columns, lightgbm.LGBMRegressor(**few)).fit(frame(mixed), score + mixed[:, 1])
    save("boosters-columns", model, mixed, rows=mixed[:20], frame=frame, features=["size", "color"],
         categories=[None, list(colors)], **light)
    parts = lambda: [
        ("light", lightgbm.LGBMClassifier(**few)), ("boost", xgboost.XGBClassifier(**boost)),
        ("forest", ensemble.RandomForestClassifier(n_estimators=2, max_depth=2, random_state=0))]
    save("boosters-voting", ensemble.VotingClassifier(parts(), voting="soft", weights=[2, 1, 1])
         .fit(x, NAMES[y]), x, rows=plain(x), labels=list(NAMES))
    save("boosters-votes", ensemble.VotingClassifier(parts()).fit(x2, positive), x2, rows=plain(x2))
    save("boosters-voting-regressor", ensemble.VotingRegressor([
        ("light", lightgbm.LGBMRegressor(**few)), ("boost", xgboost.XGBRegressor(**boost))])
         .fit(x2, score), x2, rows=plain(x2))
    save("boosters-bagging", ensemble.BaggingClassifier(
        n_estimators=2, max_features=3, random_state=0, **{BASE: lightgbm.LGBMClassifier(**few)})
         .fit(x, NAMES[y]), x, rows=plain(x), labels=list(NAMES))
    save("boosters-bagging-regressor", ensemble.BaggingRegressor(
        n_estimators=2, random_state=0, **{BASE: xgboost.XGBRegressor(**boost)})
         .fit(x2, score), x2, rows=plain(x2))
    save("boosters-search", GridSearchCV(lightgbm.LGBMRegressor(**few), dict(learning_rate=[0.1, 0.3]), cv=2)
         .fit(x2, score), x2, rows=plain(x2), features=["Column_%d" % i for i in range(4)], **light)
    stump = dict(boost, max_depth=1)
    save("boosters-ada", ensemble.AdaBoostClassifier(
        n_estimators=3, random_state=0, **{BASE: xgboost.XGBClassifier(**stump)})
         .fit(x, y), x, rows=plain(x))
    save("boosters-ada-binary", ensemble.AdaBoostClassifier(
        n_estimators=3, random_state=0, **{BASE: lightgbm.LGBMClassifier(**few)})
         .fit(x2, positive), x2, rows=plain(x2))


def isolation():
    x2, _ = table()
    if VERSION < (0, 22):
        model = ensemble.IsolationForest(
            n_estimators=5, max_samples=24, contamination=0.1, behaviour="old", random_state=0)
        save("isolation-old", model.fit(x2), x2, labels=["-1", "1"])
    options = dict(behaviour="new", contamination="auto") if VERSION < (0, 22) else {}
    model = ensemble.IsolationForest(n_estimators=5, max_samples=24, random_state=0, **options)
    save("isolation", model.fit(x2), x2, labels=["-1", "1"])
    options["contamination"] = 0.1
    model = ensemble.IsolationForest(
        n_estimators=5, max_samples=16, max_features=3, random_state=0, **options)
    save("isolation-columns", model.fit(x2), x2, labels=["-1", "1"])


def bagging():
    x, y = iris()
    x2, score = table()
    positive = (score > 0).astype(int)
    small = tree.DecisionTreeClassifier(max_depth=2, random_state=0)
    model = ensemble.BaggingClassifier(
        n_estimators=4, max_features=0.75, random_state=0, **{BASE: small})
    save("bagging", model.fit(x, NAMES[y]), x, labels=list(NAMES))
    # Some trees never see the second class.
    rare = (np.arange(len(x2)) % 40 == 3).astype(int) + 2 * (score > 0.5)
    model = ensemble.BaggingClassifier(
        n_estimators=4, max_samples=20, random_state=1, **{BASE: small})
    save("bagging-rare", model.fit(x2, rare), x2)
    model = ensemble.BaggingRegressor(
        n_estimators=4, max_features=2, random_state=0,
        **{BASE: tree.DecisionTreeRegressor(max_depth=2, random_state=0)})
    save("bagging-regressor", model.fit(x2, score), x2)
    model = ensemble.BaggingClassifier(
        n_estimators=2, max_features=3, random_state=0,
        **{BASE: ensemble.GradientBoostingClassifier(n_estimators=2, max_depth=1)})
    save("bagging-boosting", model.fit(x2, positive), x2)


def voting():
    x, y = iris()
    x2, score = table()
    positive = (score > 0).astype(int)

    def parts():
        return [
            ("tree", tree.DecisionTreeClassifier(max_depth=2, random_state=0)),
            ("forest", ensemble.RandomForestClassifier(n_estimators=3, max_depth=2, random_state=0)),
        ]

    boosted = ("boosting", ensemble.GradientBoostingClassifier(n_estimators=2, max_depth=1))
    save("voting-soft", ensemble.VotingClassifier(parts(), voting="soft").fit(x, NAMES[y]), x,
         labels=list(NAMES))
    save("voting-hard", ensemble.VotingClassifier(parts() + [boosted], weights=[1, 2, 4]).fit(x, y), x)
    save("voting-hard-binary", ensemble.VotingClassifier(parts()).fit(x2, positive), x2)
    save("voting-weights", ensemble.VotingClassifier(
        parts() + [boosted], voting="soft", weights=[1, 2, 3]).fit(x2, positive), x2)
    if VERSION < (0, 22):
        return
    save("voting-regressor", ensemble.VotingRegressor([
        ("tree", tree.DecisionTreeRegressor(max_depth=3, random_state=0)),
        ("boosting", ensemble.GradientBoostingRegressor(n_estimators=3, max_depth=2)),
    ], weights=[1, 3]).fit(x2, score), x2)


def ada():
    x, y = iris()
    x2, score = table()
    positive = (score > 0).astype(int)
    small = tree.DecisionTreeClassifier(max_depth=1, random_state=0)
    common = dict(n_estimators=5, random_state=0)
    discrete = {} if VERSION >= (1, 6) else dict(algorithm="SAMME")
    for name, options in [("ada", discrete)] + ([] if discrete == {} else [("ada-real", {})]):
        model = ensemble.AdaBoostClassifier(**dict(common, **dict(options, **{BASE: small})))
        save(name, model.fit(x, NAMES[y]), x, labels=list(NAMES))
        model = ensemble.AdaBoostClassifier(**dict(common, **dict(options, **{BASE: small})))
        save(name + "-binary", model.fit(x2, positive), x2)
    forest = lambda: ensemble.RandomForestClassifier(n_estimators=2, max_depth=1, random_state=0)
    for name, options in [("ada-forest", discrete)] + ([] if discrete == {} else [("ada-forest-real", {})]):
        model = ensemble.AdaBoostClassifier(**dict(common, **dict(options, **{BASE: forest()})))
        save(name, model.fit(x, NAMES[y]), x, labels=list(NAMES))
        model = ensemble.AdaBoostClassifier(**dict(common, **dict(options, **{BASE: forest()})))
        save(name + "-binary", model.fit(x2, positive), x2)
    model = ensemble.AdaBoostRegressor(**{
        BASE: ensemble.GradientBoostingRegressor(n_estimators=2, max_depth=1), "n_estimators": 4, "random_state": 0})
    save("ada-regressor-boosting", model.fit(x2, score), x2)
    model = ensemble.AdaBoostRegressor(
        **{BASE: tree.DecisionTreeRegressor(max_depth=2, random_state=0), "n_estimators": 6, "random_state": 0})
    save("ada-regressor", model.fit(x2, score), x2)


def scaled(scaler, model, x):
    """Rows whose scaled values lie on the thresholds of the model, or next to them."""
    rows = edges([], x, 0, False, False)
    for index, (feature, threshold) in enumerate(thresholds(model)[:6]):
        values = np.zeros((1, x.shape[1]))
        values[0, feature] = threshold
        near = np.float32(scaler.inverse_transform(values)[0, feature])
        for value in [near, np.nextafter(near, np.float32(9e9)), np.nextafter(near, np.float32(-9e9))]:
            row = x[index].copy()
            row[feature] = value
            rows = np.vstack([rows, row])
    return rows[np.abs(rows).max(axis=1) < 1e30]


def pipelines():
    import pandas
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import (
        FunctionTransformer, MaxAbsScaler, MinMaxScaler, Normalizer, OneHotEncoder, OrdinalEncoder,
        RobustScaler, StandardScaler)

    x, y = iris()
    x2, score = table()
    positive = (score > 0).astype(int)
    double = lambda rows: rows.astype(np.float64)
    forest = lambda: ensemble.RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0)

    for name, scaler in [
        ("standard", StandardScaler()), ("minmax", MinMaxScaler((-1, 2))), ("maxabs", MaxAbsScaler()),
        ("robust", RobustScaler())]:
        model = make_pipeline(scaler, forest()).fit(double(x), NAMES[y])
        save("pipeline-" + name, model, x, rows=scaled(model.steps[0][1], model.steps[1][1], x),
             frame=double, labels=list(NAMES))
    model = Pipeline([
        ("nothing", FunctionTransformer(validate=False)), ("select", SelectKBest(f_classif, k=2)),
        ("forest", forest())]).fit(double(x), y)
    save("pipeline-select", model, x, rows=edges([(2, 4.75)], x, 3, False, False, 1e30), frame=double)
    model = make_pipeline(Normalizer(), VarianceThreshold(), forest()).fit(double(x2), positive)
    save("pipeline-normalizer", model, x2, rows=edges([], x2, 0, False, False, 1e30), frame=double)
    union = FeatureUnion([("scaled", StandardScaler()), ("bounded", MinMaxScaler())])
    model = make_pipeline(union, forest()).fit(double(x2), positive)
    save("pipeline-union", model, x2, rows=edges([], x2, 0, False, False, 1e30), frame=double)
    holes, _ = table(missing=0.15)
    indicator = dict(add_indicator=True) if VERSION >= (0, 22) else {}
    model = make_pipeline(
        SimpleImputer(strategy="median", **indicator), StandardScaler(),
        ensemble.GradientBoostingClassifier(n_estimators=3, max_depth=2)).fit(double(holes), positive)
    save("pipeline-imputer", model, holes, rows=edges([], holes, 0, False, True, 1e30), frame=double)

    # Numbers and texts side by side.
    random = np.random.RandomState(5)
    colors, sizes = np.array(["blue", "green", "red"]), np.array(["L", "M", "S"])
    mixed = np.column_stack([
        x2[:, 0], random.randint(3, size=len(x2)), x2[:, 2], random.randint(3, size=len(x2)),
        random.choice([2.0, 4.0, 8.0], size=len(x2))]).astype(np.float32)
    columns = ["weight", "color", "length", "size", "doors"]

    def frame(rows, sizes=sizes):
        text = lambda names, codes: pandas.Series(
            [np.nan if np.isnan(code) else names[int(code)] for code in codes], dtype=object)
        return pandas.DataFrame({
            "weight": rows[:, 0].astype(float), "color": text(colors, rows[:, 1]),
            "length": rows[:, 2].astype(float), "size": text(sizes, rows[:, 3]),
            "doors": rows[:, 4].astype(float)}, columns=columns)

    target = (score + (mixed[:, 1] == 1) - (mixed[:, 3] == 2) > 0).astype(int)
    facts = dict(features=columns, categories=[None, list(colors), None, list(sizes), None])
    tests = mixed[:24].copy()
    tests[::5, 0] = np.nan
    tests[1, 4] = 5
    holes = tests.copy()
    holes[::7, 1] = np.nan
    transformer = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["weight", "length"]),
        ("color", make_pipeline(SimpleImputer(strategy="most_frequent"),
                                OneHotEncoder(handle_unknown="ignore")), ["color"]),
        ("size", OrdinalEncoder(categories=[["S", "M", "L"]]), ["size"]),
        ("doors", OneHotEncoder(handle_unknown="ignore"), ["doors"])])
    training = mixed.copy()
    training[::9, 0] = np.nan
    training[::10, 1] = np.nan
    # The encoder has an order of its own, and codes are numbers in that.
    ordered = np.array(["S", "M", "L"])
    own = lambda rows: frame(rows, ordered)
    model = make_pipeline(transformer, forest()).fit(own(training), target)
    save("pipeline-columns", model, mixed, rows=holes, frame=own, features=columns,
         categories=[None, list(colors), None, list(ordered), None])
    known = mixed[:24].copy()
    model = Pipeline([
        ("columns", ColumnTransformer([
            ("size", OrdinalEncoder(), ["size"]), ("color", OneHotEncoder(), ["color"])],
            remainder="passthrough")),
        ("boosting", ensemble.GradientBoostingClassifier(n_estimators=3, max_depth=2))])
    save("pipeline-passthrough", model.fit(frame(mixed), target), mixed, rows=known, frame=frame,
         **facts)
    if VERSION >= (1, 0):
        model = Pipeline([("columns", ColumnTransformer([
            ("color", OneHotEncoder(drop="first"), ["color"]), ("length", "drop", ["length"]),
            ("size", OneHotEncoder(), ["size"])],
            remainder=StandardScaler())), ("forest", forest())])
        save("pipeline-drop", model.fit(frame(mixed), target), mixed, rows=known, frame=frame, **facts)
    if VERSION >= (1, 3):
        # Categories of which training saw too few.
        many = np.array(["blue", "cyan", "green", "lime", "red"])
        rare = np.column_stack([x2[:, 0], np.where(np.arange(len(x2)) % 23 < 2, np.arange(len(x2)) % 2 * 2 + 1,
                                                   2 * (np.arange(len(x2)) % 3)), np.arange(len(x2)) % 7]).astype(np.float32)
        rare[::17, 2] = 9
        look = lambda rows: pandas.DataFrame({
            "weight": rows[:, 0].astype(float),
            "color": pandas.Series(many[rows[:, 1].astype(int)], dtype=object), "doors": rows[:, 2].astype(float)})
        model = make_pipeline(ColumnTransformer([
            ("color", OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist"), ["color"]),
            ("doors", OneHotEncoder(max_categories=4, drop="first", handle_unknown="ignore"), ["doors"]),
            ("order", OrdinalEncoder(min_frequency=15, handle_unknown="use_encoded_value", unknown_value=-2),
             ["color", "doors"])], remainder="passthrough"), forest())
        model.fit(look(rare), (score + (rare[:, 1] % 2) + (rare[:, 2] > 4) > 0.5).astype(int))
        rows = rare[:40].copy()
        rows[::8, 2] = 77
        save("pipeline-infrequent", model, rare, rows=rows, frame=look, features=["weight", "color", "doors"],
             categories=[None, list(many), None])
    try:
        import xgboost
    except ImportError:
        return
    sparse = ColumnTransformer([
        ("color", OneHotEncoder(), ["color", "size"]), ("doors", OneHotEncoder(), ["doors"]),
        ("length", MaxAbsScaler(), ["length"])], sparse_threshold=1.0)
    model = make_pipeline(sparse, xgboost.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1))
    save("pipeline-xgboost", model.fit(frame(mixed), target), mixed, rows=known, frame=frame,
         library="xgboost " + xgboost.__version__, **facts)


def searches():
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

    x, y = iris()
    options = dict(iid=False) if VERSION < (0, 22) else {}
    model = GridSearchCV(
        tree.DecisionTreeClassifier(random_state=0), dict(max_depth=[1, 2]), cv=2, **options)
    save("search-grid", model.fit(x, NAMES[y]), x, rows=edges([(2, 2.45)], x, 3, False, False, 1e30),
         labels=list(NAMES))
    x2, score = table()
    model = RandomizedSearchCV(
        ensemble.RandomForestRegressor(n_estimators=2, random_state=0), dict(max_depth=[1, 2, 3]),
        n_iter=2, cv=2, random_state=0, scoring="neg_mean_squared_error", **options)
    save("search-random", model.fit(x2, score), x2, rows=edges([], x2, 0, False, False, 1e30))


def joblibs():
    import joblib

    x, y = iris()
    model = ensemble.RandomForestClassifier(n_estimators=2, max_depth=2, random_state=0)
    model.fit(x, NAMES[y])
    for name, compress in [
        ("plain", 0), ("zlib", ("zlib", 3)), ("gzip", ("gzip", 3)), ("bz2", ("bz2", 3)),
        ("lzma", ("lzma", 3)), ("xz", ("xz", 3))]:
        path = os.path.join(FOLDER, "joblib-" + name + ".joblib")

        def write():
            joblib.dump(model, path, compress=compress)
            return joblib.load(path)

        save("joblib-" + name, model, x, write=write, labels=list(NAMES))


    # Arrays of objects are pickles within the file.
    x2, score = table()
    boosted = ensemble.GradientBoostingRegressor(n_estimators=2, max_depth=1, random_state=0)
    boosted.fit(x2, score)
    path = os.path.join(FOLDER, "joblib-objects.joblib")

    def write_objects():
        joblib.dump(boosted, path)
        return joblib.load(path)

    save("joblib-objects", boosted, x2, write=write_objects)


def compressed():
    import bz2
    import gzip
    import lzma
    import pickle

    x, y = iris()
    model = tree.DecisionTreeClassifier(max_depth=2, random_state=0).fit(x, NAMES[y])
    for name, opener in [("gz", gzip.open), ("bz2", bz2.open), ("xz", lzma.open)]:
        path = os.path.join(FOLDER, "compressed-" + name + ".pkl")

        def write():
            with opener(path, "wb") as file:
                pickle.dump(model, file)
            with opener(path, "rb") as file:
                return pickle.load(file)

        save("compressed-" + name, model, x, write=write, labels=list(NAMES))


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for part in [boosting, histograms, isolation, bagging, voting, ada, pipelines, searches, targets, boosters]:
        part()
    if VERSION in [(0, 20), (0, 24), (1, 9)]:
        joblibs()
    if VERSION == (1, 9):
        compressed()
