"""FastAPI and pydantic v2."""
from typing import Annotated

import model
import numpy as np
import orjson
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, Field

app = FastAPI(openapi_url=None)
iris = model.booster()


class Row(BaseModel):
    data: Annotated[list[float], Field(min_length=4, max_length=4)]


class Answer(BaseModel):
    prediction: int
    name: str


@app.post("/predict")
async def predict(row: Row) -> Answer:
    k = model.classify(iris, row.data)
    return Answer(prediction=k, name=model.NAMES[k])


@app.post("/batch")
async def batch(request: Request) -> Response:
    """1,000 rows, past pydantic: the fastest way there is."""
    rows = np.asarray(orjson.loads(await request.body())["data"], dtype=np.float32)
    answer = model.wide().inplace_predict(rows, validate_features=False)
    return Response(orjson.dumps({"probabilities": answer}, option=orjson.OPT_SERIALIZE_NUMPY),
                    media_type="application/json")
