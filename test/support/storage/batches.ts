import { randomBytes } from "node:crypto";
import { encodeTraces } from "../../../src/codec/otlp/message/encode.ts";
import { TraceScanner } from "../../../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../../src/codec/otlp/scan/scan-result.ts";
import { PermanentError } from "../../../src/component/errors.ts";
import type { IncomingBatch, IngestPipeline, PreparedBatch } from "../../../src/component/ingest.ts";
import { bytesToHex } from "../../../src/model/ids.ts";
import type { Span } from "../../../src/model/span.ts";

export interface MadeSpan {
  readonly trace?: number;
  /** Also the last part of the span id. */
  readonly id: number;
  readonly name?: string;
  /** Bytes of one long attribute value. */
  readonly padding?: number;
}

/** An OTLP body of one resource with the given spans; everything about a span follows from its id. */
export function makeBody(service: string, spans: readonly MadeSpan[]): Uint8Array<ArrayBuffer> {
  return encodeTraces([
    {
      resource: {
        attributes: [{ key: "service.name", value: { type: "string", value: service } }],
        droppedAttributesCount: 0,
        entityRefs: [],
      },
      schemaUrl: "",
      scopeSpans: [
        {
          scope: { name: "made", version: "1", attributes: [], droppedAttributesCount: 0 },
          schemaUrl: "",
          spans: spans.map(toSpan),
        },
      ],
    },
  ]);
}

/** ms since the epoch at which the first of the made spans begin. */
export const MADE_AT_MS = 1_700_000_000_000;

function toSpan({ trace = 1, id, name = `op-${id % 7}`, padding = 0 }: MadeSpan): Span {
  const start = BigInt(MADE_AT_MS) * 1_000_000n + BigInt(id) * 1_000_001n;
  return {
    traceId: trace.toString(16).padStart(32, "0"),
    spanId: id.toString(16).padStart(16, "0"),
    parentSpanId: "",
    traceState: "",
    flags: 1,
    name,
    kind: 2,
    startTimeUnixNano: start,
    endTimeUnixNano: start + 5_000_003n,
    attributes: [
      { key: "number", value: { type: "int", value: BigInt(id) } },
      { key: "padding", value: { type: "string", value: "p".repeat(padding) } },
    ],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status: { code: 0, message: "" },
  };
}

/** `count` spans with ids from `first`, `perTrace` to a trace. */
export function range(first: number, count: number, perTrace = 4, padding = 0): MadeSpan[] {
  return Array.from({ length: count }, (_, i) => ({
    id: first + i,
    trace: Math.floor((first + i) / perTrace) + 1,
    padding,
  }));
}

/**
 * A body of `count` spans of service `full`, ids from `first`, each with `bytes` that no compression makes much
 * smaller.
 */
export function incompressible(first: number, count: number, bytes: number): Uint8Array<ArrayBuffer> {
  const body = makeBody("full", range(first, count, 4, bytes));
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  const padding = "p".repeat(bytes);
  for (let at = view.indexOf(padding); at >= 0; at = view.indexOf(padding, at + bytes)) {
    view.write(randomBytes(bytes).toString("base64").slice(0, bytes), at, "latin1");
  }
  return body;
}

export function incoming(body: Uint8Array<ArrayBuffer>, receivedAtMs = Date.now()): IncomingBatch {
  return {
    format: "otlp_protobuf",
    encoding: "identity",
    bytes: body,
    maxBytes: 64 * 1024 * 1024,
    receivedAtMs,
    source: "test",
  };
}

/** A pipeline that takes batches of every size at once. */
export interface WholePipeline extends IngestPipeline {
  prepare(batch: IncomingBatch): PreparedBatch;
}

/** Scans bodies as they are; `keep` chooses rows by span id. A body that begins with byte 0xff is refused. */
export function scannerPipeline(keep?: (spanId: number) => boolean): WholePipeline {
  const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
  return {
    prepare({ bytes }): PreparedBatch {
      if (bytes[0] === 0xff) throw new PermanentError("malformed", "the body begins with 0xff");
      const { columns, hashes, hashStart, groupHashes, groupHashStart } = scanner.scan(bytes);
      const rows = Array.from({ length: columns.count }, (_, row) => row);
      const kept = keep && rows.filter((row) => keep(Number.parseInt(bytesToHex(columns.spanIds, row * 8, 8), 16)));
      return {
        body: bytes,
        columns,
        keep: kept && Uint32Array.from(kept),
        hashes,
        hashStart,
        groupHashes,
        groupHashStart,
        result: { accepted: columns.count, rejected: 0, message: "" },
      };
    },
  };
}

/** The numbers in the span ids of columns. */
export function spanNumbers(columns: { readonly spanIds: Uint8Array; readonly count: number }): number[] {
  return Array.from({ length: columns.count }, (_, row) =>
    Number.parseInt(bytesToHex(columns.spanIds, row * 8, 8), 16),
  );
}
