. "$(dirname "$0")/env.sh"
export BENTOML_DO_NOT_TRACK=True BENTOML_HOME="$run"
exec "$(bin bentoml bentoml)" serve bento_service:Iris --host 127.0.0.1 --port "$PORT"
