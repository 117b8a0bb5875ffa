/**
 * How fast the OTLP scanner is on one core, hashing included, and cutting a body. Run:
 *
 *   npx rolldown bench/scan.ts --platform node --format esm --file node_modules/.cache/bench-scan.mjs
 *   node node_modules/.cache/bench-scan.mjs
 *
 * Prints spans and bytes per CPU second of the best of several rounds, for bodies of 512 spans of about 505 bytes with
 * 10 attributes, 20 spans a trace.
 */
import { cutBody } from "../src/codec/otlp/cut/cut.ts";
import { encodeTraces } from "../src/codec/otlp/message/encode.ts";
import { TraceScanner } from "../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../src/codec/otlp/scan/scan-result.ts";
import type { KeyValue } from "../src/model/any-value.ts";
import type { Span, TracesData } from "../src/model/span.ts";

const SPANS = 512;
const BODIES = 20;
const ROUNDS = 8;

function text(key: string, value: string): KeyValue {
  return { key, value: { type: "string", value } };
}

function whole(key: string, value: number): KeyValue {
  return { key, value: { type: "int", value: BigInt(value) } };
}

/** A repeatable generator (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

function body(seed: number): Uint8Array {
  const random = randomFrom(seed);
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
  const spans: Span[] = [];
  let traceId = "";
  let parent = "";
  for (let i = 0; i < SPANS; i++) {
    if (i % 20 === 0) traceId = hex(32);
    const spanId = hex(16);
    const start = 1_795_392_039_440_000_000n + BigInt(i * 1_000_003);
    const route = `/api/v1/tenants/north/catalogue/items/${Math.floor(random() * 500)}`;
    spans.push({
      traceId,
      spanId,
      parentSpanId: i % 20 === 0 ? "" : parent,
      traceState: "",
      flags: 0x101,
      name: `GET /api/v1/items/{id} ${i % 7}`,
      kind: i % 2 === 0 ? 2 : 3,
      startTimeUnixNano: start,
      endTimeUnixNano: start + BigInt(Math.floor(random() * 1e8)),
      attributes: [
        text("http.request.method", "GET"),
        text("url.path", route),
        whole("http.response.status_code", random() < 0.02 ? 500 : 200),
        text("server.address", `10.0.${Math.floor(random() * 4)}.${Math.floor(random() * 250)}`),
        whole("server.port", 8080),
        text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        text("request.id", `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`),
        text("network.protocol.version", "1.1"),
        whole("thread.id", Math.floor(random() * 64)),
        { key: "cache.hit", value: { type: "bool", value: random() < 0.5 } },
      ],
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      status: { code: 0, message: "" },
    });
    parent = spanId;
  }
  const traces: TracesData = [
    {
      resource: { attributes: [text("service.name", "bench")], droppedAttributesCount: 0, entityRefs: [] },
      schemaUrl: "",
      scopeSpans: [
        { scope: { name: "bench", version: "1", attributes: [], droppedAttributesCount: 0 }, schemaUrl: "", spans },
      ],
    },
  ];
  return encodeTraces(traces);
}

/** Best CPU seconds of several rounds of `work`. */
function best(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    work();
    const used = process.cpuUsage(before);
    least = Math.min(least, (used.user + used.system) / 1e6);
  }
  return least;
}

const bodies = Array.from({ length: BODIES }, (_, i) => body(i + 1));
const bytes = bodies.reduce((sum, one) => sum + one.length, 0);
const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
const spans = BODIES * 10 * SPANS;
const scanning = best(() => {
  let count = 0;
  for (let repeat = 0; repeat < 10; repeat++) for (const one of bodies) count += scanner.scan(one).columns.count;
  if (count !== spans) throw new Error(`scanned ${count} spans`);
});
const half = Uint32Array.from({ length: SPANS / 2 }, (_, i) => i * 2);
const first = bodies[0] as Uint8Array;
const { columns } = scanner.scan(first);
const cutting = best(() => {
  for (let repeat = 0; repeat < 10 * BODIES; repeat++) cutBody(first, columns, half);
});
const perSecond = (seconds: number) => Math.round(spans / seconds).toLocaleString("en");
console.log(
  `${Math.round(bytes / BODIES / SPANS)} B/span; spans per CPU second: scan ${perSecond(scanning)} ` +
    `(${Math.round((bytes * 10) / scanning / 1e6)} MB), cut to every second one ${perSecond(cutting)}`,
);
