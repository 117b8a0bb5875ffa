import fc from "fast-check";
import type { AnyValue, Attributes } from "../../../src/model/any-value.ts";
import type { ResourceSpans, Span, SpanKind, StatusCode, TracesData } from "../../../src/model/span.ts";
import {
  type Comparison,
  type Literal,
  type SpanField,
  type SpanFilter,
  TRACE_ORDERS,
  type TraceQuery,
} from "../../../src/model/trace-query.ts";

/** Small pools, so that ids meet, values match and times tie. */
const BASE = 1_795_392_039_440_000_000n;
const FAR_FUTURE = 2n ** 63n + 12_345n;

const keys = ["k", "http.status", "otel.scope.name", "service.name"];
const texts = ["a", "ab", "true", "5", "0.5", "", "ünï", "[5]", "Get: A"];
const ints = [5n, -1n, 0n, 2n ** 53n + 1n, -(2n ** 63n), 1152921504606846976n];
const doubles = [5, 0.5, Number.NaN, 1e300, 2 ** 53, 2 ** 60, -0];

const anyValue: fc.Arbitrary<AnyValue> = fc.oneof(
  fc.constantFrom(...texts).map((value) => ({ type: "string" as const, value })),
  fc.constantFrom(...ints).map((value) => ({ type: "int" as const, value })),
  fc.constantFrom(...doubles).map((value) => ({ type: "double" as const, value })),
  fc.boolean().map((value) => ({ type: "bool" as const, value })),
  fc.constantFrom<AnyValue>(
    { type: "empty" },
    { type: "bytes", value: Uint8Array.of(1, 2, 3) },
    { type: "array", value: [{ type: "int", value: 5n }] },
  ),
);

const attributes: fc.Arbitrary<Attributes> = fc.array(
  fc.record({ key: fc.constantFrom(...keys.slice(0, 3)), value: anyValue }),
  { maxLength: 2 },
);

/** Durations between -5 and 1000 ns. */
const duration = fc.integer({ min: -5, max: 1000 });
const start = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 60 }).map((ms) => BASE + BigInt(ms) * 100n) },
  { weight: 2, arbitrary: fc.constantFrom(0n, 5_000_000_000n, FAR_FUTURE, FAR_FUTURE + 1n, 2n ** 64n - 2000n) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 5 }).map((hours) => BASE - BigInt(hours) * 3_600_000_000_000n) },
);
const spanId = fc.integer({ min: 1, max: 9 }).map((id) => id.toString(16).padStart(16, "0"));
export const traceId = fc.integer({ min: 1, max: 9 }).map((id) => `${id}`.repeat(32));

const span: fc.Arbitrary<Span> = fc
  .record({
    traceId,
    spanId,
    parentSpanId: fc.oneof(fc.constant(""), spanId),
    name: fc.constantFrom("GET /", "GET /a", "work", ""),
    kind: fc.integer({ min: 0, max: 5 }),
    status: fc.record({ code: fc.constantFrom<StatusCode>(0, 0, 1, 2), message: fc.constantFrom("", "", "boom") }),
    start,
    duration,
    attributes,
    eventAttributes: fc.array(attributes, { maxLength: 2 }),
    linkAttributes: fc.array(attributes, { maxLength: 2 }),
  })
  .map(({ start, duration, eventAttributes, linkAttributes, kind, ...rest }) => ({
    ...rest,
    kind: kind as SpanKind,
    traceState: rest.name === "work" ? "a" : "",
    flags: 0x101,
    startTimeUnixNano: start,
    endTimeUnixNano: start + BigInt(duration) < 0n ? 0n : start + BigInt(duration),
    droppedAttributesCount: 0,
    events: eventAttributes.map((list, index) => ({
      timeUnixNano: index === 0 ? BASE : 0n,
      name: index === 0 ? "event" : "a",
      attributes: list,
      droppedAttributesCount: 0,
    })),
    droppedEventsCount: 0,
    links: linkAttributes.map((list, index) => ({
      traceId: (LINKED[index] ?? LINKED[0]) as string,
      spanId: "f".repeat(16),
      traceState: index === 0 ? "a" : "",
      attributes: list,
      droppedAttributesCount: 0,
      flags: 0,
    })),
    droppedLinksCount: 0,
  }));

/** Of the first link of a span, and of its second. */
const LINKED = ["f".repeat(32), "0e".repeat(16)];

const resourceSpans: fc.Arbitrary<ResourceSpans> = fc
  .record({
    service: fc.constantFrom("cart", "cart", "shop", "", undefined),
    resourceAttributes: attributes,
    scopeName: fc.constantFrom("", "lib", "a"),
    scopeAttributes: attributes,
    spans: fc.array(span, { minLength: 1, maxLength: 6 }),
  })
  .map(({ service, resourceAttributes, scopeName, scopeAttributes, spans }) => ({
    resource: {
      attributes: [
        ...(service === undefined ? [] : [{ key: "service.name", value: { type: "string", value: service } as const }]),
        ...resourceAttributes,
      ],
      droppedAttributesCount: 0,
      entityRefs: [],
    },
    schemaUrl: service === "shop" ? "a" : "",
    scopeSpans: [
      {
        scope: { name: scopeName, version: "1.0", attributes: scopeAttributes, droppedAttributesCount: 0 },
        schemaUrl: scopeName === "lib" ? "ab" : "",
        spans,
      },
    ],
  }));

const tracesData: fc.Arbitrary<TracesData> = fc.array(resourceSpans, { minLength: 1, maxLength: 3 });

/** Batches in log order; some are sent twice. */
export const batches: fc.Arbitrary<readonly TracesData[]> = fc
  .array(fc.record({ data: tracesData, repeat: fc.integer({ min: 0, max: 4 }) }), { minLength: 1, maxLength: 12 })
  .map((list) => list.flatMap(({ data, repeat }) => (repeat === 0 ? [data, data] : [data])));

const comparison = fc.constantFrom<Comparison>("=", "=", "=", "!=", ">", ">=", "<", "<=", "=~", "!~");
const patterns = ["a", "a.*", "GET /.?", "\\d", "true|ok", "[a-u]+"];

const literal: fc.Arbitrary<Literal> = fc.oneof(
  fc.constantFrom(...texts, "5", "cart", "GET /", "server", "error", "AQID", "lib").map((value) => ({
    type: "text" as const,
    value,
  })),
  fc.constantFrom(...texts, "cart", "work", "unknown_service").map((value) => ({ type: "string" as const, value })),
  fc.constantFrom(...ints).map((value) => ({ type: "int" as const, value })),
  fc.constantFrom(...doubles).map((value) => ({ type: "double" as const, value })),
  fc.boolean().map((value) => ({ type: "bool" as const, value })),
);

const field: fc.Arbitrary<SpanField> = fc.oneof(
  fc
    .constantFrom(
      ...["service", "name", "kind", "status", "duration", "statusMessage", "root", "linkTraceId", "eventName"],
      ...["traceId", "spanId", "parentSpanId", "startTime", "endTime", "traceState", "linkSpanId", "linkTraceState"],
      ...["eventTime", "eventTimeSinceStart", "resourceSchemaUrl", "scopeSchemaUrl"],
    )
    .map((intrinsic) => ({
      intrinsic: intrinsic as "name",
    })),
  fc.record({
    scope: fc.constantFrom("any", "any", "span", "resource", "instrumentation", "event", "link"),
    key: fc.constantFrom(...keys, "absent"),
  }),
);

const comparing: fc.Arbitrary<SpanFilter> = fc.oneof(
  fc.record({ field, is: comparison, value: literal, pattern: fc.constantFrom(...patterns) }).map(
    ({ pattern, ...rest }): SpanFilter => ({
      op: "compare",
      ...rest,
      value: rest.is === "=~" || rest.is === "!~" ? { type: "text", value: pattern } : rest.value,
    }),
  ),
  fc.record({ is: comparison, value: fc.constantFrom(...LINKED, "a".repeat(32)) }).map(
    ({ is, value }): SpanFilter => ({
      op: "compare",
      field: { intrinsic: "linkTraceId" },
      is,
      value: { type: "text", value },
    }),
  ),
  fc.record({ is: fc.constantFrom<Comparison>("=", "!="), value: fc.integer({ min: 0, max: 5 }) }).map(
    ({ is, value }): SpanFilter => ({
      op: "compare",
      field: { intrinsic: "kind" },
      is,
      value: { type: "kind", value: value as SpanKind },
    }),
  ),
  fc.record({ is: fc.constantFrom<Comparison>("=", "!="), value: fc.integer({ min: 0, max: 2 }) }).map(
    ({ is, value }): SpanFilter => ({
      op: "compare",
      field: { intrinsic: "status" },
      is,
      value: { type: "status", value: value as StatusCode },
    }),
  ),
  fc.integer({ min: -5, max: 1000 }).chain((ns) =>
    comparison
      .filter((is) => is !== "=~" && is !== "!~")
      .map(
        (is): SpanFilter => ({
          op: "compare",
          field: { intrinsic: "duration" },
          is,
          value: { type: "int", value: BigInt(ns) },
        }),
      ),
  ),
);

export const filter: fc.Arbitrary<SpanFilter> = fc.letrec<{ filter: SpanFilter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    comparing,
    fc.constant<SpanFilter>({ op: "all" }),
    field.map((f): SpanFilter => ({ op: "exists", field: f })),
    fc
      .record({ op: fc.constantFrom("and", "or"), of: fc.array(tie("filter"), { maxLength: 3 }) })
      .map((f) => f as SpanFilter),
    tie("filter").map((of): SpanFilter => ({ op: "not", of })),
    fc
      .record({ level: fc.constantFrom("event", "link"), where: tie("filter") })
      .map((f) => ({ op: "some", ...f }) as SpanFilter),
    fc
      .record({
        left: fc.array(field, { minLength: 1, maxLength: 2 }),
        is: comparison.filter((is) => is !== "=~" && is !== "!~"),
        right: fc.array(field, { minLength: 1, maxLength: 2 }),
      })
      .map((f) => ({ op: "pair", ...f }) as SpanFilter),
    fc
      .record({
        field: field.filter((one) => "scope" in one),
        words: fc.array(fc.constantFrom("a", "GET", "ok", "5", "true", "x"), { maxLength: 2 }),
        adjacent: fc.boolean(),
      })
      .map((f) => ({ op: "words", ...f }) as SpanFilter),
  ),
})).filter;

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

export const query: fc.Arbitrary<TraceQuery> = fc
  .record({
    filter,
    startMin: optional(start),
    startMax: optional(start),
    traceDurationMin: optional(duration.map(BigInt)),
    traceDurationMax: optional(duration.map((ns) => BigInt(ns) * 10n)),
    limit: fc.integer({ min: 1, max: 5 }),
    order: optional(fc.constantFrom(...TRACE_ORDERS)),
  })
  .map(
    (parts) => Object.fromEntries(Object.entries(parts).filter(([, v]) => v !== undefined)) as unknown as TraceQuery,
  );
