# Triton itself, from NVIDIA's wheel, with a Python function: two instances, no delay for batches.
. "$(dirname "$0")/env.sh"
export PYTRITON_HOME=$run
# Its stub needs the libpython of this very interpreter.
LD_LIBRARY_PATH=$("$(bin pytriton python)" -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')
export LD_LIBRARY_PATH
exec "$(bin pytriton python)" pytriton_app.py "$PORT"
