#!/bin/sh
# The journey "visit" is one GET: 4/s through each arm, as the system file says (rate: 8/s with two arms).
# A journey starts on schedule in a process of its own, so that a slow one holds up no other.
trap '' TERM                   # curl inherits it: journeys under way may end
now() { date +%s%6N; }         # microseconds; GNU date
seconds() { printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000)); }
visit() { # ARM URL START
  late=$(($(now) - $3)) code=0
  status=$(curl -s -o /dev/null -m 2 -w '%{http_code}' -H "Blastgauge-Run: $BLASTGAUGE_RUN" "$2/") || code=$?
  case $code:$status in 0:2??) outcome=ok harm= ;; 0:*) outcome=failed harm="status: $status" ;; 28:*) outcome=failed harm=timeout ;; *) outcome=failed harm="error: curl $code" ;; esac
  printf '{"journey":"visit","arm":"%s","start":"%s","late":%s,"took":%s,"outcome":"%s"%s}\n' "$1" "$(date -u -d "@$(seconds "$3")" +%FT%T.%6NZ)" \
    "$(seconds "$late")" "$(seconds $(($(now) - $3)))" "$outcome" "${harm:+,\"step\":0,\"cause\":\"$harm\"}"
}
start=$(now)
until [ -e "$BLASTGAUGE_STOP" ]; do
  visit fault "$BLASTGAUGE_URL" "$start" &
  [ -z "${BLASTGAUGE_CONTROL_URL:-}" ] || visit control "$BLASTGAUGE_CONTROL_URL" "$start" &
  start=$((start + 250000)) wait=$((start - $(now)))
  [ "$wait" -le 0 ] || sleep "$(seconds "$wait")"
done
wait
