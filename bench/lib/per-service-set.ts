import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { Random } from "../../src/demo/random.ts";
import type { KeyValue } from "../../src/model/any-value.ts";
import { SPAN_KIND, type Span, type TracesData } from "../../src/model/span.ts";

/**
 * The load of the speed figures: one service a request, as SDKs send it; about 505 bytes and 10 attributes a span,
 * 20 spans a trace over 16 services, so that a request of 512 spans holds about 0.58 traces a span.
 */
export interface LoadRequest {
  readonly body: Buffer;
  readonly spans: number;
  /** Offsets of 16-byte trace ids, 8-byte span and parent ids, and 8-byte times in the body. */
  readonly traceIds: readonly number[];
  readonly spanIds: readonly number[];
  readonly times: readonly number[];
  /** Makes the body new traces instead, where it is no OTLP. */
  readonly renew?: (pass: number) => void;
}

const SERVICES = 16;
const SPANS_PER_TRACE = 20;
const ROUTES = ["/api/orders", "/api/orders/:id", "/api/cart", "/api/products/:sku", "/api/users/:id/profile"];
const METHODS = ["GET", "POST", "PUT"];

/**
 * Requests for `traces` traces of a pool: the same ids and times for the same seed and start. `refresh` makes each pass
 * over the pool new traces.
 * @param startUnixNano of the first trace; default: now, as what is measured are collectors at work
 */
export function perServiceSet(
  traces: number,
  spansPerRequest: number,
  seed = 1,
  startUnixNano = BigInt(Date.now()) * 1_000_000n,
): LoadRequest[] {
  const random = new Random(seed);
  const perService: Span[][] = Array.from({ length: SERVICES }, () => []);
  for (let t = 0; t < traces; t++) {
    const traceId = random.hex(16);
    const start = startUnixNano + BigInt(t) * 50_000n;
    let parent = "";
    for (let s = 0; s < SPANS_PER_TRACE; s++) {
      const service = Math.floor(random.next() * SERVICES);
      const span = makeSpan(random, traceId, parent, s, start);
      (perService[service] as Span[]).push(span);
      if (random.next() < 0.6) parent = span.spanId;
    }
  }
  const requests: LoadRequest[] = [];
  for (let at = 0; ; at += spansPerRequest) {
    let any = false;
    for (let service = 0; service < SERVICES; service++) {
      const spans = (perService[service] as Span[]).slice(at, at + spansPerRequest);
      if (spans.length === 0) continue;
      any = true;
      requests.push(toRequest(encodeTraces(tracesOf(service, spans)), spans.length));
    }
    if (!any) break;
  }
  return requests;
}

/** The same request for pass `pass`: ids and times are overwritten in place, so every pass is new traces. */
export function refresh(request: LoadRequest, pass: number): void {
  if (request.renew !== undefined) {
    request.renew(pass);
    return;
  }
  const { body } = request;
  for (const at of request.traceIds) body.writeUInt32LE(pass, at);
  for (const at of request.spanIds) body.writeUInt32LE(pass, at);
  if (pass === 0) return;
  for (const at of request.times) body.writeBigUInt64LE(body.readBigUInt64LE(at) + 40_000_000n, at);
}

function makeSpan(random: Random, traceId: string, parent: string, index: number, start: bigint): Span {
  const route = random.pick(ROUTES);
  const method = random.pick(METHODS);
  const from = start + BigInt(Math.floor(random.next() * 20_000_000));
  const error = random.next() < 0.02;
  const attributes: KeyValue[] = [
    text("http.request.method", method),
    text("http.route", route),
    text(
      "url.path",
      route.replace(/:\w+/g, () => String(Math.floor(random.next() * 5_000))),
    ),
    { key: "http.response.status_code", value: { type: "int", value: error ? 500n : 200n } },
    text("server.address", `10.0.${Math.floor(random.next() * 8)}.${Math.floor(random.next() * 250)}`),
    { key: "server.port", value: { type: "int", value: 8080n } },
    text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
    text("request.id", random.uuid()),
    text("tenant", `tenant-${Math.floor(random.next() * 40)}`),
    { key: "cache.hit", value: { type: "bool", value: random.next() < 0.5 } },
  ];
  return {
    traceId,
    spanId: random.hex(8),
    parentSpanId: parent,
    traceState: "",
    flags: 0x101,
    name: `${method} ${route}`,
    kind: index % 2 === 0 ? SPAN_KIND.server : SPAN_KIND.client,
    startTimeUnixNano: from,
    endTimeUnixNano: from + BigInt(50_000 + Math.floor(random.next() * 30_000_000)),
    attributes,
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status: { code: error ? 2 : 0, message: "" },
  };
}

function tracesOf(service: number, spans: readonly Span[]): TracesData {
  const resource = {
    attributes: [
      text("service.name", `service-${String(service).padStart(2, "0")}`),
      text("service.version", "1.4.2"),
      text("service.instance.id", `instance-${service}`),
      text("telemetry.sdk.language", "nodejs"),
    ],
    droppedAttributesCount: 0,
    entityRefs: [],
  };
  const scope = { name: "instrumentation-http", version: "0.55.0", attributes: [], droppedAttributesCount: 0 };
  return [{ resource, schemaUrl: "", scopeSpans: [{ scope, schemaUrl: "", spans }] }];
}

function toRequest(bytes: Uint8Array<ArrayBuffer>, spans: number): LoadRequest {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const request = { body, spans, traceIds: [] as number[], spanIds: [] as number[], times: [] as number[] };
  eachField(body, 0, body.length, (field, start, end) => {
    if (field !== 1) return;
    eachField(body, start, end, (inner, from, to) => {
      if (inner !== 2) return;
      eachField(body, from, to, (span, spanStart, spanEnd) => {
        if (span === 2) locateIds(body, spanStart, spanEnd, request);
      });
    });
  });
  return request;
}

function locateIds(
  body: Buffer,
  start: number,
  end: number,
  into: { traceIds: number[]; spanIds: number[]; times: number[] },
): void {
  eachField(body, start, end, (field, from, to) => {
    if (field === 1) into.traceIds.push(from);
    else if ((field === 2 || field === 4) && to - from === 8) into.spanIds.push(from);
    else if (field === 7 || field === 8) into.times.push(from);
  });
}

function eachField(body: Buffer, start: number, end: number, visit: (field: number, from: number, to: number) => void) {
  let at = start;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = body[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < end) {
    const tag = varint();
    const from = at;
    const type = tag & 7;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else {
      const length = varint();
      const payload = at;
      at += length;
      visit(tag >>> 3, payload, at);
      continue;
    }
    visit(tag >>> 3, from, at);
  }
}

function text(key: string, value: string): KeyValue {
  return { key, value: { type: "string", value } };
}
