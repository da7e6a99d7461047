#!/bin/sh
# Runs the experiments and gates on what changed since the last good run: the
# gate closes if an experiment harms more than it did then, by more than the
# margin, or breaks an invariant that held.
#
#   gate.sh [EXPERIMENT or flag of `blastgauge run`...]
#
#   SYSTEM      the system file                          (blastgauge.yaml)
#   OUT         directory for the reports                (resilience)
#   RUNS        directory for runs, one each             ($OUT/runs)
#   LAST_GOOD   the result that is compared with         (last-good/result.json)
#   MARGIN      the change that does not matter, points  (2)
#
# The last good result is replaced whenever every hypothesis held, and by nothing
# else, not by a run that decided nothing either: a gate that compares with yesterday
# lets things get worse a little every day. The very first result is kept whatever it says, so that what is known to be
# broken on the first day does not close the gate on the second.
set -eu
: "${SYSTEM:=blastgauge.yaml}" "${OUT:=resilience}" "${LAST_GOOD:=last-good/result.json}" "${MARGIN:=2}"
: "${RUNS:=$OUT/runs}"
run=$RUNS/$(date -u +%Y%m%dt%H%M%Sz)
mkdir -p "$OUT" "$RUNS" "$(dirname "$LAST_GOOD")"
rm -f "$OUT/comment.md" "$OUT/annotations" "$OUT/run.xml" "$OUT/compare.xml" "$OUT/run.html" "$OUT/compare.html"

set -- -f "$SYSTEM" --out "$run" -o text \
	-o junit="$OUT/run.xml" -o md="$OUT/comment.md" -o github="$OUT/annotations" -o html="$OUT/run.html" "$@"
verdict=0
blastgauge run "$@" || verdict=$?
case $verdict in
0 | 3 | 4) ;;
*) exit "$verdict" ;; # nothing was measured, or a fault may be left: that is no green
esac

# Whether every hypothesis held. The result is asked as well: with --allow the exit code
# is 0 for others, too.
held() {
	[ "$verdict" = 0 ] && ! grep -Eq '"verdict": *"(refuted|inconclusive|invalid|not_run)"' "$run/result.json"
}

# Without a result to compare with, the hypotheses are the gate; what is not decided is no
# reason to close it.
gate=$verdict
[ "$gate" != 4 ] || gate=0
if [ -f "$LAST_GOOD" ]; then
	gate=0
	blastgauge compare "$LAST_GOOD" "$run" --margin "$MARGIN" -o text \
		-o junit="$OUT/compare.xml" -o md="$OUT/comment.md" -o html="$OUT/compare.html" -o github="$OUT/annotations" || gate=$?
fi
if [ ! -f "$LAST_GOOD" ] || held; then
	cp "$run/result.json" "$LAST_GOOD.part"
	mv "$LAST_GOOD.part" "$LAST_GOOD"
fi
exit "$gate"
