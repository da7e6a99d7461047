// Tests of a program that breaks what it depends on, one request at a time: with the client
// of Toxiproxy for Node, and `blastgauge proxy` in the place of toxiproxy-server.
"use strict";

const assert = require("node:assert/strict");
const { randomUUID } = require("node:crypto");
const test = require("node:test");

const { Client } = require("pg");
const { createClient } = require("redis");
const { Toxiproxy } = require("toxiproxy-node-client");

const api = new Toxiproxy(process.env.TOXIPROXY_URL ?? "http://127.0.0.1:8474");

// cleanups are done when a test ends, the last one first: clients before their proxy.
function cleanups(t) {
  const list = [];
  t.after(async () => {
    for (const undo of list.reverse()) await undo();
  });
  return (undo) => list.push(undo);
}

// proxied gives a test a proxy of its own on a free port, so that tests run side by side.
async function proxied(later, upstream) {
  const proxy = await api.createProxy({ name: randomUUID(), listen: "127.0.0.1:0", upstream });
  later(() => proxy.remove());
  return proxy;
}

// met is how many requests a toxic has met: a fault that nobody met proves nothing.
async function met(proxy, toxic) {
  const answer = await fetch(`${api.host}/proxies/${proxy.name}/toxics/${toxic.name}`);
  return (await answer.json()).blastgauge.met;
}

test("one request in five is answered with 503", async (t) => {
  const payments = await proxied(cleanups(t), process.env.PAYMENTS_URL ?? "http://127.0.0.1:8083");
  const unavailable = await payments.addToxic({
    name: "unavailable", type: "http_error", stream: "downstream", toxicity: 0.2,
    attributes: { status: 503, headers: { "Retry-After": "1" } },
  });

  const seen = { 200: 0, 503: 0 };
  for (let i = 0; i < 200; i++) {
    const answer = await fetch(`http://${payments.listen}/charges`);
    await answer.text();
    seen[answer.status]++;
  }

  assert.equal(seen[200] + seen[503], 200);
  assert.ok(seen[503] > 10 && seen[503] < 80, `${seen[503]} of 200 failed`);
  assert.equal(await met(payments, unavailable), seen[503]);

  await unavailable.remove();
  assert.equal((await fetch(`http://${payments.listen}/charges`)).status, 200);
});

test("a Redis that has become a replica refuses writes and still reads", async (t) => {
  const later = cleanups(t);
  const carts = await proxied(later, process.env.REDIS_URL ?? "redis://127.0.0.1:6379");
  const redis = await createClient({ url: `redis://${carts.listen}`, socket: { reconnectStrategy: false } }).connect();
  later(() => redis.destroy());
  const cart = `cart:${randomUUID()}`;
  await redis.set(cart, "lamp", { EX: 60 });

  const readOnly = await carts.addToxic({
    name: "replica", type: "redis_error", stream: "downstream", toxicity: 1,
    attributes: { error: "READONLY" },
  });
  await assert.rejects(redis.set(cart, "chair"), /^\w*Error: READONLY/);
  assert.equal(await redis.get(cart), "lamp");
  assert.equal(await met(carts, readOnly), 1);

  await readOnly.remove();
  assert.equal(await redis.set(cart, "chair"), "OK");
});

// placeOrder is what is tested: it may be called again, because the key of an order is unique.
async function placeOrder(db, table, key) {
  await db.query("BEGIN");
  await db.query(`INSERT INTO ${table} (key) VALUES ($1) ON CONFLICT DO NOTHING`, [key]);
  await db.query("COMMIT");
}

test("a commit that succeeded and was reported as failed is not made twice", async (t) => {
  const database = new URL(process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres");
  const later = cleanups(t);
  const orders = await proxied(later, `postgres://${database.host}`);
  const connect = async (url) => {
    const client = new Client({ connectionString: url.href });
    later(() => client.end());
    await client.connect();
    return client;
  };
  const through = new URL(database);
  through.host = orders.listen;
  const [direct, db] = [await connect(database), await connect(through)];
  const table = `orders_${randomUUID().replaceAll("-", "")}`;
  await direct.query(`CREATE TABLE ${table} (key text PRIMARY KEY)`);
  later(() => direct.query(`DROP TABLE ${table}`));
  const count = async () => Number((await direct.query(`SELECT count(*) FROM ${table}`)).rows[0].count);

  const unknown = await orders.addToxic({
    name: "unknown", type: "postgres_error", stream: "downstream", toxicity: 1,
    attributes: { sqlstate: "40003", message: "whether it committed is not known", when: "after", first: 1, match: { statement: "commit" } },
  });
  await assert.rejects(placeOrder(db, table, "order 1"), { code: "40003" });
  assert.equal(await count(), 1, "the database has committed");

  await placeOrder(db, table, "order 1");
  assert.equal(await count(), 1, "the second attempt adds nothing");
  assert.equal(await met(orders, unknown), 1);
});
