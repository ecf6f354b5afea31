# HTTP ceiling of the machine: nginx answers a fixed 36-byte JSON, two workers, no log.
. "$(dirname "$0")/env.sh"
cat > "$run/nginx.conf" <<C
worker_processes 2;
daemon off;
pid $run/nginx.pid;
error_log $run/error.log;
events { worker_connections 2048; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path $run/b; proxy_temp_path $run/p; fastcgi_temp_path $run/f; uwsgi_temp_path $run/u; scgi_temp_path $run/s;
  server { listen 127.0.0.1:$PORT reuseport; default_type application/json;
           location / { return 200 '{"prediction":1,"name":"versicolor"}'; } }
}
C
exec nginx -c "$run/nginx.conf" -p "$run"
