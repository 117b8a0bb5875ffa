import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { discoveryConformance } from "../../../test/support/discovery/conformance.ts";
import { ConsulContractServer } from "../../../test/support/discovery/consul-contract-server.ts";
import { TcpGate } from "../../../test/support/discovery/rig.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { testHost } from "../../../test/support/host.ts";
import type { DiscoveryBackend, ServiceInstance } from "../../component/discovery.ts";
import { LocalRegistry } from "../registry/local-registry.ts";
import { memoryRegistryStore } from "../registry/memory-store.ts";
import { RegistryServer } from "../server/registry-server.ts";
import { consulBackend, consulBackendConfig } from "./consul.ts";

const TOKEN = "b1gs33cr3t";

function client(port: number, options: { token?: string; timeoutMs?: number } = {}): DiscoveryBackend {
  return consulBackend.create(
    {},
    consulBackendConfig.parse({
      endpoint: `http://127.0.0.1:${port}`,
      token: options.token ?? TOKEN,
      timeout_ms: options.timeoutMs ?? 5_000,
      deregister_critical_after_seconds: 1,
    }),
  );
}

discoveryConformance("consul, by its documentation", async () => {
  const server = new ConsulContractServer(TOKEN);
  await server.start();
  const gate = await TcpGate.open(server.port);
  return {
    client: (options) => client(gate.port, options),
    async stop() {
      await gate.close();
      await server.stop();
    },
    async restart() {
      await server.start();
      await gate.open(server.port);
    },
    stall: (stalled) => gate.stall(stalled),
    hasTokens: true,
    tagsPerInstance: true,
    ttlMs: 400,
    async close() {
      await gate.close();
      server.dispose();
      await server.stop();
    },
  };
});

discoveryConformance("consul, against the collector's own registry", async () => {
  const store = memoryRegistryStore();
  let registry: LocalRegistry;
  let server: RegistryServer;
  const start = async (): Promise<number> => {
    registry = new LocalRegistry({ store });
    await registry.start(testHost());
    server = new RegistryServer({
      registry,
      endpoint: "127.0.0.1:0",
      tokens: ["other", TOKEN],
      allowedHosts: [],
      anyCheckTarget: false,
      nodeName: "node",
      datacenter: "dc1",
    });
    await server.start(testHost());
    return server.address?.port as number;
  };
  const stop = async (): Promise<void> => {
    await server.shutdown(AbortSignal.timeout(1_000));
    await registry.shutdown();
  };
  const gate = await TcpGate.open(await start());
  return {
    client: (options) => client(gate.port, options),
    async stop() {
      await gate.close();
      await stop();
    },
    async restart() {
      await gate.open(await start());
    },
    stall: (stalled) => gate.stall(stalled),
    hasTokens: true,
    tagsPerInstance: true,
    ttlMs: 400,
    async close() {
      await gate.close();
      await stop();
    },
  };
});

describe("the consul backend", () => {
  let server: ConsulContractServer;
  let backend: DiscoveryBackend;
  beforeEach(async () => {
    server = new ConsulContractServer(TOKEN);
    await server.start();
    backend = client(server.port);
    await backend.start(testHost());
  });
  afterEach(async () => {
    await backend.shutdown(AbortSignal.abort());
    server.dispose();
    await server.stop();
  });

  const A = { id: "a", name: "orders", host: "10.0.0.1", port: 80, tags: ["x", "y z"] };

  it("asks for passing instances with every tag, and watches with index and wait", async () => {
    await backend.register(A, 60_000);
    await backend.discover("orders", ["x", "y z"]);
    expect(server.requests).toContain("GET /v1/health/service/orders?passing=true&tag=x&tag=y+z");
    const abort = new AbortController();
    const watching = (async () => {
      for await (const _ of backend.watch("orders", abort.signal));
    })();
    await eventually(() =>
      expect(server.requests.at(-1)).toMatch(/^GET \/v1\/health\/service\/orders\?index=\d+&wait=60s$/),
    );
    abort.abort();
    await watching;
  });

  it("begins again from no index when the index goes backwards, and misses nothing", async () => {
    await backend.register(A, 60_000);
    const seen: ServiceInstance[][] = [];
    const abort = new AbortController();
    const watching = (async () => {
      for await (const instances of backend.watch("orders", abort.signal)) seen.push(instances);
    })();
    await eventually(() => expect(seen).toHaveLength(1));
    await eventually(() => expect(server.requests.at(-1)).toContain("index=11"));
    server.resetIndex(3);
    await eventually(() => expect(server.requests.slice(-2).join()).toContain("index=3"));
    expect(server.requests.filter((line) => line === "GET /v1/health/service/orders")).toHaveLength(2);
    await backend.register({ ...A, id: "b" }, 60_000);
    await eventually(() => expect(seen.at(-1)).toHaveLength(2));
    abort.abort();
    await watching;
  });

  it("never asks with an index below 1, and does not spin on a server that answers at once", async () => {
    for (let i = 0; i < 5; i++) {
      server.lies.push((response) => {
        response.setHeader("X-Consul-Index", "0");
        response.end("[]");
      });
    }
    const abort = new AbortController();
    const watching = (async () => {
      for await (const _ of backend.watch("orders", abort.signal));
    })();
    await eventually(() => expect(server.lies).toHaveLength(0));
    const indexes = server.requests.flatMap((line) => /index=(-?\d+)/.exec(line)?.[1] ?? []);
    expect(indexes.length).toBeGreaterThan(0);
    expect(indexes.every((index) => Number(index) >= 1)).toBe(true);
    abort.abort();
    await watching;
  });

  it("takes the node's address where the service has none, and leaves out what cannot be connected to", async () => {
    const entry = (service: object) => ({ Node: { Address: "10.1.1.1" }, Service: service, Checks: null });
    server.lies.push((response) => {
      response.end(
        JSON.stringify([
          entry({ ID: "a", Service: "orders", Address: "", Port: 80, Tags: null, Meta: null }),
          entry({ ID: "b", Service: "orders", Address: "10.0.0.1", Port: 0 }),
          entry({ ID: 7, Service: "orders", Address: "10.0.0.1", Port: 80 }),
          "nonsense",
          null,
        ]),
      );
    });
    expect(await backend.discover("orders")).toMatchObject([{ id: "a", host: "10.1.1.1", tags: [], metadata: {} }]);
  });

  it("says what was wrong with an answer that cannot be read", async () => {
    server.lies.push((response) => response.end("<html>"));
    await expect(backend.discover("orders")).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringMatching(/GET \/v1\/health\/service\/orders.*expected JSON, got "<html>"/),
    });
    server.lies.push((response) => response.end('{"not":"a list"}'));
    await expect(backend.discover("orders")).rejects.toMatchObject({ code: "malformed" });
    server.lies.push((response) => {
      response.statusCode = 500;
      response.end("rpc error: No cluster leader");
    });
    await expect(backend.discover("orders")).rejects.toThrow(/answered 500: rpc error: No cluster leader/);
    server.lies.push((response) => {
      response.writeHead(302, { location: "http://169.254.169.254/" });
      response.end();
    });
    await expect(backend.discover("orders")).rejects.toThrow(/answered 302/);
  });

  it("hands health checks to Consul with their times and thresholds", async () => {
    const times = { intervalMs: 30_000, timeoutMs: 2_000, healthyThreshold: 2, unhealthyThreshold: 3 };
    await backend.register({ ...A, check: { type: "http", url: "http://10.0.0.1/health", ...times } }, 60_000);
    expect(server.definition("a")).toMatchObject({
      ID: "a",
      Checks: [
        { CheckID: "service:a", TTL: "60000ms", DeregisterCriticalServiceAfter: "1s" },
        {
          HTTP: "http://10.0.0.1/health",
          Interval: "30000ms",
          Timeout: "2000ms",
          SuccessBeforePassing: 1,
          FailuresBeforeCritical: 2,
        },
      ],
    });
    await backend.register({ ...A, check: { type: "tcp", host: "::1", port: 5 } }, 0);
    expect(server.definition("a")).toMatchObject({ Checks: [{ TCP: "[::1]:5" }] });
    await backend.register({ ...A, check: { type: "grpc", host: "h", port: 5, service: "s.S" } }, 0);
    expect(server.definition("a")).toMatchObject({ Checks: [{ GRPC: "h:5/s.S", GRPCUseTLS: false }] });
  });
});
