import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Collector, type ConfigInput, createCollector } from "../../src/app/collector.ts";
import { readServices } from "../../src/declarations/read-services.ts";
import { eventually } from "../support/eventually.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const EXAMPLE = join(ROOT, "examples/order-service");
const MAIN = join(ROOT, "dist/cli/main.js");
const FACTS = join(EXAMPLE, "services.pl");

interface JaegerTag {
  readonly key: string;
  readonly value: unknown;
}

interface JaegerTrace {
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    readonly references: readonly { readonly spanID: string }[];
    readonly tags: readonly JaegerTag[];
    readonly logs: readonly { readonly fields: readonly JaegerTag[] }[];
    readonly processID: string;
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

interface Summary {
  readonly orders: string;
  readonly inventory: string;
  readonly traces: readonly string[];
}

describe("the order service example", () => {
  let folder: string;
  let collector: Collector;
  let child: ChildProcess;
  let summary: Summary;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "spanloom-orders-"));
    collector = await createCollector({ storage: { kind: "sqlite", path: join(folder, "data") } });
    const { otlpHttp, registry, ui } = collector.endpoints;
    const where = ["--otlp", otlpHttp as string, "--registry", registry as string, "--ui", ui];
    child = spawn(process.execPath, [join(EXAMPLE, "run.mjs"), ...where, "--free-ports", "--orders", "1", "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    summary = await new Promise<Summary>((done, reject) => {
      lines.once("line", (line) => done(JSON.parse(line) as Summary));
      child.once("exit", (code) => reject(new Error(`the example ended with ${code}`)));
    });
  });

  afterAll(async () => {
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    expect(await gone).toBe(0);
    await collector.shutdown();
    rmSync(folder, { recursive: true, force: true });
  });

  async function traceOf(traceId: string, spans: number): Promise<JaegerTrace> {
    return eventually(`${spans} spans of ${traceId}`, async () => {
      const answer = await fetch(new URL(`api/traces/${traceId}`, collector.endpoints.ui));
      const [trace] = ((await answer.json()) as { data: JaegerTrace[] }).data;
      return trace !== undefined && trace.spans.length >= spans ? trace : false;
    });
  }

  it("makes one trace across both services", async () => {
    const trace = await traceOf(summary.traces[0] as string, 8);
    const path = (name: string, service: string): string[] => {
      const names: string[] = [];
      let span = trace.spans.find(
        ({ operationName, processID }) => operationName === name && trace.processes[processID]?.serviceName === service,
      );
      while (span !== undefined) {
        names.push(`${trace.processes[span.processID]?.serviceName} ${span.operationName}`);
        const parent = span.references[0]?.spanID;
        span = trace.spans.find(({ spanID }) => spanID === parent);
      }
      return names;
    };
    expect(path("POST /reserve_items", "inventory_service")).toEqual([
      "inventory_service POST /reserve_items",
      "order_service POST /reserve_items",
      "order_service create_order",
      "order_service POST /create_order",
      "customer POST",
      "customer place order",
    ]);
    expect(path("discover inventory_service", "order_service")[1]).toBe("order_service create_order");
    expect(path("persist_order", "order_service")[1]).toBe("order_service create_order");
    expect(trace.spans).toHaveLength(8);
  });

  it("tells events and attributes", async () => {
    const trace = await traceOf(summary.traces[0] as string, 8);
    const span = trace.spans.find(({ operationName }) => operationName === "create_order");
    const events = span?.logs.map(({ fields }) => fields.find(({ key }) => key === "event")?.value);
    expect(events).toEqual(["validated", "items_reserved"]);
    const tags = Object.fromEntries(span?.tags.map(({ key, value }) => [key, value]) ?? []);
    expect(tags).toMatchObject({ "order.items": 2, "order.id": expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  it("has health endpoints and is found by its tags", async () => {
    const health = await fetch(`${summary.orders}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: "healthy", service: "order_service" }]);
    const found = await passing("order_service?passing=true&tag=production&tag=v2");
    expect(found.map(({ Service }) => `http://${Service.Address}:${Service.Port}`)).toEqual([summary.orders]);
    expect(await passing("order_service?passing=true&tag=staging")).toEqual([]);
  });

  it("answers bad orders and empty shelves with words", async () => {
    expect(await order([])).toEqual([400, { error: "expected { items: [name, …] } with at least one item" }]);
    const [status, body] = await order(["unicorn"]);
    expect([status, body]).toEqual([409, { error: expect.stringContaining("unicorn is out of stock") }]);
  });

  it("stays registered over a restart of the collector", async () => {
    const before = await passing("order_service?passing=true");
    const { otlpHttp, otlpGrpc, registry, ui } = collector.endpoints;
    const hostOf = (url: string | undefined) => new URL(url as string).host;
    await collector.shutdown();
    const config: ConfigInput = {
      storage: { kind: "sqlite", path: join(folder, "data") },
      receivers: {
        otlp: { protocols: { http: { endpoint: hostOf(otlpHttp) }, grpc: { endpoint: otlpGrpc as string } } },
      },
      discovery: { server: { endpoint: hostOf(registry) } },
      ui: { endpoint: hostOf(ui) },
    };
    collector = await createCollector(config);
    const after = await eventually("the instance to pass", async () => {
      const found = await passing("order_service?passing=true");
      return found.length > 0 ? found : false;
    });
    expect(after.map(({ Service }) => Service.ID)).toEqual(before.map(({ Service }) => Service.ID));
    expect((await order(["tea"]))[0]).toBe(200);
  });

  async function passing(query: string) {
    const answer = await fetch(`${collector.endpoints.registry}/v1/health/service/${query}`);
    return (await answer.json()) as { Service: { ID: string; Address: string; Port: number } }[];
  }

  async function order(items: readonly string[]): Promise<[number, unknown]> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${summary.orders}/create_order`, {
      method: "POST",
      headers,
      body: JSON.stringify({ items }),
    });
    return [answer.status, await answer.json()];
  }
});

it("runs by itself, with a collector of its own", () => {
  const output = execFileSync(process.execPath, [join(EXAMPLE, "run.mjs"), "--once", "--free-ports"], {
    timeout: 25_000,
  }).toString();
  expect(output.match(/^order [0-9a-f-]{36} {3}http:\/\/127\.0\.0\.1:\d+\/trace\/[0-9a-f]{32}$/gm)).toHaveLength(3);
});

describe("the example's facts", () => {
  it("declare what its JavaScript declares", () => {
    const program = `
      import { inventoryService, orderService } from ${JSON.stringify(join(EXAMPLE, "services.mjs"))};
      console.log(JSON.stringify([orderService({}).declaration, inventoryService({}).declaration]));`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: ROOT }).toString();
    const facts = readServices(readFileSync(FACTS, "utf8"), FACTS);
    expect(facts.map(({ name, options }) => ({ name, options }))).toEqual(JSON.parse(output));
  });

  it("are printed by `services check`", () => {
    const { stdout, status } = cli("services", "check", FACTS, "--json");
    expect(status).toBe(0);
    const [order, inventory] = JSON.parse(stdout) as {
      name: string;
      line: number;
      options: object;
      handler: object[];
    }[];
    expect([order?.name, inventory?.name]).toEqual(["order_service", "inventory_service"]);
    expect(order?.options).toMatchObject({
      discovery_backend: "consul",
      trace_sampling: 0.1,
      transport: { http: { port: 8080 } },
    });
    expect(order?.handler).toHaveLength(2);
    const text = cli("services", "check", FACTS).stdout;
    expect(text).toContain("  trace_sampling     0.1\n");
    expect(text).toMatch(/\n2 services declared\n$/);
  });

  it.each([
    ["service(a, [tracing(yes)], []).\n", ":1:21: tracing: expected true or false"],
    ["service(a, [discovery_backend(zookeeper)], []).\n", ":1:31: discovery_backend: expected one of"],
    ["service(a, [\n", ":"],
  ])("are refused with line and column: %s", (text, message) => {
    const folder = mkdtempSync(join(tmpdir(), "spanloom-facts-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "bad.pl");
    writeFileSync(file, text);
    const { status, stderr, stdout } = cli("services", "check", file);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`spanloom: ${file}${message}`);
    expect(stderr).toMatch(/\.pl:\d+:\d+: /);
  });

  it("that are not there are an error too", () => {
    const { status, stderr } = cli("services", "check", "/nowhere/services.pl");
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^spanloom: (?=.*cannot read).*\/nowhere\/services\.pl/),
    ]);
  });

  it("are registered by `serve --services`, with their health", async () => {
    const ports = ["--otlp-grpc", "--otlp-http", "--ui"].flatMap((flag) => [flag, "127.0.0.1:0"]);
    const args = ["serve", "--storage", "memory", ...ports, "--set", "discovery.server.endpoint=127.0.0.1:0"];
    const child = spawn(process.execPath, [MAIN, ...args, "--services", FACTS], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = new Promise((done) => child.once("exit", done));
    onTestFinished(async () => {
      child.kill("SIGTERM");
      await gone;
    });
    let banner = "";
    child.stdout.on("data", (chunk: Buffer) => {
      banner += chunk.toString();
    });
    const registry = await eventually("the banner", () => /registry \(Consul API\)\s+(\S+)/.exec(banner)?.[1] ?? false);
    const answer = await fetch(`${registry}/v1/health/service/order_service`);
    const entries = (await answer.json()) as { Service: object; Checks: object[] }[];
    expect(entries).toHaveLength(1);
    expect(entries[0]?.Service).toMatchObject({ Address: "127.0.0.1", Port: 8080, Tags: ["production", "v2"] });
  });
});

function cli(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}
