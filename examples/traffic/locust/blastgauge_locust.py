"""Lets Locust send the journeys of a blastgauge experiment.

Arrivals are open loop: every journey has an intended start on a fixed schedule, however
slow the system is. What cannot start within a second of it is shed. It works in one process,
and with a master and workers: the workers need no environment, the master shares the
schedule out and writes their lines. See README.md.
"""
import heapq
import json
import os
import secrets
import socket
import time

import gevent
from gevent.event import Event
from locust import events, runners
from locust.runners import MasterRunner, WorkerRunner

runners.__version__ = runners.__version__ or "2"  # Debian's package has none, and then no worker is let in
SHED_AFTER = 1.0  # seconds behind the schedule
FLUSH_EVERY = 0.2  # seconds
JOURNEYS = {}  # name of a journey -> (user class, method)
CLASSES = (("Timeout", "timeout"), ("timed out", "timeout"), ("Refused", "refused"), ("Reset", "reset"), ("BrokenPipe", "reset"),
           ("SSL", "tls"), ("gaierror", "dns"), ("NameResolution", "dns"), ("Disconnected", "closed"), ("IncompleteRead", "closed"),
           ("ConnectionClosed", "closed"))


class JourneyOver(BaseException):
    """Ends a journey at its first harmed step."""


class TimedOut(BaseException):
    """Ends a journey at its time-out. HTTP clients swallow gevent's own."""


def journey(name):
    """Marks the method of a user class that performs a journey. Its requests' names are the steps."""
    def mark(method):
        method.blastgauge_journey = name
        return method
    return mark


class Journeys:
    """Mix it in before HttpUser or FastHttpUser. The user that Locust spawns schedules; others perform journeys."""

    tasks = [lambda _: None]  # Locust wants one; run replaces what would perform it

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        JOURNEYS.update({m.blastgauge_journey: (cls, m) for m in vars(cls).values() if hasattr(m, "blastgauge_journey")})

    def __init__(self, environment):
        self.host = self.host or "http://set-for-each-journey"
        super().__init__(environment)
        self.now, request = None, self.client.request

        def guarded(method, path, name=None, headers=None, **kwargs):
            j = self.now
            j.before(name or path)
            url = path if "://" in path else j.arm["url"].rstrip("/") + path
            response = request(method, url, name=j.step, headers={**j.headers, **(headers or {})}, **kwargs)
            if not kwargs.get("catch_response"):
                j.after()
            return response
        self.client.request = guarded

    def context(self):
        return {"journey": self.now}

    def run(self):
        SCHEDULE.run(self.environment)


class Journey:
    def __init__(self, schedule, name, arm, start):
        self.schedule, self.name, self.arm, self.start = schedule, name, arm, start
        spec = schedule.journeys[name]
        self.slow_after, self.timeout = spec["slow_after"], spec["timeout"]
        self.trace, self.step, self.harm, self.slow, self.cut = secrets.token_hex(16), None, None, None, False
        self.headers = {**arm["headers"], "traceparent": f"00-{self.trace}-{secrets.token_hex(8)}-01"}

    def before(self, step):
        self.after()
        self.step = step

    def after(self):
        if self.slow is None and self.schedule.now() - self.start > self.slow_after:
            self.slow = self.step
        if self.harm:
            raise JourneyOver()

    def told(self, outcome, cause, detail=""):
        if not self.harm:
            self.harm = {"outcome": outcome, "cause": cause, "step": self.slow or self.step, "detail": detail.encode()[:300].decode("utf-8", "ignore")}

    def perform(self, user, method):
        late = max(0.0, self.schedule.now() - self.start)
        user.now = self
        try:
            with gevent.Timeout(max(0.001, self.timeout - late), TimedOut):
                method(user)
                self.after()
        except JourneyOver:
            pass
        except TimedOut:
            self.cut = True
            self.told("failed", "timeout")
        except Exception as e:  # an answer that the journey did not expect
            self.told("wrong", "check", repr(e))
        took = self.schedule.now() - self.start
        line = {"took": round(took, 6), "late": round(late, 6), "trace": self.trace, "outcome": "ok"}
        if not self.harm and self.slow:
            self.harm = {"outcome": "slow", "cause": "slow", "step": self.slow}
        line.update({k: v for k, v in (self.harm or {}).items() if v})
        return line


@events.request.add_listener
def on_request(exception=None, response=None, context=None, **_):
    j = (context or {}).get("journey")
    if j and exception:
        status = getattr(response, "status_code", 0) or 0
        if type(exception).__name__ == "CatchResponseError":
            j.told("wrong", "check", str(exception))
        elif status:
            j.told("failed", f"status: {status}", repr(exception))
        else:
            text = repr(exception) + repr(exception.__cause__) + repr(exception.__context__)
            j.told("failed", next((c for word, c in CLASSES if word in text), "error"), text)


class Schedule:
    """The arrivals of this process, and the lines that it owes."""

    def __init__(self):
        self.told, self.leave, self.ready, self.drained = Event(), Event(), set(), set()
        self.idle, self.lines, self.stopping, self.in_flight = {}, [], False, 0
        self.running = self.out = None
        self.base = time.time() - time.monotonic()  # so that a clock that is set does not move the schedule
        self.traffic = json.loads(os.environ.get("BLASTGAUGE_TRAFFIC", "null"))

    def now(self):
        return self.base + time.monotonic()

    def tell(self, told):
        """told: the traffic, when it begins, and which share of it is this process's."""
        self.traffic, self.begin, self.share, self.of = told["traffic"], told["begin"], told["share"], told["of"]
        self.journeys = {j["journey"]: j for j in self.traffic["journeys"]}
        self.told.set()

    def run(self, environment):
        if self.running:  # a second user in one process: the first does all
            return self.running.join()
        self.running, self.runner = gevent.getcurrent(), environment.runner
        if isinstance(self.runner, WorkerRunner):
            self.runner.send_message("blastgauge_ready")
        self.told.wait()
        due = []
        streams = [(a, j["journey"], j["rates"][a["arm"]]) for j in self.traffic["journeys"] for a in self.traffic["arms"] if j["rates"].get(a["arm"])]
        for i, (arm, name, rate) in enumerate(streams):  # streams are spread over the gap between two journeys
            start, gap = self.begin + (self.share + i / len(streams)) / rate, self.of / rate
            while start < self.now():  # it took longer to get here
                start += gap
            heapq.heappush(due, (start, i, arm, name, gap))
        gevent.spawn(self.flush_often)
        while not self.stopping:
            start, i, arm, name, gap = due[0]
            wait = start - self.now()
            if wait > 0:
                gevent.sleep(min(wait, 0.05))
                continue
            heapq.heapreplace(due, (start + gap, i, arm, name, gap))
            if -wait > SHED_AFTER:
                self.add(name, arm, start, {"outcome": "shed", "cause": "shed", "late": round(-wait, 6)})
            else:
                self.in_flight += 1
                gevent.spawn(self.perform, environment, name, arm, start)

    def perform(self, environment, name, arm, start):
        cls, method = JOURNEYS[name]
        idle = self.idle.setdefault((cls, arm["arm"]), [])
        user = idle.pop() if idle else cls(environment)
        getattr(user.client, "cookies", getattr(user.client, "cookiejar", None)).clear()
        j = Journey(self, name, arm, start)
        try:
            self.add(name, arm, start, j.perform(user, method))
        finally:
            self.in_flight -= 1
            if not j.cut:  # else its connection is in the middle of an answer
                idle.append(user)

    def add(self, name, arm, start, line):
        self.lines.append(json.dumps({"journey": name, "arm": arm["arm"], "start": round(start - self.traffic["epoch"], 6), **line}))

    def flush_often(self):
        while True:
            gevent.sleep(FLUSH_EVERY)
            self.stopping = self.stopping or os.path.exists(self.traffic["stop"])
            self.flush()

    def flush(self):
        lines, self.lines = self.lines, []
        if lines and isinstance(self.runner, WorkerRunner):
            self.runner.send_message("blastgauge_lines", lines)
        elif lines:
            self.write(lines)

    def write(self, lines):
        self.out = self.out or open(os.environ["BLASTGAUGE_LINES"], "w", encoding="utf-8")
        try:
            self.out.write("\n".join(lines) + "\n")
            self.out.flush()  # waits where blastgauge reads slowly
        except BrokenPipeError:  # blastgauge is gone
            os._exit(1)

    def stop(self):
        """No journey starts any more; those that have started may end."""
        self.stopping = True
        if self.running:
            self.wait(lambda: not self.in_flight)
            self.flush()

    def wait(self, done):
        until = time.monotonic() + 4 + max(j["timeout"] for j in self.traffic["journeys"])
        while not done() and time.monotonic() < until:
            gevent.sleep(0.02)


SCHEDULE = Schedule()


@events.init.add_listener
def on_init(environment, **_):
    runner = environment.runner
    environment.events.quitting.add_listener(on_quitting)  # here: then it is called before Locust's own, which take leave of the master
    if isinstance(runner, WorkerRunner):
        runner.register_message("blastgauge_begin", lambda msg, **_: SCHEDULE.tell(msg.data))
        runner.register_message("blastgauge_stop", lambda **_: gevent.spawn(worker_stops, runner))
        runner.register_message("blastgauge_leave", lambda **_: SCHEDULE.leave.set())
    elif SCHEDULE.traffic is None:
        raise SystemExit("BLASTGAUGE_TRAFFIC is not set: blastgauge starts this program, as `traffic: {command: [...]}`")
    else:
        for name in (j["journey"] for j in SCHEDULE.traffic["journeys"] if j["journey"] not in JOURNEYS):
            raise SystemExit(f"no method is marked @journey({name!r}): the system file has that journey")
        runner.register_message("blastgauge_ready", on_ready)
        runner.register_message("blastgauge_lines", lambda msg, **_: SCHEDULE.write(msg.data))
        runner.register_message("blastgauge_drained", lambda msg, **_: SCHEDULE.drained.add(msg.node_id))


def worker_stops(runner):
    SCHEDULE.stop()
    runner.send_message("blastgauge_drained", socket.gethostname())


def told(share=0, of=1):
    return {"traffic": SCHEDULE.traffic, "begin": SCHEDULE.now() + 0.2, "share": share, "of": of}


@events.test_start.add_listener
def on_test_start(environment, **_):
    if not isinstance(environment.runner, (MasterRunner, WorkerRunner)):
        SCHEDULE.tell(told())


def on_ready(environment, msg, **_):
    """The master shares the schedule out once all workers have their users."""
    runner = environment.runner
    SCHEDULE.ready.add(msg.node_id)
    if SCHEDULE.traffic and set(runner.clients) <= SCHEDULE.ready and not SCHEDULE.told.is_set():
        SCHEDULE.told.set()
        begin = told()
        for share, client in enumerate(sorted(runner.clients)):
            runner.send_message("blastgauge_begin", {**begin, "share": share, "of": len(runner.clients)}, client)
        gevent.spawn(watch, runner)


def watch(runner):
    """Without one of its workers the schedule has holes: end, so that blastgauge removes the fault at once."""
    while not runner.clients.missing:
        gevent.sleep(0.5)
    runner.environment.process_exit_code = 3
    runner.quit()


def on_quitting(environment, **_):
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        workers = {client.id for client in runner.clients.running + runner.clients.spawning}
        runner.send_message("blastgauge_stop")
        SCHEDULE.wait(lambda: workers <= SCHEDULE.drained)
        runner.send_message("blastgauge_leave")
    elif isinstance(runner, WorkerRunner):
        worker_stops(runner)
        SCHEDULE.leave.wait(2)  # a worker that leaves before the others makes the master spawn users anew
    else:
        SCHEDULE.stop()
