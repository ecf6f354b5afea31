"""FastAPI and pydantic v2."""
from typing import Annotated

import model
from fastapi import FastAPI
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
