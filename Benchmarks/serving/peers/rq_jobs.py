import model

_b = None


def predict(row):
    global _b
    if _b is None:
        _b = model.booster()
    return model.classify(_b, row)
