# Flask under gunicorn enqueues and waits; two prefork Celery workers.
. "$(dirname "$0")/env.sh"
start_redis
"$(bin web celery)" -A celery_tasks worker -c 2 -l warning --without-gossip --without-mingle &
"$(bin web gunicorn)" -w 2 --threads 32 -k gthread -b 127.0.0.1:"$PORT" --log-level warning celery_api:app &
wait
