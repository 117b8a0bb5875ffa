import { createHash } from "node:crypto";
import { writeBatch } from "../codec/jaeger/thrift-batch.ts";
import { toJaegerBatches } from "../codec/jaeger/to-jaeger.ts";
import { fragmentRecords } from "../codec/otlp/message/fragment-records.ts";
import { BinaryWriter } from "../codec/thrift/binary.ts";
import type { ComponentFactory } from "../component/component.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import { BoundedMap } from "../model/collections/bounded-map.ts";
import type { LogFragment } from "../model/log.ts";
import { httpExporterConfig } from "./common-config.ts";
import { HttpExporter, type Post } from "./http-exporter.ts";
import type { HttpExporterConfig } from "./http-poster.ts";
import { httpOutcome, unreadable } from "./outcome.ts";

/** Jaeger's collector takes this one and application/x-thrift; this one is registered. */
const CONTENT_TYPE = "application/vnd.apache.thrift.binary";

/** Most requests remembered as delivered while others of their export wait; beyond it some are sent twice. */
const MAX_REMEMBERED = 4096;
const NONE_REJECTED = { count: 0, reason: "" };

interface Request {
  readonly body: Uint8Array;
  readonly count: number;
  readonly key: string;
}

/**
 * A request to Jaeger holds one process, so an export is several requests. Those that were delivered are remembered
 * until the export is done: a repeat of the export sends the others only, and comes to an end even where the peer takes
 * just some requests at a time.
 */
class Sending {
  readonly #delivered = new BoundedMap<string, { rejected: number; reason: string }>(MAX_REMEMBERED);

  async send(fragments: readonly LogFragment[], count: number, post: Post): Promise<ExportOutcome> {
    let requests: Request[];
    try {
      requests = encode(fragments);
    } catch (error) {
      return unreadable(count, error);
    }
    for (const request of requests) {
      if (this.#delivered.has(request.key)) continue;
      const outcome = httpOutcome(await post(request.body, CONTENT_TYPE), request.count);
      if (outcome.type === "retry") return outcome;
      if (outcome.type === "split") {
        this.#forget(requests);
        return outcome;
      }
      const { count: rejected, reason } = outcome.type === "rejected" ? outcome : NONE_REJECTED;
      this.#delivered.set(request.key, { rejected, reason });
    }
    return this.#finish(requests);
  }

  #finish(requests: readonly Request[]): ExportOutcome {
    let count = 0;
    let reason = "";
    for (const { key } of requests) {
      const known = this.#delivered.get(key);
      if (known === undefined || known.rejected === 0) continue;
      count += known.rejected;
      reason ||= known.reason;
    }
    this.#forget(requests);
    return count === 0 ? { type: "delivered" } : { type: "rejected", count, reason };
  }

  #forget(requests: readonly Request[]): void {
    for (const { key } of requests) this.#delivered.delete(key);
  }
}

function encode(fragments: readonly LogFragment[]): Request[] {
  return toJaegerBatches(fragments.flatMap(fragmentRecords)).map((batch) => {
    const writer = new BinaryWriter();
    writeBatch(writer, batch);
    const body = writer.finish();
    return { body, count: batch.spans.length, key: createHash("sha256").update(body).digest("base64") };
  });
}

/**
 * Jaeger's thrift over HTTP, as its clients send it: uncompressed, for its collector inflates nothing. The endpoint is
 * the whole URL, or a service to discover.
 */
export const jaegerExporter: ComponentFactory<HttpExporterConfig, ExporterSettings, Exporter> = {
  type: "jaeger",
  stability: "beta",
  config: httpExporterConfig("http://localhost:14268/api/traces", "none"),
  create: (settings, config) => {
    const sending = new Sending();
    return new HttpExporter(settings, config, {
      url: (endpoint) => new URL(endpoint),
      path: "/api/traces",
      userAgent: (host) => host.userAgent,
      send: (fragments, count, post) => sending.send(fragments, count, post),
    });
  },
};
