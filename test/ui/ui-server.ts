import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import express from "express";
import type { TraceReader } from "../../src/component/read.ts";
import type { LogBlock } from "../../src/model/log.ts";
import { createComparisonRoutes } from "../../src/query/ui/comparison/routes.ts";
import { comparisonViews } from "../../src/query/ui/comparison/views.ts";
import { createUiRoutes } from "../../src/query/ui/routes.ts";
import type { UiExporterStatus, UiStatusResponse } from "../../src/query/ui/status-types.ts";
import { uiViews } from "../../src/query/ui/views.ts";
import { hostOf, MemoryReader } from "../support/query/memory-reader.ts";
import { unhurried } from "./unhurried.ts";

/** The pages as `npm run build:web` left them; `npm test` builds before it runs. */
export const WEB_ROOT = fileURLToPath(new URL("../../dist/web/", import.meta.url));
/** The policy the application serves its page under. */
const POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'";

export interface UiServer {
  /** With the base path and a trailing slash. */
  readonly url: string;
  readonly reader: MemoryReader;
  /** A span batch that "arrives". */
  push(batch: LogBlock): void;
  close(): Promise<void>;
}

/**
 * The built pages and the real UI API over batches in memory, or over a reader, on a loopback port of the system's
 * choice.
 */
export async function startUi(
  batches: readonly LogBlock[] = [],
  base = "/",
  { from, port = 0 }: { readonly from?: TraceReader; readonly port?: number } = {},
): Promise<UiServer> {
  const index = join(WEB_ROOT, "index.html");
  if (!existsSync(index))
    throw new Error(`${index} is missing: run \`npm run build:web\`, or \`npm test\`, which builds`);
  const stored = [...batches];
  const reader = new MemoryReader(stored);
  const page = readFileSync(index, "utf8").replace('<base href="/">', `<base href="${base}">`);
  const router = express.Router();
  router.get("/api/ui/status", (_request, response) => {
    response.json(statusOf(stored));
  });
  const host = hostOf(from === undefined ? reader : unhurried(from), { ...uiViews, ...comparisonViews });
  const comparing = createComparisonRoutes(host);
  router.use((request, response, next) => comparing(request, response, next));
  const api = createUiRoutes(host);
  router.use((request, response, next) => api(request, response, next));
  router.use(express.static(WEB_ROOT, { index: false }));
  router.get(/.*/, (_request, response) => {
    response.setHeader("content-security-policy", POLICY);
    response.type("html").send(page);
  });
  const app = express();
  app.use(base, router);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    reader,
    push: (batch) => stored.push(batch),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function statusOf(batches: readonly LogBlock[]): UiStatusResponse {
  const spans = batches.reduce((sum, batch) => sum + batch.columns.count, 0);
  const series = (name: string, labels: Record<string, string>, value: number) => ({ name, labels, value });
  return {
    version: "0.1.0",
    startedAtMs: Date.now() - 3_725_000,
    nowMs: Date.now(),
    endpoints: {
      otlpHttp: "http://127.0.0.1:14318",
      otlpGrpc: "127.0.0.1:14317",
      receivers: [
        { receiver: "otlp", listener: "grpc", title: "OTLP/gRPC", address: "127.0.0.1:14317" },
        { receiver: "otlp", listener: "http", title: "OTLP/HTTP", address: "http://127.0.0.1:14318/v1/traces" },
      ],
      ui: "http://127.0.0.1:16686/",
      queryGrpc: undefined,
      tempo: undefined,
      registry: undefined,
      proxy: undefined,
    },
    listeners: [
      { title: "web UI and Jaeger API", address: "http://127.0.0.1:16686/", listensOn: undefined },
      { title: "Jaeger API (gRPC)", address: "127.0.0.1:16685", listensOn: undefined },
      { title: "Tempo API", address: undefined, listensOn: undefined },
      { title: "OTLP/gRPC", address: "127.0.0.1:14317", listensOn: "0.0.0.0:14317" },
      { title: "OTLP/HTTP", address: "http://127.0.0.1:14318/v1/traces", listensOn: undefined },
      { title: "registry (Consul API)", address: "http://127.0.0.1:8500", listensOn: undefined },
    ],
    storage: {
      kind: "memory",
      path: undefined,
      synchronous: "normal",
      spans,
      batches: batches.length,
      segments: 1,
      diskBytes: 48_300_000,
      oldestMs: Date.now() - 86_400_000,
      retention: { maxAgeHours: 72, maxMebibytes: null },
    },
    received: [
      series("receiver_accepted_spans", { receiver: "otlp", transport: "grpc" }, Math.floor(spans / 2)),
      series("receiver_accepted_spans", { receiver: "otlp", transport: "http" }, Math.ceil(spans / 2)),
      series("receiver_refused_spans", { receiver: "otlp", transport: "http" }, 3),
    ],
    sampling: [series("sampling_kept_spans", {}, spans), series("sampling_dropped_spans", {}, 12)],
    uncounted: [series("red_left_out_spans", {}, 2), series("aggregate_shrinks", {}, 0)],
    exporters: [
      exporterStatus("otlp/upstream", { deliveredSpans: spans }),
      exporterStatus("jaeger", {
        deliveredSpans: spans - 40,
        lagSpans: 40,
        lagBatches: 2,
        lagMs: 61_000,
        retries: 5,
        lastOutcome: "retry",
        lastError: "connect ECONNREFUSED 127.0.0.1:14250",
      }),
    ],
  };
}

function exporterStatus(name: string, changes: Partial<UiExporterStatus>): UiExporterStatus {
  return {
    name,
    type: name.split("/", 1)[0] as string,
    destination: `http://${name.replace("/", ".")}:4318/`,
    lagBatches: 0,
    lagSpans: 0,
    lagMs: 0,
    deliveredSpans: 0,
    rejectedSpans: 0,
    filteredSpans: 0,
    lostSpans: 0,
    retries: 0,
    lastOutcome: "delivered",
    lastError: undefined,
    lastDeliveredAtMs: Date.now() - 2_000,
    ...changes,
  };
}
