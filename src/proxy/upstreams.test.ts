import { createServer as createTls } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { attributes, freePort, startProxy, startUpstream, sumOf } from "../../test/support/proxy/rig.ts";
import { TEST_CERT, TEST_KEY } from "../../test/support/tls.ts";
import { SILENT_LOGGER } from "../component/logger.ts";
import { Metrics } from "../component/metrics.ts";
import { createEndpointResolver } from "../discovery/registry/endpoint-resolver.ts";
import { LocalRegistry } from "../discovery/registry/local-registry.ts";
import { memoryRegistryStore } from "../discovery/registry/memory-store.ts";
import { ServiceRegistry } from "../discovery/registry/registry.ts";
import { proxyConfig } from "./proxy-config.ts";

const named = (name: string) => startUpstream((_request, response) => response.end(name));

/** Who answers `count` requests, in order. A status stands where it is no 200. */
async function asked(url: string, count: number, init?: RequestInit): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const answer = await fetch(url, init);
    const body = await answer.text();
    names.push(answer.ok ? body : String(answer.status));
  }
  return names;
}

describe("several fixed upstreams", () => {
  it("are asked in turn", async () => {
    const [a, b] = [await named("a"), await named("b")];
    const proxy = await startProxy({ routes: [{ upstream: [a.url, b.url] }] });
    expect((await asked(proxy.url, 4)).sort()).toEqual(["a", "a", "b", "b"]);
  });

  it("stand in for one that refuses connections, each attempt with a span of its own", async () => {
    const a = await named("a");
    const down = `http://127.0.0.1:${await freePort()}`;
    const proxy = await startProxy({ routes: [{ upstream: [down, a.url], service: "shop" }] });
    expect(await asked(proxy.url, 1)).toEqual(["a"]);
    const clients = await proxy.spans("client", 2);
    expect(clients.map((record) => attributes(record)["error.type"])).toEqual(["ECONNREFUSED", undefined]);
    expect(clients.map((record) => attributes(record)["http.request.resend_count"])).toEqual([undefined, 1]);
    expect(await proxy.spans("server", 1)).toHaveLength(1);
    expect(sumOf(proxy.metrics, "spanloom_proxy_retries_total", { service: "shop" })).toBe(1);
  });

  it("do not for a POST, which is told 502", async () => {
    const a = await named("a");
    const down = `http://127.0.0.1:${await freePort()}`;
    const proxy = await startProxy({ routes: [{ upstream: [down, a.url] }] });
    expect((await asked(proxy.url, 2, { method: "POST", body: "x" })).sort()).toEqual(["502", "a"]);
  });

  it("do not for a request that an upstream has seen", async () => {
    let seen = 0;
    const breaking = await startUpstream((request) => {
      seen++;
      request.socket.destroy();
    });
    const proxy = await startProxy({ routes: [{ upstream: breaking.url }] });
    expect(await asked(proxy.url, 1)).toEqual(["502"]);
    expect(seen).toBe(1);
  });

  it("get a PUT with its body after another refused the connection", async () => {
    const echo = await startUpstream((request, response) => request.pipe(response));
    const down = `http://127.0.0.1:${await freePort()}`;
    const proxy = await startProxy({ routes: [{ upstream: [down, echo.url] }] });
    expect(await asked(proxy.url, 2, { method: "PUT", body: "whole" })).toEqual(["whole", "whole"]);
  });

  it("are left out after failures in a row", async () => {
    const a = await named("a");
    const proxy = await startProxy({
      retries: 0,
      ejection: { consecutive_failures: 2, base_ms: 60_000 },
      routes: [{ upstream: [`http://127.0.0.1:${await freePort()}`, a.url] }],
    });
    const first = await asked(proxy.url, 4);
    expect(first.filter((name) => name === "502")).toHaveLength(2);
    expect(await asked(proxy.url, 6)).toEqual(["a", "a", "a", "a", "a", "a"]);
  });

  it("that were left out are asked again later", async () => {
    const a = await named("a");
    const port = await freePort();
    const proxy = await startProxy({
      retries: 0,
      ejection: { consecutive_failures: 1, base_ms: 50 },
      routes: [{ upstream: [`http://127.0.0.1:${port}`, a.url] }],
    });
    expect(await asked(proxy.url, 2)).toContain("502");
    await startUpstream((_request, response) => response.end("back"), port);
    await eventually("the instance that came back", async () => (await asked(proxy.url, 1)).includes("back") || false);
  });

  it("are never left out by more than half, so that one fault does not empty the route", async () => {
    const [first, second] = [await freePort(), await freePort()];
    const proxy = await startProxy({
      retries: 0,
      ejection: { consecutive_failures: 1, base_ms: 60_000 },
      routes: [{ upstream: [`http://127.0.0.1:${first}`, `http://127.0.0.1:${second}`] }],
    });
    expect(await asked(proxy.url, 6)).toEqual(Array(6).fill("502"));
    await startUpstream((_request, response) => response.end("first"), first);
    await startUpstream((_request, response) => response.end("second"), second);
    const names = await asked(proxy.url, 4);
    expect(new Set(names).size).toBe(1);
    expect(["first", "second"]).toContain(names[0]);
  });

  it("that fail their health check get no requests, and get some again when they pass", async () => {
    const a = await named("a");
    let well = false;
    const b = await startUpstream((request, response) => {
      response.statusCode = request.url === "/health" && !well ? 404 : 200;
      response.end("b");
    });
    const proxy = await startProxy({
      routes: [{ upstream: [a.url, b.url], health_check: { path: "/health", interval_ms: 20 } }],
    });
    await eventually(
      "b to be left out",
      async () => (await asked(proxy.url, 4)).every((name) => name === "a") || false,
    );
    expect(proxy.logged).toContainEqual(expect.objectContaining({ message: "an upstream fails its health check" }));
    well = true;
    await eventually("b to be asked", async () => (await asked(proxy.url, 2)).includes("b") || false);
  });

  it("that all fail their health checks are told of", async () => {
    const sick = await startUpstream((_request, response) => response.writeHead(404).end());
    const proxy = await startProxy({
      routes: [{ upstream: sick.url, service: "shop", health_check: { interval_ms: 20 } }],
    });
    const answer = await eventually("503", async () => {
      const given = await fetch(proxy.url);
      return given.status === 503 ? given : false;
    });
    expect(await answer.text()).toBe("503 Service Unavailable: no instance of shop can take the request now\n");
    expect(answer.headers.get("retry-after")).toBe("1");
  });
});

describe("discovered upstreams", () => {
  async function registryRig() {
    const local = new LocalRegistry({ store: memoryRegistryStore() });
    await local.start({ logger: SILENT_LOGGER, metrics: new Metrics(), userAgent: "spanloom/test" });
    const registry = new ServiceRegistry({ backend: local, logger: SILENT_LOGGER });
    onTestFinished(async () => {
      await registry.close();
      await local.shutdown();
    });
    const add = (id: string, port: number, tags: readonly string[]) =>
      local.register(
        {
          id,
          name: "shop",
          host: "127.0.0.1",
          port,
          tags,
          check: { type: "http", url: `http://127.0.0.1:${port}/health`, intervalMs: 50, unhealthyThreshold: 1 },
        },
        60_000,
      );
    return { local, add, resolver: createEndpointResolver(registry) };
  }

  it("are those with all tags, and traffic leaves a killed one within a health interval", async () => {
    const { local, add, resolver } = await registryRig();
    const [a, b, other] = [await named("a"), await named("b"), await named("other")];
    await add("a", a.port, ["production", "v2"]);
    await add("b", b.port, ["production", "v2"]);
    await add("other", other.port, ["staging", "v2"]);
    const proxy = await startProxy(
      { retries: 0, routes: [{ upstream: "discover://shop/base?tag=production&tag=v2" }] },
      resolver,
    );
    await eventually("both to be healthy", async () => {
      const names = await asked(proxy.url, 4);
      return !!(names.includes("a") && names.includes("b"));
    });
    expect((await proxy.spans("server", 1))[0]?.service).toBe("shop");
    await b.kill();
    await eventually(
      "b to be unhealthy",
      async () => (await local.discover("shop", ["production"])).length === 1 || false,
    );
    expect(await asked(proxy.url, 6)).toEqual(["a", "a", "a", "a", "a", "a"]);
  });

  it("are told of when there is none", async () => {
    const { resolver } = await registryRig();
    const proxy = await startProxy({ routes: [{ upstream: "discover://shop" }] }, resolver);
    const answer = await fetch(proxy.url);
    expect([answer.status, await answer.text()]).toEqual([
      503,
      "503 Service Unavailable: no instance of shop can take the request now\n",
    ]);
    const [server] = await proxy.spans("server", 1);
    expect(attributes(server as never)["error.type"]).toBe("unreachable");
  });

  it("need a registry", async () => {
    await expect(startProxy({ routes: [{ upstream: "discover://shop" }] })).rejects.toThrow(
      "proxy.routes[0].upstream: discover://shop needs a registry; none is set up",
    );
  });
});

describe("upstreams by TLS", () => {
  async function secure(): Promise<string> {
    const server = createTls({ cert: TEST_CERT, key: TEST_KEY }, (_request, response) => response.end("secret"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it("are believed only with a certificate that is trusted", async () => {
    const upstream = await secure();
    const proxy = await startProxy({
      retries: 0,
      routes: [
        { upstream, service: "safe" },
        { prefix: "/any", upstream, insecure_skip_verify: true },
      ],
    });
    expect(await asked(proxy.url, 1)).toEqual(["502"]);
    expect(attributes((await proxy.spans("client", 1))[0] as never)["error.type"]).toMatch(/SELF_SIGNED/);
    expect(await asked(`${proxy.url}/any`, 2)).toEqual(["secret", "secret"]);
  });
});

describe("the config", () => {
  it.each([
    [{ routes: [{ upstream: "ftp://x" }] }, /expected http:\/\/host:port/],
    [{ routes: [{ upstream: "http://user:pw@x" }] }, /no user, query or fragment/],
    [{ routes: [{ upstream: "discover://" }] }, /no service is named/],
    [{ routes: [{ upstream: "discover://a?scheme=grpc" }] }, /expected scheme http or https/],
    [{ routes: [{ upstream: ["discover://a", "http://b"] }] }, /one discover:\/\/ and nothing else/],
    [{ routes: [{ upstream: "discover://a", health_check: {} }] }, /checked by the registry/],
    [{ routes: [{ upstream: [] }] }, /upstream/],
    [{ routes: [{ prefix: "shop", upstream: "http://a" }] }, /expected a path/],
    [{ routes: [{ host: "a:80", upstream: "http://a" }] }, /host name without port/],
    [{ trust_forwarded: ["10.0.0.0/40"] }, /expected 10\.0\.0\.7 or 10\.0\.0\.0\/8/],
    [{ propagation: "w4c" }, /propagation/],
    [{ rutes: [] }, /rutes/],
    [{ exporter: { endpoint: "collector:4317" } }, /expected an http or https URL/],
  ])("%j is refused", (config, message) => {
    expect(() => proxyConfig.parse(config)).toThrow(message);
  });

  it("with two routes for the same requests, or a link-local upstream, is refused at the start", async () => {
    const upstream = "http://127.0.0.1:1";
    await expect(
      startProxy({
        routes: [
          { prefix: "/a", upstream },
          { prefix: "/a/", upstream },
        ],
      }),
    ).rejects.toThrow("proxy.routes[1]: takes the same requests as proxy.routes[0]");
    await expect(startProxy({ routes: [{ upstream: "http://169.254.169.254" }] })).rejects.toThrow(/link-local/);
    await expect(startProxy({ routes: [{ upstream, ca_file: "/nowhere.pem" }] })).rejects.toThrow(
      "proxy.routes[0].ca_file: cannot read /nowhere.pem",
    );
  });

  it("with a port that is taken is refused, naming the setting", async () => {
    const first = await startProxy({ routes: [{ upstream: "http://127.0.0.1:1" }] });
    const again = startProxy({ endpoint: `127.0.0.1:${first.port}`, routes: [{ upstream: "http://127.0.0.1:1" }] });
    await expect(again).rejects.toThrow(/proxy: cannot listen on .*Set proxy\.endpoint to another host:port/);
  });
});
