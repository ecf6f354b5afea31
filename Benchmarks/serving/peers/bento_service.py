import bentoml
import model


@bentoml.service(workers=2, traffic={"timeout": 30}, logging={"access": {"enabled": False}})
class Iris:
    def __init__(self) -> None:
        self.iris = model.booster()

    @bentoml.api(route="/predict")
    def predict(self, data: list[float]) -> dict:
        k = model.classify(self.iris, model.check_row(data))
        return {"prediction": k, "name": model.NAMES[k]}
