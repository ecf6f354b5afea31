#!/usr/bin/env bash
# Builds the image, runs it alone and as the compose stack with six model servers, asks both for predictions,
# and kills a model server under load. Says SKIPPED where no engine can run; REQUIRE_DOCKER=1 makes that a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."

PROJECT=coppice-test-$$
SINGLE=$PROJECT-single
LOG=$PWD/.build/docker-test.log
WORK=$(mktemp -d)
LOCAL_IMAGES=../shared/docker/local-base-images.sh
export LOCAL_DOCKER_DIR=${LOCAL_DOCKER_DIR:-$PWD/.build/docker}

say()  { printf '[%4ds] %s\n' "$SECONDS" "$*"; }
fail() { failure=$*; exit 1; }
skip() {
  [ "${REQUIRE_DOCKER:-0}" != 1 ] || fail "$*"
  printf 'SKIPPED: Docker test: %s\n' "$*"
  exit 0
}
logged() { "$@" >>"$LOG" 2>&1 || { tail -n 40 "$LOG" >&2; fail "$* (the whole log: $LOG)"; }; }

# await SECONDS WHAT COMMAND...: until the command succeeds.
await() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "$what did not happen in time"
    sleep 0.1
  done
}

cleanup() {
  local rc=$?
  trap - EXIT INT TERM
  if [ "$engine" = up ]; then
    if [ $rc != 0 ]; then
      docker logs --tail 20 "$SINGLE" 2>&1 || true
      compose logs --no-color --tail 20 2>&1 || true
    fi >&2
    docker rm -f "$SINGLE" >>"$LOG" 2>&1 || true
    compose down -v --remove-orphans >>"$LOG" 2>&1 || true
  fi
  [ ! -x $LOCAL_IMAGES ] || $LOCAL_IMAGES stop || true
  rm -rf "$WORK"
  [ $rc = 0 ] || printf 'FAILED: Docker test: %s\n' "${failure:-exit code $rc, see above}" >&2
  exit $rc
}

# ---------- an engine with the base images ----------

start_engine() {
  local rc=0 image
  command -v docker >/dev/null || [ -x $LOCAL_IMAGES ] || skip "no docker command"
  if [ -x $LOCAL_IMAGES ]; then
    $LOCAL_IMAGES up debian swift redis distroless || rc=$?
    case $rc in
      0) ;;
      77) skip "no engine can run on this machine" ;;
      *) fail "the local base images could not be made" ;;
    esac
    logged docker tag distroless/cc-debian12:nonroot gcr.io/distroless/cc-debian12:nonroot
  else
    docker info >/dev/null 2>&1 || skip "no engine runs"
    for image in $(sed -nE 's/^FROM ([^ ]+).*/\1/p' Dockerfile; sed -nE 's/^ +image: (redis:.*)/\1/p' docker-compose.yml); do
      docker image inspect "$image" >/dev/null 2>&1 || docker pull -q "$image" || skip "no registry has $image for us"
    done
  fi
  docker compose version >/dev/null 2>&1 || skip "no docker compose plugin"
  engine=up
}

compose() { docker compose -p "$PROJECT" "$@"; }
inspect() { docker inspect -f "$1" "$2"; }

# ---------- requests ----------

ROWS=("5.1, 3.5, 1.4, 0.2" "5.9, 3.2, 4.8, 1.8" "6.3, 3.3, 6.0, 2.5")
ANSWERS=('{"name":"setosa","prediction":0}' '{"name":"versicolor","prediction":1}' '{"name":"virginica","prediction":2}')

# ask ADDRESS ROW-NUMBER
ask() {
  curl -sS --max-time 20 -XPOST "http://$1/api/predict" -d"{\"data\": [${ROWS[$2]}]}" -H 'Content-Type: application/json'
}
check_answers() {
  local i got
  for i in "${!ROWS[@]}"; do
    got=$(ask "$1" "$i") || fail "no answer from $2"
    [ "$got" = "${ANSWERS[$i]}" ] || fail "$2 answers [${ROWS[$i]}] with $got, not ${ANSWERS[$i]}"
  done
  say "$2: the right answers"
}

# ---------- the parts of the test ----------

build_image() {
  local size
  say "docker build"
  logged docker build --progress=plain -t coppice .
  size=$(inspect '{{.Size}}' coppice)
  say "image: $((size / 1000000)) MB, user $(inspect '{{.Config.User}}' coppice)"
  [ "$size" -lt 70000000 ] || fail "an image of more than 70 MB: full Foundation alone brings 40 MB of ICU"
  [ "$(inspect '{{.Config.User}}' coppice)" = 65532:65532 ] || fail "the image does not run as 65532:65532"
  ! docker run --rm --entrypoint /bin/sh coppice -c true >>"$LOG" 2>&1 || fail "the image has a shell"
}

healthy() { [ "$(inspect '{{.State.Health.Status}}' "$1")" = healthy ]; }

single_container() {
  local address
  logged docker run -d --name "$SINGLE" --read-only --cap-drop ALL --security-opt no-new-privileges \
    --health-interval 1s -p 127.0.0.1::10000 coppice
  await 60 "the container's health check passing" healthy "$SINGLE"
  address=$(docker port "$SINGLE" 10000/tcp)
  check_answers "$address" "one container, read-only"
  logged docker stop -t 30 "$SINGLE"
  [ "$(inspect '{{.State.ExitCode}}' "$SINGLE")" = 0 ] || fail "SIGTERM: exit code $(inspect '{{.State.ExitCode}}' "$SINGLE")"
  say "one container: SIGTERM, exit code 0"
}

compose_up() {
  export PROD_EXTERNAL_HTTP_PORT=127.0.0.1: PROD_EXTERNAL_GRPC_PORT=127.0.0.1:   # any free ports, on loopback only
  logged compose build
  logged compose up -d --wait --scale model_server=6
  [ "$(compose ps -q --status running model_server | wc -l)" -eq 6 ] || fail "not six model servers"
  address=$(compose port http_server 10000)
  check_answers "$address" "compose, six model servers"
}

# Whether so many answers are there already.
answered() { [ "$(cat "$WORK"/client-* | wc -l)" -ge "$1" ]; }
restarted() { [[ $(inspect '{{.RestartCount}} {{.State.Running}}' "$1") == [1-9]*' true' ]]; }

# 12 clients, 1000 requests each; the fragment only makes curl repeat its request, the server never sees it.
kill_under_load() {
  local clients=12 each=1000 i row victim pid right=0 at restart=unchecked pids=()
  victim=$(compose ps -q model_server | head -n 1)
  pid=$(inspect '{{.State.Pid}}' "$victim")
  for ((i = 0; i < clients; i++)); do
    row=$((i % ${#ROWS[@]}))
    curl -sSN --max-time 30 -XPOST "http://$address/api/predict#[1-$each]" -d"{\"data\": [${ROWS[$row]}]}" \
      -H 'Content-Type: application/json' -w ' %{http_code} %{time_total}\n' >"$WORK/client-$row-$i" 2>"$WORK/errors-$i" &
    pids+=($!)
  done
  await 60 "a quarter of the answers" answered $((clients * each / 4))
  if [ "$(uname -s)" = Linux ] && kill -9 "$pid" 2>/dev/null; then restart=wanted; else docker kill "$victim" >>"$LOG"; fi
  at=$(cat "$WORK"/client-* | wc -l)
  wait "${pids[@]}" || true
  cat "$WORK"/errors-* >&2
  for row in "${!ROWS[@]}"; do
    right=$((right + $(cat "$WORK/client-$row-"* | grep -cF "${ANSWERS[$row]} 200 " || true)))
  done
  say "a model server killed after $at of $((clients * each)) answers: $right right, slowest $(awk '{print $NF}' "$WORK"/client-* | sort -n | tail -n 1) s"
  [ "$at" -lt $((clients * each)) ] || fail "the load was over before the kill"
  [ "$right" -eq $((clients * each)) ] || { grep -hvE ' 200 [0-9.]+$' "$WORK"/client-* | head -n 5 >&2; fail "$((clients * each - right)) answers lost or wrong"; }
  if [ $restart = wanted ]; then
    await 60 "the restart of the killed model server" restarted "$victim"
    say "the killed model server runs again"
  fi
}

compose_stop() {
  local container
  logged compose stop
  for container in $(compose ps -aq); do
    [ "$(inspect '{{.State.ExitCode}}' "$container")" = 0 ] ||
      fail "$(inspect '{{.Name}}' "$container") ended with $(inspect '{{.State.ExitCode}}' "$container") on SIGTERM"
  done
  say "compose stop: every process ended with exit code 0"
  logged compose down -v
}

# The hyphenated command of the tutorial: version 1, or the plugin of Docker as a program of its own.
hyphenated() {
  local command=docker-compose address
  command -v $command >/dev/null ||
    command=$(docker info -f '{{range .ClientInfo.Plugins}}{{if eq .Name "compose"}}{{.Path}}{{end}}{{end}}')
  logged "$command" -f docker-compose.yml -p "$PROJECT" up --scale model_server=2 -d
  address=$("$command" -p "$PROJECT" port http_server 10000)
  await 60 "the health check of docker-compose's http_server" healthy "$("$command" -p "$PROJECT" ps -q http_server)"
  check_answers "$address" "docker-compose $("$command" version --short)"
  logged "$command" -p "$PROJECT" down -v
}

mkdir -p .build
: >"$LOG"
engine=down
trap cleanup EXIT
trap 'exit 130' INT TERM
start_engine
build_image
single_container
compose_up
kill_under_load
compose_stop
hyphenated
say "Docker test passed"
