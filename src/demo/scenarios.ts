import { SPAN_KIND } from "../model/span.ts";
import { type Frame, http, PlannedFailure, query, type Simulation, serve } from "./simulation.ts";

/** What the shop's customers do. Each runs one trace; `weight` is how often it happens beside the others. */
export interface Scenario {
  readonly name: string;
  readonly weight: number;
  run(sim: Simulation): void;
}

const REGIONS = ["eu-west", "us-east", "ap-south"];
const SKUS = ["mug-01", "lamp-07", "desk-22", "chair-15", "clock-03", "plant-11"];

export const SCENARIOS: readonly Scenario[] = [
  { name: "home", weight: 30, run: (sim) => page(sim, "GET", "/", home) },
  { name: "product", weight: 25, run: (sim) => page(sim, "GET", "/product/:sku", product) },
  { name: "search", weight: 15, run: (sim) => page(sim, "GET", "/search", search) },
  { name: "add to cart", weight: 12, run: (sim) => page(sim, "POST", "/cart", addToCart) },
  { name: "sign in", weight: 8, run: (sim) => page(sim, "POST", "/login", signIn) },
  { name: "order history", weight: 5, run: (sim) => page(sim, "GET", "/orders", orderHistory) },
  { name: "check out", weight: 15, run: (sim) => page(sim, "POST", "/checkout", checkOut) },
];

/** Every request enters at the frontend and goes through the gateway; failures end as a status, not as a crash. */
function page(sim: Simulation, method: string, route: string, handle: (sim: Simulation, frame: Frame) => void): void {
  const values = {
    "client.address": `203.0.113.${sim.random.int(2, 250)}`,
    "user_agent.original": sim.random.pick(["Firefox/141.0", "Chrome/149.0", "Safari/19.1", "ShopApp/7.2 (Android)"]),
    "shop.region": sim.random.pick(REGIONS),
    "enduser.tier": sim.random.chance(0.2) ? "gold" : "standard",
  };
  try {
    serve(
      sim,
      undefined,
      "frontend",
      method,
      route,
      (frame) => http(sim, frame, "gateway", method, `/api${route}`, (gateway) => handle(sim, gateway)),
      values,
    );
  } catch (error) {
    if (!(error instanceof PlannedFailure)) throw error;
  }
}

function home(sim: Simulation, gateway: Frame): void {
  sim.parallel([
    () => http(sim, gateway, "catalog", "GET", "/featured", (frame) => cached(sim, frame, "featured", 4_000)),
    () =>
      http(sim, gateway, "recommendations", "GET", "/for/:user", (frame) => {
        query(sim, frame, "redis", "GET user:profile", "GET user:profile:?", 400);
        sim.span(frame, frame.service, "rank candidates", SPAN_KIND.internal, { "model.version": "2026-11" }, () =>
          sim.work(9_000),
        );
      }),
    () =>
      http(sim, gateway, "cart", "GET", "/cart/:user", (frame) =>
        query(sim, frame, "redis", "HGETALL", "HGETALL cart:?", 500),
      ),
  ]);
}

/** One query for the reviews, then one for each review's author: an N+1. */
function product(sim: Simulation, gateway: Frame): void {
  http(sim, gateway, "catalog", "GET", "/products/:sku", (frame) => {
    query(sim, frame, "postgresql", "SELECT products", "SELECT * FROM products WHERE sku = $1", 1_800);
    query(sim, frame, "postgresql", "SELECT reviews", "SELECT * FROM reviews WHERE sku = $1", 2_200);
    const reviews = sim.random.int(6, 24);
    frame.attributes["shop.reviews"] = { type: "int", value: BigInt(reviews) };
    for (let i = 0; i < reviews; i++) {
      query(sim, frame, "postgresql", "SELECT users", "SELECT name FROM users WHERE id = $1", 900);
    }
  });
  http(sim, gateway, "inventory", "GET", "/stock/:sku", (frame) => stock(sim, frame));
}

function search(sim: Simulation, gateway: Frame): void {
  http(sim, gateway, "search", "GET", "/query", (frame) => {
    const words = sim.random.pick(["desk lamp", "oak desk", "green mug", "plant", "wall clock"]);
    frame.attributes["search.text"] = { type: "string", value: words };
    query(sim, frame, "opensearch", "search products", `{"match":{"title":"${words}"}}`, 14_000);
    http(sim, frame, "catalog", "POST", "/products/batch", (catalog) => cached(sim, catalog, "batch", 5_000));
  });
}

function addToCart(sim: Simulation, gateway: Frame): void {
  http(sim, gateway, "inventory", "GET", "/stock/:sku", (frame) => stock(sim, frame));
  http(sim, gateway, "cart", "POST", "/cart/:user/items", (frame) => {
    frame.attributes["shop.sku"] = { type: "string", value: sim.random.pick(SKUS) };
    query(sim, frame, "redis", "HSET", "HSET cart:? ? ?", 600);
  });
}

function signIn(sim: Simulation, gateway: Frame): void {
  http(sim, gateway, "accounts", "POST", "/sessions", (frame) => {
    query(sim, frame, "postgresql", "SELECT users", "SELECT * FROM users WHERE email = $1", 1_500);
    sim.span(frame, frame.service, "verify password", SPAN_KIND.internal, { "hash.algorithm": "argon2id" }, () =>
      sim.work(65_000),
    );
    if (sim.random.chance(0.06)) throw new PlannedFailure("InvalidCredentials", "email or password is wrong", 401);
    query(sim, frame, "redis", "SET session", "SET session:? ? EX 86400", 500);
  });
}

function orderHistory(sim: Simulation, gateway: Frame): void {
  http(sim, gateway, "checkout", "GET", "/orders", (frame) => {
    query(
      sim,
      frame,
      "postgresql",
      "SELECT orders",
      "SELECT * FROM orders WHERE user_id = $1 ORDER BY at DESC",
      38_000,
    );
    http(sim, frame, "shipping", "GET", "/parcels", (shipping) =>
      query(sim, shipping, "postgresql", "SELECT parcels", "SELECT * FROM parcels WHERE order_id = ANY($1)", 6_000),
    );
  });
}

function checkOut(sim: Simulation, gateway: Frame): void {
  http(sim, gateway, "checkout", "POST", "/orders", (frame) => {
    http(sim, frame, "cart", "GET", "/cart/:user", (cart) =>
      query(sim, cart, "redis", "HGETALL", "HGETALL cart:?", 500),
    );
    reserveWithRetries(sim, frame);
    http(sim, frame, "shipping", "POST", "/quotes", (shipping) =>
      sim.span(shipping, "shipping", "rate parcels", SPAN_KIND.internal, { parcels: sim.random.int(1, 3) }, () =>
        sim.work(12_000),
      ),
    );
    pay(sim, frame);
    query(sim, frame, "postgresql", "INSERT orders", "INSERT INTO orders (user_id, total) VALUES ($1, $2)", 3_500);
    publishOrder(sim, frame);
  });
}

/** Inventory is overloaded now and then: 503, a pause, another try. */
function reserveWithRetries(sim: Simulation, frame: Frame): void {
  const refusals = sim.random.chance(0.15) ? sim.random.int(1, 2) : 0;
  for (let attempt = 0; ; attempt++) {
    try {
      http(sim, frame, "inventory", "POST", "/reservations", (inventory) => {
        inventory.attributes["http.request.resend_count"] = { type: "int", value: BigInt(attempt) };
        if (attempt < refusals) throw new PlannedFailure("Overloaded", "too many reservations at once", 503);
        stock(sim, inventory);
        query(sim, inventory, "postgresql", "UPDATE stock", "UPDATE stock SET held = held + $1 WHERE sku = $2", 4_000);
      });
      return;
    } catch (error) {
      if (!(error instanceof PlannedFailure) || attempt === 2) throw error;
      sim.event(frame, "retry", { attempt: attempt + 1, reason: error.message });
      sim.work(40_000 * 2 ** attempt);
    }
  }
}

/** The planted error: the acquirer refuses one card network in one region far more often than others. */
function pay(sim: Simulation, frame: Frame): void {
  const network = sim.random.pick(["visa", "visa", "mastercard", "amex", "amex"]);
  const region = sim.random.pick(REGIONS);
  const values = {
    "payment.card_network": network,
    "payment.region": region,
    "payment.amount": sim.random.int(500, 90_000) / 100,
  };
  http(
    sim,
    frame,
    "payment",
    "POST",
    "/charges",
    (payment) => {
      sim.span(payment, "payment", "fraud check", SPAN_KIND.internal, { "fraud.score": sim.random.int(0, 99) }, () =>
        sim.work(7_000),
      );
      sim.span(
        payment,
        "payment",
        "POST",
        SPAN_KIND.client,
        { "server.address": "acquirer.example", "http.request.method": "POST" },
        () => {
          sim.work(90_000);
          const planted = network === "amex" && region === "eu-west";
          if (sim.random.chance(planted ? 0.7 : 0.01)) {
            throw new PlannedFailure("AcquirerDeclined", `acquirer declined ${network} in ${region}: code 91`, 402);
          }
        },
      );
    },
    values,
  );
}

/** Order events leave by a queue; e-mail and fulfilment take them in the same trace, fulfilment with a link. */
function publishOrder(sim: Simulation, frame: Frame): void {
  const messaging = { "messaging.system": "kafka", "messaging.destination.name": "order-events" };
  const producer = sim.span(frame, frame.service, "send order-events", SPAN_KIND.producer, messaging, () =>
    sim.work(1_500),
  );
  const answered = sim.clock;
  sim.work(18_000);
  sim.span(producer, "email", "process order-events", SPAN_KIND.consumer, messaging, (email) => {
    sim.span(email, "email", "render receipt", SPAN_KIND.internal, { template: "receipt-v3" }, () => sim.work(5_000));
    sim.span(email, "email", "smtp send", SPAN_KIND.client, { "server.address": "smtp.shop.internal" }, () =>
      sim.work(120_000),
    );
  });
  sim.span(producer, "fulfilment", "process order-events", SPAN_KIND.consumer, messaging, (fulfilment) => {
    fulfilment.links.push({
      traceId: producer.traceId,
      spanId: producer.spanId,
      traceState: "",
      attributes: [],
      droppedAttributesCount: 0,
      flags: 0x101,
    });
    query(sim, fulfilment, "postgresql", "INSERT pick_lists", "INSERT INTO pick_lists (order_id) VALUES ($1)", 5_000);
  });
  // The answer does not wait for the queue: these spans outlive their parents, as they do in real systems.
  sim.clock = answered;
}

/** The planted latency: a lock in inventory's stock table, now and then, for seconds. */
function stock(sim: Simulation, frame: Frame): void {
  const sku = sim.random.pick(SKUS);
  frame.attributes["shop.sku"] = { type: "string", value: sku };
  const locked = sku === "desk-22" && sim.random.chance(0.25);
  if (locked) sim.event(frame, "lock.wait", { "db.table": "stock", "lock.holder": "nightly-recount" });
  query(
    sim,
    frame,
    "postgresql",
    "SELECT stock",
    "SELECT free FROM stock WHERE sku = $1 FOR UPDATE",
    locked ? 1_900_000 : 2_000,
  );
}

function cached(sim: Simulation, frame: Frame, key: string, missMicros: number): void {
  const hit = sim.random.chance(0.8);
  query(sim, frame, "redis", `GET ${key}`, `GET catalog:${key}`, 350);
  frame.attributes["cache.hit"] = { type: "bool", value: hit };
  if (!hit) query(sim, frame, "postgresql", "SELECT products", "SELECT * FROM products WHERE featured", missMicros);
}
