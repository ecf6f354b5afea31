import os

import model
import numpy as np
import orjson
from redis import Redis

b = model.booster()
r = Redis(port=int(os.environ["REDIS_PORT"]))
while True:
    first = r.blpop("jobs", timeout=0)
    jobs = [orjson.loads(j) for j in [first[1]] + (r.lpop("jobs", 63) or [])]
    label = b.inplace_predict(np.array([j[2] for j in jobs], dtype=np.float32),
                              validate_features=False).argmax(1)
    with r.pipeline(transaction=False) as p:
        for (who, n, _), k in zip(jobs, label.tolist()):
            p.rpush(f"reply:{who}", orjson.dumps([n, k]))
        p.execute()
