import { expect, it } from "vitest";
import { dnsBackend, dnsBackendConfig } from "../../src/discovery/backends/dns.ts";
import { DnsClient } from "../../src/discovery/dns/dns-client.ts";
import { DNS_TYPE } from "../../src/discovery/dns/dns-message.ts";
import { discoveryConformance } from "../support/discovery/conformance.ts";
import { testHost } from "../support/host.ts";
import { describeWhere } from "../support/requires.ts";
import { DNSMASQ, Dnsmasq } from "./dnsmasq-server.ts";

const SERVICES = {
  orders: { query: "orders.shop.test", record: "a", port: 8080, tags: ["production", "v2", "us_east"] },
  billing: { query: "_http._tcp.billing.shop.test", record: "srv", tags: ["production"] },
};

describeWhere(DNSMASQ !== undefined, "dnsmasq is missing", "dnsmasq", () => {
  discoveryConformance("dns, with dnsmasq", async () => {
    const server = new Dnsmasq();
    await server.start();
    return {
      client: ({ timeoutMs = 1_000 } = {}) =>
        dnsBackend.create(
          {},
          dnsBackendConfig.parse({
            servers: [`127.0.0.1:${server.port}`],
            services: SERVICES,
            timeout_ms: timeoutMs,
            min_refresh_ms: 20,
            max_refresh_ms: 50,
          }),
        ),
      seed: (instances) =>
        server.zone(
          instances.map(({ name, host, port }) =>
            name === "billing"
              ? `srv-host=${SERVICES.billing.query},${host},${port}`
              : `host-record=${SERVICES.orders.query},${host}`,
          ),
        ),
      seedInterrupts: true,
      stop: () => server.stop(),
      restart: () => server.start(),
      hasTokens: false,
      tagsPerInstance: false,
      ttlMs: 100,
      close: () => server.remove(),
    };
  });

  it("reads priorities, weights and TTLs of a real server", async () => {
    const server = new Dnsmasq();
    await server.zone([
      "srv-host=_web._tcp.shop.test,a.shop.test,8080,10,60",
      "srv-host=_web._tcp.shop.test,b.shop.test,8081,10,20",
      "srv-host=_web._tcp.shop.test,c.shop.test,8082,20,90",
    ]);
    const backend = dnsBackend.create(
      {},
      dnsBackendConfig.parse({ servers: [`127.0.0.1:${server.port}`], domain: "shop.test" }),
    );
    await backend.start(testHost());
    const found = await backend.discover("web");
    expect(found.map(({ host, port, weight }) => [host, port, weight])).toEqual([
      ["a.shop.test", 8080, 60],
      ["b.shop.test", 8081, 20],
    ]);
    const raw = new DnsClient({ servers: [`127.0.0.1:${server.port}`], timeoutMs: 1_000 });
    expect(await raw.query("_web._tcp.shop.test", DNS_TYPE.srv, AbortSignal.timeout(2_000))).toMatchObject({
      ttlSeconds: 1,
    });
    await backend.shutdown(AbortSignal.abort());
    await server.remove();
  });
});
