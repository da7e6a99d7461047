"""The journeys of the system file, as Locust performs them."""
from blastgauge_locust import Journeys, journey
from locust import HttpUser


class Shop(Journeys, HttpUser):
    @journey("visit")
    def visit(self):
        self.client.get("/visit", name="visit")

    @journey("checkout")
    def checkout(self):
        self.client.post("/carts", json={"sku": "tea"}, name="cart")
        with self.client.post("/pay", json={"amount": 5}, name="pay", catch_response=True) as answer:
            if answer.ok and answer.json()["total"] != 5:
                answer.failure("charged another total")
