import { onTestFinished } from "vitest";
import { readServices } from "../../../src/declarations/read-services.ts";
import type { SpanRecord } from "../../../src/model/span.ts";
import {
  type Service,
  type ServiceHandler,
  type ServiceRuntime,
  service,
} from "../../../src/sdk/declarations/service.ts";

/** Two services as facts declare them, which find each other by the backend that the facts name, and nothing else. */
export interface DeclaredServices {
  readonly orders: Service;
  readonly inventory: Service;
  /** What both have told so far, once they are stopped. */
  readonly records: readonly SpanRecord[];
  /** `create_order`, which finds the inventory service by `tags` and calls it; the answer's status and body. */
  order(): Promise<{ readonly status: number; readonly body: unknown }>;
}

/** @param backend the value of `discovery_backend(…)` as it stands in a file of facts */
export function declareServices(
  backend: string,
  runtime: ServiceRuntime = {},
  tags = "[production]",
): DeclaredServices {
  const facts = `
    service(order_service, [discovery_enabled(true), discovery_backend(${backend}), discovery_ttl(2),
      discovery_tags([production]), tracing(true), transport(http(0))], []).
    service(inventory_service, [discovery_enabled(true), discovery_backend(${backend}), discovery_ttl(2),
      discovery_tags([production, v2]), tracing(true), transport(http(0))], []).`;
  const records: SpanRecord[] = [];
  const exporter = {
    description: "recorder",
    async export(batch: readonly SpanRecord[]) {
      records.push(...batch);
      return { type: "delivered" as const };
    },
    async shutdown() {},
  };
  const handlers: Readonly<Record<string, ServiceHandler>> = {
    order_service: {
      create_order: async (items: string[], { discoverService, callService }) =>
        callService(
          await discoverService("inventory_service", JSON.parse(tags.replace(/\w+/g, '"$&"'))),
          "reserve_items",
          items,
        ),
    },
    inventory_service: { reserve_items: (items: string[]) => ({ reserved: items.length }) },
  };
  const [orders, inventory] = readServices(facts, "services.pl").map(({ name, options }) =>
    service(name, options, handlers[name] as ServiceHandler, { exporter, ...runtime }),
  ) as [Service, Service];
  onTestFinished(async () => {
    await orders.stop();
    await inventory.stop();
  });
  return {
    orders,
    inventory,
    records,
    async order() {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${orders.url}/create_order`, { method: "POST", headers, body: '["tea","cup"]' });
      return { status: answer.status, body: await answer.json() };
    },
  };
}

/** Port of a running service. */
export function portOf({ url }: Service): number {
  return Number(new URL(url as string).port);
}
