# The tutorial's single-container server, its own file, Flask's development server.
. "$(dirname "$0")/env.sh"
export HTTP_PORT=$PORT
exec "$(bin tutorial python)" tutorial_run.py "$TUTORIAL_DIR/src/simple_model_server/simple_model_server.py"
