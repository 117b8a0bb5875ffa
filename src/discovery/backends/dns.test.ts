import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { discoveryConformance } from "../../../test/support/discovery/conformance.ts";
import { DnsContractServer, type ZoneRecord } from "../../../test/support/discovery/dns-contract-server.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { testHost } from "../../../test/support/host.ts";
import type { DiscoveryBackend, Registration } from "../../component/discovery.ts";
import { decodeMessage, encodeQuery } from "../dns/dns-message.ts";
import { dnsBackend, dnsBackendConfig } from "./dns.ts";

const SERVICES = {
  orders: { query: "orders.shop.example", record: "address", port: 8080, tags: ["production", "v2", "us_east"] },
  billing: { query: "_http._tcp.billing.shop.example", record: "srv", tags: ["production"] },
};

function zoneOf({ name, host, port }: Registration): ZoneRecord {
  return name === "billing"
    ? { name: SERVICES.billing.query, type: "srv", ttl: 1, data: `0 0 ${port} ${host}` }
    : { name: SERVICES.orders.query, type: "a", ttl: 1, data: host };
}

discoveryConformance("dns, by the RFCs", async () => {
  const server = new DnsContractServer();
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
    async seed(instances) {
      server.records = instances.map(zoneOf);
    },
    stop: () => server.stop(),
    restart: () => server.start(),
    stall(stalled) {
      server.stalled = stalled;
    },
    hasTokens: false,
    tagsPerInstance: false,
    ttlMs: 100,
    close: () => server.stop(),
  };
});

describe("the dns backend", () => {
  let server: DnsContractServer;
  let backend: DiscoveryBackend;
  const make = (config: object): DiscoveryBackend =>
    dnsBackend.create(
      {},
      dnsBackendConfig.parse({ servers: [`127.0.0.1:${server.port}`], timeout_ms: 5_000, ...config }),
    );

  beforeEach(async () => {
    server = new DnsContractServer();
    await server.start();
    backend = make({ domain: "shop.example", min_refresh_ms: 1 });
    await backend.start(testHost());
  });
  afterEach(async () => {
    await backend.shutdown(AbortSignal.abort());
    await server.stop();
  });

  const srv = (data: string, ttl = 0): ZoneRecord => ({ name: "_web._tcp.shop.example", type: "srv", ttl, data });

  it("takes the lowest priority only, with its weights", async () => {
    server.records = [srv("10 60 80 a.example"), srv("10 20 80 b.example"), srv("20 90 80 c.example")];
    expect((await backend.discover("web")).map(({ host, weight }) => [host, weight])).toEqual([
      ["a.example", 60],
      ["b.example", 20],
    ]);
  });

  it("asks the named servers for the targets too, and shares their weight among the addresses", async () => {
    server.records = [
      srv("0 60 80 a.example"),
      srv("0 20 81 b.example"),
      srv("0 20 82 10.0.0.9"),
      { name: "a.example", type: "a", ttl: 9, data: "10.0.0.1" },
      { name: "a.example", type: "aaaa", ttl: 9, data: "fd00:0:0:0:0:0:0:1" },
    ];
    const found = (await backend.discover("web")).map(({ host, weight, metadata }) => [host, weight, metadata.target]);
    expect(found.sort()).toEqual([
      ["10.0.0.1", 30, "a.example"],
      ["10.0.0.9", 20, undefined],
      ["b.example", 20, undefined],
      ["fd00::1", 30, "a.example"],
    ]);
  });

  it("shares evenly where every weight is 0", async () => {
    server.records = [srv("0 0 80 a.example"), srv("0 0 81 b.example")];
    expect((await backend.discover("web")).map(({ weight }) => weight)).toEqual([1, 1]);
  });

  it("reads a target of the root as no instance, and passes over port 0", async () => {
    server.records = [srv("0 0 80 .")];
    expect(await backend.discover("web")).toEqual([]);
    server.records = [srv("0 0 0 a.example"), srv("0 0 80 b.example")];
    await eventually(async () => expect(await backend.discover("web")).toHaveLength(1));
  });

  it("keeps an answer for its TTL, and asks again after it", async () => {
    server.records = [srv("0 0 80 a.example", 3_600)];
    await backend.discover("web");
    const asked = server.queries.length;
    await backend.discover("web");
    expect(server.queries).toHaveLength(asked);
    await backend.shutdown(AbortSignal.abort());
    server.records = [srv("0 0 80 a.example", 0)];
    await backend.start(testHost());
    await backend.discover("web");
    await eventually(async () => {
      await backend.discover("web");
      expect(server.queries.length).toBeGreaterThan(2 * asked);
    });
  });

  it("follows aliases, and joins A with AAAA", async () => {
    backend = make({
      services: {
        db: { query: "db.example", record: "address", port: 5 },
        v6: { query: "db.example", record: "aaaa", port: 5 },
      },
    });
    await backend.start(testHost());
    server.records = [
      { name: "db.example", type: "cname", ttl: 9, data: "real.example" },
      { name: "real.example", type: "a", ttl: 9, data: "10.0.0.1" },
      { name: "real.example", type: "aaaa", ttl: 9, data: "fd00:0:0:0:0:0:0:1" },
    ];
    expect((await backend.discover("db")).map(({ host }) => host).sort()).toEqual(["10.0.0.1", "fd00::1"]);
    expect((await backend.discover("v6")).map(({ host }) => host)).toEqual(["fd00::1"]);
  });

  it("comes again over TCP for an answer that was cut short", async () => {
    server.truncate = true;
    server.records = Array.from({ length: 200 }, (_, i) => srv(`0 1 80 host-${i}.some.long.name.example`));
    expect(await backend.discover("web")).toHaveLength(200);
  });

  it("passes over answers with another id, another question, or that are none", async () => {
    server.records = [srv("0 0 80 a.example")];
    server.forgeries = [
      (_query, answer) => Buffer.concat([Buffer.from([(answer[0] as number) ^ 1]), answer.subarray(1)]),
      (query) => query,
      () => Buffer.from("nonsense"),
      () => Buffer.alloc(0),
    ];
    expect(await backend.discover("web")).toHaveLength(1);
  });

  it.each([
    [2, "SERVFAIL"],
    [5, "REFUSED"],
  ])("names the failure of a server, RCODE %i", async (rcode, name) => {
    server.rcode = rcode;
    await expect(backend.discover("web")).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining(name),
    });
  });

  it("asks the next server when the first fails", async () => {
    const broken = new DnsContractServer();
    broken.rcode = 2;
    await broken.start();
    backend = make({ servers: [`127.0.0.1:${broken.port}`, `127.0.0.1:${server.port}`], domain: "shop.example" });
    await backend.start(testHost());
    server.records = [srv("0 0 80 a.example")];
    expect(await backend.discover("web")).toHaveLength(1);
    await broken.stop();
  });

  it("says how to configure a service that it does not know, and refuses impossible names", async () => {
    backend = make({ services: { a: { query: "a.example" } } });
    await backend.start(testHost());
    await expect(backend.discover("b")).rejects.toThrow(/does not know how to ask for "b".*services: a\./);
    backend = make({ domain: "x".repeat(64) });
    await backend.start(testHost());
    await expect(backend.discover("web")).rejects.toMatchObject({ code: "bad_request" });
  });

  it("refuses configs that cannot work", () => {
    expect(() => dnsBackendConfig.parse({ services: { a: { query: "a", record: "a" } } })).toThrow(/port is needed/);
    expect(() => dnsBackendConfig.parse({ servers: ["dns.example:53"] })).toThrow(/expected an address/);
    expect(() => dnsBackendConfig.parse({ servers: ["1.1.1.1", "[::1]:5353"], port: 1 })).toThrow(/port/);
  });
});

describe("DNS messages", () => {
  it("refuse what is no message, whatever the bytes, and never hang", () => {
    const query = encodeQuery(7, "a.example", 33);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, asAnswer) => {
        const message = asAnswer
          ? Buffer.concat([query.subarray(0, 6), Buffer.from([0, 3]), query.subarray(8), bytes])
          : Buffer.from(bytes);
        try {
          decodeMessage(message);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it("do not follow a pointer to itself", () => {
    const bytes = Buffer.concat([Buffer.from([0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 33, 0, 1])]);
    expect(() => decodeMessage(bytes)).toThrow(/does not lead back/);
  });
});
