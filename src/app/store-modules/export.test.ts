import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { fragmentOfNames } from "../../../test/support/fragments.ts";
import { testHost } from "../../../test/support/host.ts";
import type { Exporter, ExportOutcome } from "../../component/export.ts";
import type { OwnWork } from "../../component/own-work.ts";
import { parseConfig } from "../config/config.ts";
import { createExporters } from "./export.ts";
import { createRegistryAddress } from "./registry-address.ts";
import { ReportedExporter } from "./reported-exporter.ts";

const NEVER = new AbortController().signal;
const ONE = [fragmentOfNames(["GET /"])];
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function started(registryAddress: SharedArrayBuffer): Promise<Exporter> {
  const exporters = { zipkin: { endpoint: "discover://zipkin" } };
  const config = parseConfig({ exporters, discovery: { server: { endpoint: "127.0.0.1:8500" } } }, { name: "test" });
  const [made] = await createExporters(
    {
      exporters: [{ name: "zipkin", type: "zipkin", value: config.exporters.zipkin }],
      discovery: config.discovery,
      registryAddress,
    },
    testHost(),
  );
  const { exporter } = made!;
  await exporter.start(testHost());
  cleanup.push(() => exporter.shutdown(NEVER));
  return exporter;
}

/** A Consul agent that knows one instance of every service: itself. Gives its address. */
async function agent(): Promise<{ address: string; paths: string[] }> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url as string;
    paths.push(path);
    if (!path.startsWith("/v1/health/")) {
      response.writeHead(202).end();
    } else if (!path.includes("index=")) {
      const Service = { ID: "one", Service: "zipkin", Address: "127.0.0.1", Port: port };
      response.writeHead(200, { "x-consul-index": "7" }).end(JSON.stringify([{ Service, Node: {}, Checks: [] }]));
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  cleanup.push(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return { address: `127.0.0.1:${port}`, paths };
}

it("waits for the start of the collector's registry, and asks it", async () => {
  const { address, paths } = await agent();
  const registry = createRegistryAddress();
  const exporter = await started(registry.memory);
  const outcome = exporter.export(ONE, NEVER);
  await new Promise((done) => setImmediate(done));
  registry.tell(address);
  expect(await outcome).toEqual({ type: "delivered" });
  expect(paths).toContain("/v1/health/service/zipkin");
  expect(paths).toContain("/api/v2/spans");
});

it("says that the registry does not listen", async () => {
  const registry = createRegistryAddress();
  registry.tell(undefined);
  const exporter = await started(registry.memory);
  expect(await exporter.export(ONE, NEVER)).toEqual({
    type: "retry",
    reason: "the collector's registry does not listen at 127.0.0.1:8500; the log of its start says why",
  });
});

it("reports attempts to export, but not those of the collector's own spans alone", async () => {
  const reports: OwnWork[] = [];
  let outcome: ExportOutcome = { type: "delivered" };
  const given: number[] = [];
  const inner: Exporter = {
    start: async () => {},
    shutdown: async () => {},
    async export(fragments) {
      given.push(fragments.length);
      return outcome;
    },
  };
  const exporter = new ReportedExporter(inner, "otlp/backup", (work) => reports.push(work));
  const own = fragmentOfNames(["append", "append"], "spanloom");
  expect(await exporter.export([own], NEVER)).toBe(outcome);
  expect(reports).toEqual([]);
  await exporter.export([own, ...ONE], NEVER);
  outcome = { type: "rejected", count: 1, reason: "too old" };
  await exporter.export(ONE, NEVER);
  outcome = { type: "retry", reason: "connection refused" };
  expect(await exporter.export(ONE, NEVER)).toBe(outcome);
  expect(given).toEqual([1, 2, 1, 1]);
  expect(reports.map(({ name, kind, error }) => [name, kind, error])).toEqual([
    ["export otlp/backup", "client", undefined],
    ["export otlp/backup", "client", "too old"],
    ["export otlp/backup", "client", "connection refused"],
  ]);
  expect(reports.map(({ details }) => details)).toEqual([
    { "spanloom.exporter": "otlp/backup", "spanloom.spans": 3, "spanloom.export.outcome": "delivered" },
    {
      "spanloom.exporter": "otlp/backup",
      "spanloom.spans": 1,
      "spanloom.export.outcome": "rejected",
      "spanloom.spans.rejected": 1,
    },
    { "spanloom.exporter": "otlp/backup", "spanloom.spans": 1, "spanloom.export.outcome": "retry" },
  ]);
});
