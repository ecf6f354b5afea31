# gunicorn's default sync workers, two of them.
. "$(dirname "$0")/env.sh"
exec "$(bin web gunicorn)" -w 2 -b 127.0.0.1:"$PORT" --log-level warning flask_app:app
