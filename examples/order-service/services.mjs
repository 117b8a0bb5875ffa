// The two services of services.pl, declared in JavaScript with the same options.
import { randomUUID } from "node:crypto";
import { ServiceCallError, ServiceError, service } from "spanloom";

const SHARED = {
  discovery_enabled: true,
  discovery_backend: "consul", // the collector speaks Consul's API
  health_check: { http: { path: "/health", interval_ms: 30_000 } },
  discovery_ttl: 60,
  tracing: true,
  trace_exporter: "otlp",
  trace_sampling: 0.1, // of the traces that begin here; a caller that has decided is followed
  trace_propagation: "w3c",
};

/** `runtime` says where registry and collector are; `port` 0 takes any free one. */
export function orderService(runtime, port = 8080) {
  const orders = new Map();
  return service(
    "order_service",
    { ...SHARED, discovery_tags: ["production", "v2"], transport: { http: { port } } },
    {
      create_order: (orderData, { tracer, discoverService, callService }) =>
        tracer.trace("create_order", async (span) => {
          const items = validated(orderData);
          span.setAttribute("order.items", items.length).addEvent("validated", { "order.items": items.length });

          const inventory = await discoverService("inventory_service", ["production"]);
          const { reservation } = await callService(inventory, "reserve_items", items).catch(passRefusalOn);
          span.addEvent("items_reserved", { "inventory.reservation": reservation });

          const order = { id: randomUUID(), items, reservation };
          tracer.trace("persist_order", () => orders.set(order.id, order), { attributes: { "order.id": order.id } });
          span.setAttribute("order.id", order.id);
          return order;
        }),
    },
    runtime,
  );
}

export function inventoryService(runtime, port = 8081) {
  const stock = new Map([
    ["tea", 1_000],
    ["cup", 1_000],
  ]);
  return service(
    "inventory_service",
    { ...SHARED, discovery_tags: ["production"], transport: { http: { port } } },
    {
      reserve_items: (items, { tracing }) => {
        for (const item of items) {
          if ((stock.get(item) ?? 0) < 1) throw new ServiceError(409, `${item} is out of stock`);
        }
        for (const item of items) stock.set(item, stock.get(item) - 1);
        const reservation = randomUUID();
        tracing.activeSpan()?.setAttribute("inventory.reservation", reservation).addEvent("stock_taken", { items });
        return { reservation };
      },
    },
    runtime,
  );
}

/** What the inventory refuses for want of stock is the customer's to know. */
function passRefusalOn(error) {
  if (error instanceof ServiceCallError && error.status === 409) throw new ServiceError(409, error.message);
  throw error;
}

/** The items of an order. Throws ServiceError 400 saying what was expected. */
function validated(orderData) {
  const items = orderData?.items;
  if (!Array.isArray(items) || items.length === 0 || !items.every((item) => typeof item === "string")) {
    throw new ServiceError(400, "expected { items: [name, …] } with at least one item");
  }
  return items;
}
