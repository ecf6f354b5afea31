"""An RQ worker that loads the model before it forks, as RQ's performance notes advise."""
import os

import model
import rq_jobs
from redis import Redis
from rq import Worker

rq_jobs._b = model.booster()
Worker(["default"], connection=Redis("127.0.0.1", int(os.environ["REDIS_PORT"]))).work(logging_level="WARNING")
