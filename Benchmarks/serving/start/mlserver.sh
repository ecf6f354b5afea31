# MLServer, parallel_workers=2 (its docs: as many as cores).
. "$(dirname "$0")/env.sh"
cat > "$run/settings.json" <<J
{"host":"127.0.0.1","http_port":$PORT,"grpc_port":$((PORT+1)),"metrics_port":$((PORT+2)),"debug":false,
 "parallel_workers":2,"logging_settings":null}
J
for model in iris wide; do
  [ -f "$MODELS_DIR/$model.json" ] || continue
  mkdir -p "$run/$model"
  cat > "$run/$model/model-settings.json" <<J
{"name":"$model","implementation":"mlserver_xgboost.XGBoostModel","parameters":{"uri":"$MODELS_DIR/$model.json"}}
J
done
exec "$(bin mlserver mlserver)" start "$run"
