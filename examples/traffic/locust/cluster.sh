#!/bin/sh
# A master and workers on this machine: cluster.sh LOCUSTFILE [WORKERS, 2]. Workers on
# other machines: start the master alone, with --expect-workers, and each worker with
# --worker --master-host.
set -eu
workers=${2:-2}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
for _ in $(seq "$workers"); do
  env -u BLASTGAUGE_TRAFFIC locust -f "$1" --worker --master-host 127.0.0.1 --master-port "$port" &
done
exec locust -f "$1" --master --master-bind-host 127.0.0.1 --master-bind-port "$port" \
  --expect-workers "$workers" --headless --users "$workers" --spawn-rate "$workers" --only-summary
