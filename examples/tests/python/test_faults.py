"""Tests of a program that breaks what it depends on, one request at a time.

`blastgauge proxy` stands in the place of toxiproxy-server. Its API is a few calls of
HTTP, made here with the standard library; any client of Toxiproxy makes the same ones.
"""

import json
import os
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

import psycopg
import redis

API = os.environ.get("TOXIPROXY_URL", "http://127.0.0.1:8474")


def call(method, path, body=None):
    """Make a call of the API; an answer that is no success raises HTTPError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Proxy:
    """A proxy of its own for a test, on a free port, so that tests run side by side."""

    def __init__(self, test, upstream):
        body = {"name": str(uuid.uuid4()), "listen": "127.0.0.1:0", "upstream": upstream}
        made = call("POST", "/proxies", body)
        self.path = "/proxies/" + made["name"]
        self.listen = made["listen"]
        test.addCleanup(call, "DELETE", self.path)

    def add(self, name, type, toxicity=1.0, **attributes):
        """Add a toxic."""
        call("POST", self.path + "/toxics", {"name": name, "type": type, "toxicity": toxicity, "attributes": attributes})

    def remove(self, name):
        """Remove a toxic."""
        call("DELETE", f"{self.path}/toxics/{name}")

    def met(self, name):
        """How many requests a toxic has met: a fault that nobody met proves nothing."""
        return call("GET", f"{self.path}/toxics/{name}")["blastgauge"]["met"]


def status_of(url):
    """The status of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def place_order(db, table, key):
    """What is tested: it may be called again, because the key of an order is unique."""
    with db.transaction():
        db.execute(f"INSERT INTO {table} (key) VALUES (%s) ON CONFLICT DO NOTHING", [key])


class Faults(unittest.TestCase):
    def test_one_request_in_five_is_answered_with_503(self):
        payments = Proxy(self, os.environ.get("PAYMENTS_URL", "http://127.0.0.1:8083"))
        payments.add("unavailable", "http_error", 0.2, status=503, headers={"Retry-After": "1"})

        seen = [status_of(f"http://{payments.listen}/charges") for _ in range(200)]

        failed = seen.count(503)
        self.assertEqual(seen.count(200) + failed, 200)
        self.assertTrue(10 < failed < 80, f"{failed} of 200 failed")
        self.assertEqual(payments.met("unavailable"), failed)

        payments.remove("unavailable")
        self.assertEqual(status_of(f"http://{payments.listen}/charges"), 200)

    def test_a_redis_that_has_become_a_replica_refuses_writes_and_still_reads(self):
        carts = Proxy(self, os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"))
        client = redis.Redis.from_url(f"redis://{carts.listen}", decode_responses=True)
        self.addCleanup(client.close)
        cart = f"cart:{uuid.uuid4()}"
        client.set(cart, "lamp", ex=60)

        carts.add("replica", "redis_error", error="READONLY")
        with self.assertRaises(redis.exceptions.ReadOnlyError):
            client.set(cart, "chair")
        self.assertEqual(client.get(cart), "lamp")
        self.assertEqual(carts.met("replica"), 1)

        carts.remove("replica")
        self.assertTrue(client.set(cart, "chair"))

    def test_a_commit_that_succeeded_and_was_reported_as_failed_is_not_made_twice(self):
        database = urllib.parse.urlsplit(os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"))
        login, _, address = database.netloc.rpartition("@")
        orders = Proxy(self, "postgres://" + address)
        direct = psycopg.connect(database.geturl(), autocommit=True)
        self.addCleanup(direct.close)
        db = psycopg.connect(database._replace(netloc=f"{login}@{orders.listen}").geturl(), autocommit=True)
        self.addCleanup(db.close)
        table = f"orders_{uuid.uuid4().hex}"
        direct.execute(f"CREATE TABLE {table} (key text PRIMARY KEY)")
        self.addCleanup(direct.execute, f"DROP TABLE {table}")

        def count():
            return direct.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

        orders.add("unknown", "postgres_error", sqlstate="40003", message="whether it committed is not known",
                   when="after", first=1, match={"statement": "commit"})
        with self.assertRaises(psycopg.errors.StatementCompletionUnknown):
            place_order(db, table, "order 1")
        self.assertEqual(count(), 1, "the database has committed")

        place_order(db, table, "order 1")
        self.assertEqual(count(), 1, "the second attempt adds nothing")
        self.assertEqual(orders.met("unknown"), 1)


if __name__ == "__main__":
    unittest.main()
