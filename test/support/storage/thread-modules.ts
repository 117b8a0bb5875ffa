import { appendFileSync } from "node:fs";
import { PermanentError } from "../../../src/component/errors.ts";
import type { IngestPipeline } from "../../../src/component/ingest.ts";
import type { CreateReadServer, ViewTable } from "../../../src/component/read.ts";
import type { ConfiguredExporter } from "../../../src/component/store.ts";
import { HttpListener } from "../../../src/server/http-listener.ts";
import { scannerPipeline, spanNumbers } from "./batches.ts";

/** What tests plug into the store's threads, compiled to JavaScript: one module for all three. */

/**
 * A body that begins with 0xfe ends the thread, as a crash of native code would. Results carry the config's `message`;
 * a config that is `broken` makes no pipeline.
 */
export function createPipeline(config?: unknown): IngestPipeline {
  const { message, broken } = (config ?? {}) as { readonly message?: string; readonly broken?: boolean };
  if (broken === true) throw new PermanentError("config_invalid", "a broken pipeline");
  const pipeline = scannerPipeline();
  return {
    prepare(batch) {
      if (batch.bytes[0] === 0xfe) process.exit(3);
      const prepared = pipeline.prepare(batch);
      return message === undefined ? prepared : { ...prepared, result: { ...prepared.result, message } };
    },
  };
}

/** Appends the span ids of every request to the file `config.file`. */
export async function createExporters(config: unknown): Promise<readonly ConfiguredExporter[]> {
  const { file } = config as { readonly file: string };
  return [
    {
      name: "file",
      startAt: "oldest",
      maxBatchSpans: 512,
      concurrency: 2,
      backoff: { initialMs: 5, maxMs: 20, factor: 1.5 },
      exporter: {
        async start() {},
        async shutdown() {},
        async export(fragments) {
          const ids = fragments.flatMap(({ block, rows }) => {
            const all = spanNumbers(block.columns);
            return rows.map((row) => all[row]);
          });
          appendFileSync(file, `${ids.join("\n")}\n`);
          return { type: "delivered" };
        },
      },
    },
  ];
}

const json = (value: unknown) => ({
  status: 200,
  contentType: "application/json",
  body: new TextEncoder().encode(JSON.stringify(value)),
});

const VIEWS: ViewTable = {
  services: async (reader, _params, signal) => json(await reader.services(signal)),
  stats: async (reader, _params, signal) => json(await reader.stats(signal)),
  /** Span ids of a trace by its number. */
  trace: async (reader, params: { readonly trace: number }, signal) => {
    const id = Buffer.from(params.trace.toString(16).padStart(32, "0"), "hex");
    const fragments = await reader.trace(id, signal);
    return json(
      fragments.flatMap(({ block, rows }) => {
        const all = spanNumbers(block.columns);
        return rows.map((row) => all[row]);
      }),
    );
  },
  /** Ends only when it is cancelled. */
  endless: (_reader, _params, signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
  /** Ends the thread. */
  die: () => process.exit(4),
};

export const loadViews = async (): Promise<ViewTable> => VIEWS;

/**
 * Answers `/view/NAME` with that view, and sends everything else over a stream, whose answer it gives. Streams that are
 * opened to it get back what they send.
 */
export const loadServer = async (): Promise<CreateReadServer> => (config, parts) => {
  const {
    views: host,
    host: { logger },
    connect,
    at,
  } = parts;
  const { endpoint } = config as { readonly endpoint: string };
  const listener = new HttpListener({
    access: undefined,
    needOf: () => "nothing",
    name: { title: "reads", configKey: "endpoint", usualOccupant: "another" },
    endpoint: at === undefined ? endpoint : `${at.http.host}:${at.http.port}`,
    logger,
    handler(request, response) {
      const view = /^\/view\/(\w+)$/.exec(request.url ?? "")?.[1];
      if (view === undefined) {
        const stream = connect(request.socket.remoteAddress);
        stream.on("error", () => response.destroy());
        request.pipe(stream).pipe(response);
        return;
      }
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      host.view(view, {}, gone.signal).then(
        ({ body }) => response.end(body),
        (error: Error) => response.writeHead(500).end(error.message),
      );
    },
  });
  return {
    start: async () => ({ http: await listener.start() }),
    accept: (stream) => void stream.on("error", () => {}).pipe(stream),
    shutdown: (signal) => listener.shutdown(signal),
  };
};
