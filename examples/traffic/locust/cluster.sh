#!/bin/sh
# A master and workers on this machine: cluster.sh LOCUSTFILE [WORKERS, 2]. For workers on
# other machines start the master alone, with --expect-workers, and each worker with
# --worker --master-host.
set -eu
count=${2:-2} workers= code=0
trap : TERM # the group gets it: workers end when their journeys have, and the master after them
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
for _ in $(seq "$count"); do
  env -u BLASTGAUGE_TRAFFIC locust -f "$1" --worker --master-host 127.0.0.1 --master-port "$port" &
  workers="$workers $!"
done
locust -f "$1" --master --master-bind-host 127.0.0.1 --master-bind-port "$port" \
  --expect-workers "$count" --headless --users "$count" --spawn-rate "$count" --only-summary &
master=$!
while kill -0 "$master" 2>/dev/null; do
  wait "$master" && code=0 || code=$?
done
# shellcheck disable=SC2086 # a list of ids
kill $workers 2>/dev/null || true
wait
exit "$code"
