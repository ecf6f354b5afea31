# MLServer, parallel_workers=2 (its docs: as many as cores).
. "$(dirname "$0")/env.sh"
mkdir -p "$run"/iris
cat > "$run/settings.json" <<J
{"host":"127.0.0.1","http_port":$PORT,"grpc_port":$((PORT+1)),"metrics_port":$((PORT+2)),"debug":false,
 "parallel_workers":2,"logging_settings":null}
J
cat > "$run/iris/model-settings.json" <<J
{"name":"iris","implementation":"mlserver_xgboost.XGBoostModel","parameters":{"uri":"$MODELS_DIR/iris.json"}}
J
exec "$(bin mlserver mlserver)" start "$run"
