"""The tests of test_faults.py with toxiproxy-python, a client of Toxiproxy for Python."""

import os
import unittest
import urllib.parse
import uuid

import psycopg
import redis
import requests
from toxiproxy import Toxiproxy

API = urllib.parse.urlsplit(os.environ.get("TOXIPROXY_URL", "http://127.0.0.1:8474"))


def place_order(db, table, key):
    """What is tested: it may be called again, because the key of an order is unique."""
    with db.transaction():
        db.execute(f"INSERT INTO {table} (key) VALUES (%s) ON CONFLICT DO NOTHING", [key])


class Faults(unittest.TestCase):
    def setUp(self):
        self.server = Toxiproxy()
        self.server.update_api_consumer(API.hostname, API.port)

    def proxied(self, upstream):
        """A proxy of its own for a test, on a free port, so that tests run side by side."""
        proxy = self.server.create(name=str(uuid.uuid4()), listen="127.0.0.1:0", upstream=upstream)
        self.addCleanup(proxy.destroy)
        return proxy

    def met(self, proxy):
        """How many requests the toxics of a proxy have met; the client leaves this out."""
        toxics = requests.get(f"{API.geturl()}/proxies/{proxy.name}/toxics", timeout=10).json()
        return sum(toxic["blastgauge"]["met"] for toxic in toxics)

    def test_one_request_in_five_is_answered_with_503(self):
        payments = self.proxied(os.environ.get("PAYMENTS_URL", "http://127.0.0.1:8083"))
        payments.add_toxic(name="unavailable", type="http_error", toxicity=0.2, attributes={"status": 503})

        seen = [requests.get(f"http://{payments.listen}/charges", timeout=10).status_code for _ in range(200)]

        failed = seen.count(503)
        self.assertEqual(seen.count(200) + failed, 200)
        self.assertTrue(10 < failed < 80, f"{failed} of 200 failed")
        self.assertEqual(self.met(payments), failed)

        payments.destroy_toxic("unavailable")
        self.assertEqual(requests.get(f"http://{payments.listen}/charges", timeout=10).status_code, 200)

    def test_a_redis_that_has_become_a_replica_refuses_writes_and_still_reads(self):
        carts = self.proxied(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"))
        client = redis.Redis.from_url(f"redis://{carts.listen}", decode_responses=True)
        self.addCleanup(client.close)
        cart = f"cart:{uuid.uuid4()}"
        client.set(cart, "lamp", ex=60)

        carts.add_toxic(name="replica", type="redis_error", attributes={"error": "READONLY"})
        with self.assertRaises(redis.exceptions.ReadOnlyError):
            client.set(cart, "chair")
        self.assertEqual(client.get(cart), "lamp")
        self.assertEqual(self.met(carts), 1)

        carts.destroy_toxic("replica")
        self.assertTrue(client.set(cart, "chair"))

    def test_a_commit_that_succeeded_and_was_reported_as_failed_is_not_made_twice(self):
        database = urllib.parse.urlsplit(os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"))
        login, _, address = database.netloc.rpartition("@")
        orders = self.proxied("postgres://" + address)
        direct = psycopg.connect(database.geturl(), autocommit=True)
        self.addCleanup(direct.close)
        db = psycopg.connect(database._replace(netloc=f"{login}@{orders.listen}").geturl(), autocommit=True)
        self.addCleanup(db.close)
        table = f"orders_{uuid.uuid4().hex}"
        direct.execute(f"CREATE TABLE {table} (key text PRIMARY KEY)")
        self.addCleanup(direct.execute, f"DROP TABLE {table}")

        def count():
            return direct.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

        orders.add_toxic(name="unknown", type="postgres_error", attributes={
            "sqlstate": "40003", "message": "whether it committed is not known",
            "when": "after", "first": 1, "match": {"statement": "commit"}})
        with self.assertRaises(psycopg.errors.StatementCompletionUnknown):
            place_order(db, table, "order 1")
        self.assertEqual(count(), 1, "the database has committed")

        place_order(db, table, "order 1")
        self.assertEqual(count(), 1, "the second attempt adds nothing")
        self.assertEqual(self.met(orders), 1)


if __name__ == "__main__":
    unittest.main()
