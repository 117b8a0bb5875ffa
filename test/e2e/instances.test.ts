import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createCollector } from "../../src/app/collector.ts";
import type { RegistryView } from "../../src/model/registry-view.ts";
import type { UiRedResponse } from "../../src/query/ui/api-types.ts";
import { service } from "../../src/sdk/declarations/service.ts";
import { eventually } from "../support/eventually.ts";

const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");
const STOCK = resolve(import.meta.dirname, "apps/stock.cjs");
const INTERVAL_MS = 4_000;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Ends a child at once, as a crash or a lost machine does. */
async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

function message<Key extends string>(child: ChildProcess, key: Key): Promise<string> {
  return new Promise((done, reject) => {
    child.on("message", (value: Record<string, string>) => {
      if (value[key] !== undefined) done(value[key]);
    });
    child.once("exit", (code) => reject(new Error(`an instance ended with ${code}`)));
  });
}

describe("an instance of a service that is killed", () => {
  it("gets no more calls after one health interval, and the Services page shows it unhealthy", async () => {
    const collector = await createCollector();
    closers.push(() => collector.shutdown());
    const { registry, otlpHttp, ui } = collector.endpoints;
    const start = async (): Promise<{ child: ChildProcess; id: string }> => {
      const env = { ...process.env, REGISTRY_URL: registry, OTLP_URL: otlpHttp, INTERVAL_MS: String(INTERVAL_MS) };
      const child = fork(STOCK, { env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
      closers.push(() => killed(child));
      return { child, id: await message(child, "id") };
    };
    const [victim, one, two] = [await start(), await start(), await start()];
    const shop = service("shop", { discovery_enabled: true }, {}, { registryUrl: registry as string });
    closers.push(() => shop.stop());
    const call = async (): Promise<string> =>
      String(await shop.callService(await shop.discoverService("stock", ["production"]), "whoami"));
    const health = async (): Promise<Record<string, string>> => {
      const view = (await (await fetch(`${ui}api/registry`)).json()) as RegistryView;
      const stock = view.services.find(({ name }) => name === "stock");
      return Object.fromEntries(stock?.instances.map((instance) => [instance.id, instance.health]) ?? []);
    };
    await eventually("calls to all three", async () => {
      const answers = new Set(await Promise.all(Array.from({ length: 10 }, call)));
      return answers.size === 3;
    });
    expect(await health()).toEqual({ [victim.id]: "healthy", [one.id]: "healthy", [two.id]: "healthy" });

    // Right after a check: the next one is a whole interval away, and must be enough.
    await message(victim.child, "checked");
    await killed(victim.child);
    const killedAt = performance.now();
    const shown = await eventually("the killed one to be unhealthy", async () => {
      const seen = await health();
      return seen[victim.id] === "healthy" ? false : seen;
    });
    expect(performance.now() - killedAt).toBeLessThan(1.5 * INTERVAL_MS);
    expect(shown).toEqual({ [victim.id]: "unhealthy", [one.id]: "healthy", [two.id]: "healthy" });
    const after = await Promise.all(Array.from({ length: 40 }, call));
    expect(new Set(after)).toEqual(new Set([one.id, two.id]));

    const red = await eventually("the calls that were told", async () => {
      const answer = (await (await fetch(`${ui}api/ui/red`)).json()) as UiRedResponse;
      const stock = answer.services.find((series) => series.service === "stock");
      return stock !== undefined && stock.calls >= after.length ? stock : false;
    });
    expect(red).toMatchObject({ kinds: ["server"], errors: 0 });
  });
});

describe("a collector that is killed and started again", () => {
  it("has every registration, of services that have not spoken since", async () => {
    const folder = mkdtempSync(join(tmpdir(), "spanloom-instances-"));
    closers.push(async () => rmSync(folder, { recursive: true, force: true }));
    const serve = async (): Promise<{ child: ChildProcess; registry: string }> => {
      const ports = ["--otlp-grpc", "--otlp-http", "--ui", "--registry-api"].flatMap((flag) => [flag, "127.0.0.1:0"]);
      const args = [MAIN, "serve", "--data", join(folder, "data"), "--log-level", "error", ...ports];
      const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
      closers.push(() => killed(child));
      let banner = "";
      child.stdout.on("data", (chunk: Buffer) => {
        banner += chunk.toString();
      });
      return {
        child,
        registry: await eventually("the banner", () => /Consul API\)\s+(\S+)/.exec(banner)?.[1] ?? false),
      };
    };
    const first = await serve();
    const names = ["orders", "stock"];
    for (const Name of names) {
      const body = {
        ID: `${Name}-1`,
        Name,
        Address: "10.0.0.1",
        Port: 80,
        Tags: ["eu"],
        Check: { TTL: "60s", Status: "passing" },
      };
      const init = { method: "PUT", body: JSON.stringify(body) };
      expect((await fetch(`${first.registry}/v1/agent/service/register`, init)).status).toBe(200);
    }
    await killed(first.child);
    const second = await serve();
    for (const name of names) {
      const answer = await fetch(`${second.registry}/v1/health/service/${name}?passing=true&tag=eu`);
      expect(await answer.json()).toMatchObject([{ Service: { ID: `${name}-1`, Address: "10.0.0.1", Port: 80 } }]);
    }
  });
});

describe("a registry with tokens", () => {
  it("changes nothing without one, on the UI's port as on its own", async () => {
    const collector = await createCollector({ discovery: { server: { tokens: ["s3cret"] } } });
    closers.push(() => collector.shutdown());
    const { registry, ui } = collector.endpoints;
    const put = async (url: string, headers: Record<string, string> = {}): Promise<number> => {
      const body = JSON.stringify({ name: "stock", host: "192.0.2.1", port: 80 });
      return (await fetch(url, { method: "PUT", body, headers: { "content-type": "application/json", ...headers } }))
        .status;
    };
    expect(await put(`${ui}api/registry/instances/x`)).toBe(403);
    expect(await put(`${registry}/v1/agent/service/register`)).toBe(403);
    expect(await put(`${ui}api/registry/instances/x`, { "x-consul-token": "wrong" })).toBe(403);
    expect(((await (await fetch(`${ui}api/registry`)).json()) as RegistryView).services).toEqual([]);
    expect(await put(`${ui}api/registry/instances/x`, { "x-consul-token": "s3cret" })).toBe(200);
  });
});
