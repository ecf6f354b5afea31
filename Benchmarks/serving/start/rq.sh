# Flask under gunicorn enqueues and waits; two RQ workers of the default kind (a fork per job), model preloaded.
. "$(dirname "$0")/env.sh"
start_redis
for i in 1 2; do "$(bin web python)" rq_worker.py & done
"$(bin web gunicorn)" -w 2 --threads 32 -k gthread -b 127.0.0.1:"$PORT" --log-level warning rq_api:app &
wait
