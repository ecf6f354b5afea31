import os

import model
from celery import Celery

URL = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0"
queue = Celery("iris", broker=URL, backend=URL)
queue.conf.update(task_ignore_result=False, result_expires=60, worker_prefetch_multiplier=4,
                  broker_connection_retry_on_startup=True)
_b = None


@queue.task
def predict(row):
    global _b
    if _b is None:
        _b = model.booster()
    return model.classify(_b, row)
