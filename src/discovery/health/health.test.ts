import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import type { HealthCheckSpec } from "../../component/discovery.ts";
import { isLinkLocal } from "../../model/net/link-local.ts";
import { grpcHealth } from "../../server/grpc/grpc-health.ts";
import { HealthChecker, type HealthReport, Thresholds } from "./health-checker.ts";
import type { ProbeResult } from "./probe-result.ts";
import { probe } from "./probes.ts";
import { targetLookup } from "./target-guard.ts";

const OPTIONS = { allowLinkLocal: false, userAgent: "spanloom/test" };
const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function httpServer(handler: RequestListener): Promise<string> {
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const check = (spec: HealthCheckSpec, options = OPTIONS): Promise<ProbeResult> =>
  probe(spec, options, AbortSignal.timeout(spec.timeoutMs ?? 2_000));
const http = (url: string, more: object = {}): HealthCheckSpec => ({ type: "http", url, ...more });

describe("an HTTP check", () => {
  it.each([
    [200, true, false],
    [204, true, false],
    [429, false, false],
    [500, false, false],
    [503, false, false],
    [401, false, true],
    [404, false, true],
    [501, false, true],
  ])("reads status %i as ok %s, final %s", async (status, ok, final) => {
    const url = await httpServer((_request, response) => response.writeHead(status).end("why"));
    const result = await check(http(url));
    expect(result.ok).toBe(ok);
    if (!result.ok) expect(result.final).toBe(final);
    expect(result.output).toContain(`HTTP ${status}`);
  });

  it("does not follow a redirect", async () => {
    let followed = false;
    const url = await httpServer((request, response) => {
      if (request.url === "/health") response.writeHead(302, { location: "/other" }).end();
      else {
        followed = true;
        response.end("ok");
      }
    });
    expect(await check(http(`${url}/health`))).toEqual({
      ok: false,
      output: "HTTP 302: redirects are not followed",
      final: true,
    });
    expect(followed).toBe(false);
  });

  it("sends the method and headers it was told, and shows only the start of an endless answer", async () => {
    const seen: unknown[] = [];
    const url = await httpServer((request, response) => {
      seen.push(request.method, request.headers["x-key"], request.headers["user-agent"]);
      const timer = setInterval(() => response.write("x".repeat(1_000)), 1);
      response.on("close", () => clearInterval(timer));
    });
    const result = await check(http(url, { method: "POST", headers: { "x-key": "1" } }));
    expect(result.ok).toBe(true);
    expect(result.output.length).toBeLessThan(300);
    expect(seen).toEqual(["POST", "1", "spanloom/test health check"]);
  });

  it("ends with its timeout when nothing is answered", async () => {
    const url = await httpServer(() => {});
    expect(await check(http(url, { timeoutMs: 50 }))).toEqual({ ok: false, output: "no answer in time", final: false });
  });

  it("takes a refused connection as final", async () => {
    expect(await check(http(`http://127.0.0.1:${await freePort()}/`))).toMatchObject({ ok: false, final: true });
  });
});

describe("a TCP check", () => {
  it("passes where somebody listens, and fails where nobody does", async () => {
    const port = Number(new URL(await httpServer(() => {})).port);
    expect(await check({ type: "tcp", host: "localhost", port })).toMatchObject({ ok: true });
    expect(await check({ type: "tcp", host: "127.0.0.1", port: await freePort() })).toMatchObject({
      ok: false,
      final: true,
    });
  });
});

describe("a gRPC check", () => {
  async function grpcServer(services: string[], isServing: () => boolean): Promise<number> {
    const server = new GrpcServer();
    const { definition, implementation } = grpcHealth(services, isServing);
    if (services.length > 0) server.addService(definition, implementation);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    closers.push(() => server.forceShutdown());
    return port;
  }

  it("asks grpc.health.v1 for the server or a service", async () => {
    let serving = true;
    const port = await grpcServer(["shop.Orders"], () => serving);
    const spec = { type: "grpc", host: "127.0.0.1", port } as const;
    expect(await check(spec)).toEqual({ ok: true, output: "gRPC SERVING" });
    expect(await check({ ...spec, service: "shop.Orders" })).toMatchObject({ ok: true });
    expect(await check({ ...spec, service: "shop.Unknown" })).toMatchObject({ ok: false, final: true });
    serving = false;
    expect(await check(spec)).toEqual({ ok: false, output: "gRPC NOT_SERVING", final: false });
  });

  it("takes a server without the health service, or none, as final", async () => {
    const spec = { type: "grpc", host: "localhost", port: await grpcServer([], () => true) } as const;
    expect(await check(spec)).toMatchObject({
      ok: false,
      final: true,
      output: expect.stringContaining("UNIMPLEMENTED"),
    });
    expect(await check({ ...spec, port: await freePort() })).toMatchObject({ ok: false, final: true });
  });

  it("ends with its timeout on a server that does not speak gRPC", async () => {
    const server = createTcpServer((socket) => void socket.on("error", () => {}).resume());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const result = await check({ type: "grpc", host: "127.0.0.1", port, timeoutMs: 100 });
    expect(result).toEqual({ ok: false, output: "no answer in time", final: false });
  });
});

describe("link-local targets", () => {
  it("are known in every form", () => {
    const bad = ["169.254.169.254", "::ffff:169.254.169.254", "[::ffff:a9fe:a9fe]", "fe80::1%eth0", "fd00:ec2::254"];
    expect(bad.filter((address) => !isLinkLocal(address))).toEqual([]);
    const good = ["127.0.0.1", "10.0.0.1", "169.253.1.1", "::1", "fd00::1", "example.com"];
    expect(good.filter(isLinkLocal)).toEqual([]);
  });

  it.each<HealthCheckSpec>([
    { type: "http", url: "http://169.254.169.254/latest/meta-data" },
    { type: "http", url: "http://[::ffff:169.254.169.254]/" },
    { type: "http", url: "http://2852039166/" },
    { type: "tcp", host: "fe80::1", port: 80 },
    { type: "grpc", host: "169.254.1.1", port: 80 },
  ])("are refused unless allowed: $type $url$host", async (spec) => {
    const result = await check(spec);
    expect(result).toMatchObject({ ok: false, final: true, output: expect.stringContaining("link-local") });
  });
});

describe("Thresholds", () => {
  const good: ProbeResult = { ok: true, output: "" };
  const bad: ProbeResult = { ok: false, output: "", final: false };
  const final: ProbeResult = { ok: false, output: "", final: true };

  it("need so many results in a row each way", () => {
    const states = (up: number, down: number, results: ProbeResult[]) => {
      const thresholds = new Thresholds(up, down);
      return results.map((result) => thresholds.next(result)[2]).join("");
    };
    // By the third letter: a is healthy, h unhealthy, k unknown.
    expect(states(1, 2, [good, bad, good, bad, bad, good])).toBe("aaaaha");
    expect(states(2, 1, [good, good, bad, good, good])).toBe("kahha");
    expect(states(1, 3, [bad, bad, bad])).toBe("kkh");
    expect(states(1, 3, [good, final, good])).toBe("aha");
  });
});

describe("HealthChecker", () => {
  it("checks at once, then again and again, never two at a time, until removed", async () => {
    let active = 0;
    let most = 0;
    let count = 0;
    const checker = new HealthChecker({
      ...OPTIONS,
      probe: async () => {
        active++;
        most = Math.max(most, active);
        await new Promise((resolve) => setTimeout(resolve, 15));
        active--;
        count++;
        return { ok: true, output: "" };
      },
    });
    const reports: HealthReport[] = [];
    await new Promise<void>((resolve) => {
      checker.add("a", { type: "tcp", host: "h", port: 1, intervalMs: 1 }, (report) => {
        reports.push(report);
        if (reports.length === 4) resolve();
      });
    });
    checker.remove("a");
    const after = count;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(most).toBe(1);
    expect(count).toBeLessThanOrEqual(after + 1);
    expect(reports[0]).toEqual({ health: "healthy", output: "" });
    checker.stop();
  });

  it("limits how many checks run at once over all targets", async () => {
    let active = 0;
    let most = 0;
    const checker = new HealthChecker({
      ...OPTIONS,
      probe: async () => {
        most = Math.max(most, ++active);
        await new Promise((resolve) => setTimeout(resolve, 5));
        active--;
        return { ok: true, output: "" };
      },
    });
    const pending = new Set(Array.from({ length: 300 }, (_, i) => `k${i}`));
    await new Promise<void>((resolve) => {
      for (const key of [...pending]) {
        checker.add(key, { type: "tcp", host: "h", port: 1, intervalMs: 60_000 }, () => {
          pending.delete(key);
          if (pending.size === 0) resolve();
        });
      }
    });
    checker.stop();
    expect(most).toBe(64);
  });
});

describe("a check that another machine asked for", () => {
  it("does not follow a name to this one", async () => {
    const lookup = targetLookup(false, true);
    const found = (name: string) =>
      new Promise<string>((resolve) => {
        lookup(name, {}, (error, address) => resolve(error?.message ?? String(address)));
      });
    expect(await found("localhost")).toMatch(/localhost is the collector's machine/);
    expect(await found("192.0.2.1")).toBe("192.0.2.1");
    const spec = { type: "tcp", host: "localhost", port: 1, isForeign: true } as const;
    const signal = AbortSignal.timeout(5_000);
    const result = await probe(spec, { allowLinkLocal: false, userAgent: "t" }, signal);
    expect(result).toMatchObject({ ok: false, output: expect.stringContaining("the collector's machine") });
  });
});
