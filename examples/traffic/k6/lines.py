#!/usr/bin/env python3
"""Turns k6's JSON output into lines of blastgauge's protocol: k6 run --out json=/dev/stdout ... | lines.py

A sample of blastgauge_journey is a journey: its time is the end, its value the milliseconds
it took. A sample of dropped_iterations is so many journeys that k6 could not start: shed.
"""
import json
import re
import signal
import sys
from datetime import datetime, timedelta, timezone

signal.signal(signal.SIGTERM, signal.SIG_IGN)  # k6 is stopped; what it still writes counts


def moment(text):
    """A date of RFC 3339 with up to nine digits, of which Python takes six."""
    text = re.sub(r"(\.\d{1,6})\d*", lambda m: m[1].ljust(7, "0"), text).replace("Z", "+00:00")
    return datetime.fromisoformat(text)


def written(when):
    return when.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def line_of(metric, data):
    tags = data.get("tags") or {}
    arm, _, journey = tags.get("scenario", "").partition("_")
    line = {"journey": tags.get("journey", journey), "arm": tags.get("arm", arm)}
    if metric == "dropped_iterations":
        return {**line, "start": written(moment(data["time"])), "outcome": "shed", "cause": "shed", "count": int(data["value"])}
    took = data["value"] / 1000
    line.update(start=written(moment(data["time"]) - timedelta(seconds=took)), took=round(took, 6), outcome=tags["outcome"])
    return {**line, **{key: tags[key] for key in ("step", "cause") if tags.get(key)}}


for text in sys.stdin:
    try:
        sample = json.loads(text)
    except ValueError:
        sys.stderr.write(text)  # a message of k6
        continue
    if sample.get("type") == "Point" and sample.get("metric") in ("blastgauge_journey", "dropped_iterations"):
        print(json.dumps(line_of(sample["metric"], sample["data"])), flush=True)
