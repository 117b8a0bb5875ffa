import { type Bytes, concat, double, fixed32, fixed64, message, number, varint } from "./wire.ts";

/** Fields of Span (opentelemetry/proto/trace/v1/trace.proto). */
const F = { trace: 1, id: 2, state: 3, parent: 4, name: 5, kind: 6, start: 7, end: 8, attribute: 9 } as const;
const EVENT = 11;
const LINK = 13;
const STATUS = 15;
const FLAGS = 16;
/** No version of OTLP has these. */
const UNKNOWN = 900;

const T0 = 1_700_000_000_000_000_000n;
const MAX_U64 = 2n ** 64n - 1n;
const NOTHING = new Uint8Array(0);

/** Sampling looks at the last seven bytes: half of the ids have a large number there. */
export function traceId(n: number): Bytes {
  return Uint8Array.from([7, 0, 0, 0, 0, 0, 0, 0, 0, n * 37, 0, 0, n >> 24, n >> 16, n >> 8, n]);
}

export function spanId(n: number): Bytes {
  return Uint8Array.from([9, 0, 0, 0, n >> 24, n >> 16, n >> 8, n]);
}

const ids = (n: number, trace = n) => concat(message(F.trace, traceId(trace)), message(F.id, spanId(n)));
const times = (start: bigint, end: bigint) => concat(fixed64(F.start, start), fixed64(F.end, end));

/** A KeyValue; `value` is the field of AnyValue, or nothing. */
function attribute(key: string, value: Uint8Array): Bytes {
  return concat(message(1, key), message(2, value));
}

/** Every form of an attribute, odd ones too. */
function attributes(n: number): Bytes[] {
  const text = (value: string) => message(1, value);
  return [
    attribute("text", text("plain")),
    attribute("text.empty", text("")),
    attribute("text.wide", text("ä€😀 \0 \u2028")),
    attribute("yes", number(2, 1)),
    attribute("no", number(2, 0)),
    attribute("int.least", number(3, -(2n ** 63n))),
    attribute("int.most", number(3, 2n ** 63n - 1n)),
    attribute("int.minus", number(3, -1n)),
    attribute("int.zero", number(3, 0)),
    attribute("int.own", number(3, n)),
    attribute("double", double(4, 0.1)),
    attribute("double.nan", double(4, Number.NaN)),
    attribute("double.minus", double(4, -0)),
    attribute("list", message(5, concat(message(1, text("a")), message(1, number(3, n)), message(1, NOTHING)))),
    attribute("list.empty", message(5, "")),
    attribute("map", message(6, message(1, attribute("inner", number(3, 5))))),
    attribute("bytes", message(7, Uint8Array.from([0, 255, n]))),
    attribute("nothing", NOTHING),
    attribute("", text("no key")),
    message(1, "no value"),
    concat(message(2, text("value first")), message(1, "key last")),
    concat(attribute("twice", text("a")), message(2, text("b"))),
    concat(attribute("more", text("a")), number(UNKNOWN, 3)),
    attribute("both", concat(text("a"), number(3, 4))),
    attribute("long", number(3, 1, 5)),
    concat(message(1, "longer", 2), message(2, text("a"), 3)),
    attribute("uuid", text(`0f8fad5b-d9cb-469f-a165-${n.toString(16).padStart(12, "0")}`)),
    attribute("grows", text(`value ${n}`)),
  ];
}

const withAttributes = (n: number) => attributes(n).map((each) => message(F.attribute, each));

const event = (time: bigint, name: string, ...more: readonly Uint8Array[]) =>
  message(EVENT, concat(fixed64(1, time), message(2, name), ...more));
const link = (n: number, ...more: readonly Uint8Array[]) =>
  message(LINK, concat(message(1, traceId(n)), message(2, spanId(n)), ...more));

/** Spans that protobuf allows, few of which any sender writes. */
export function oddSpans(first: number): Bytes[] {
  const makers: readonly ((n: number) => readonly Uint8Array[])[] = [
    (n) => [ids(n)],
    (n) => [ids(n), ...withAttributes(n), times(T0 + BigInt(n), T0 + BigInt(n) + 1_000n)],
    // The other way round, and everything twice.
    (n) => [times(T0, T0 + 5n), number(F.kind, 3), message(F.name, "späte 😀 name"), message(F.id, spanId(n)), ids(n)],
    (n) => [ids(n), message(F.name, "first"), number(F.kind, 1), message(F.name, "second"), number(F.kind, 2)],
    (n) => [times(1n, 2n), ids(n), times(T0, T0 + 1n), times(0n, MAX_U64)],
    // Times out of all bounds, backwards ones too.
    (n) => [ids(n), times(MAX_U64, 0n)],
    (n) => [ids(n), times(2n ** 63n, 2n ** 63n + 1n)],
    (n) => [ids(n), times(0n, 0n), message(F.name, "")],
    // Parents: near, far, of zeros, of no length.
    (n) => [ids(n, first + 1), message(F.parent, spanId(first + 1)), times(T0, T0 + 7n)],
    (n) => [ids(n), message(F.parent, spanId(123_456)), times(T0, T0 + 8n)],
    (n) => [ids(n), message(F.parent, new Uint8Array(8))],
    (n) => [ids(n), message(F.parent, NOTHING), message(F.state, "a=b,ot=th:c;rv:01020304050607")],
    // What this version does not know.
    (n) => [number(UNKNOWN, MAX_U64), ids(n), message(UNKNOWN + 1, "later"), fixed64(UNKNOWN + 2, 5n)],
    (n) => [ids(n), fixed32(UNKNOWN + 3, 4_294_967_295), number(F.kind, 77), fixed32(FLAGS, 257 + n)],
    (n) => [ids(n), message(STATUS, concat(number(3, 9), message(2, "unknown code"), number(UNKNOWN, n)))],
    // Status, dropped counts, default values written out.
    (n) => [ids(n), message(STATUS, concat(number(3, 2), message(2, "it broke"))), number(10, 3), number(12, 4)],
    (n) => [ids(n), message(STATUS, ""), message(STATUS, number(3, 0)), number(F.kind, 0), number(14, 0)],
    // Events and links.
    (n) => [
      ids(n),
      event(T0, "plain"),
      event(T0 + 1n, "full", ...attributes(n).map((each) => message(3, each)), number(4, 2)),
      message(EVENT, ""),
      message(EVENT, concat(message(2, "name first"), fixed64(1, 3n), number(UNKNOWN, 1))),
      event(MAX_U64, "last"),
    ],
    (n) => [
      ids(n),
      link(n + 1, message(3, "c=d"), ...attributes(n).map((each) => message(4, each)), fixed32(6, 0x301)),
      message(LINK, ""),
      link(n + 2, number(5, 300), message(UNKNOWN, "x")),
    ],
    // Numbers in more bytes than they need, in the span itself and within.
    (n) => [ids(n), concat(varint(F.name * 8 + 2, 3), varint(4, 2), Buffer.from("long"))],
    (n) => [ids(n), message(EVENT, concat(message(2, "long", 4)), 3)],
    (n) => [ids(n), event(T0, "short"), number(10, 3, 4), link(n)],
  ];
  return makers.map((make, i) => concat(...make(first + i)));
}

/** Eight hexadecimal digits, all of which differ from one number to the next. */
function digits(n: number): string {
  return (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
}

/** `count` spans of a few traces that look alike, as one instrumented service sends; the first starts at `from`, ns. */
export function alikeSpans(first: number, count: number, from: bigint = T0): Bytes[] {
  return Array.from({ length: count }, (_, i) => {
    const n = first + i;
    const start = from + BigInt(i) * 1_000_003n;
    const inTrace = i % 8;
    return concat(
      ids(n, first + i - inTrace),
      ...(inTrace === 0 ? [] : [message(F.parent, spanId(n - 1))]),
      message(F.name, `op ${i % 5}`),
      number(F.kind, 1 + (i % 5)),
      times(start, start + BigInt(i) * 17n),
      message(F.attribute, attribute("route", message(1, `/items/${i % 3}`))),
      message(F.attribute, attribute("request", message(1, `${digits(n)}-ab12-${digits(n * 7)}`))),
      message(F.attribute, attribute("size", number(3, i * 1000))),
      ...(i % 4 === 0 ? [event(start, "cache miss", message(3, attribute("key", message(1, `k${i}`))))] : []),
      message(STATUS, i % 9 === 0 ? number(3, 2) : NOTHING),
    );
  });
}

/** A span of `size` bytes, most of them in a field that nobody knows, and of no pattern. */
export function largeSpan(n: number, size: number): Bytes {
  const bytes = new Uint8Array(size);
  let state = n;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return concat(ids(n), message(F.name, "large"), times(T0, T0 + 1n), message(UNKNOWN, bytes));
}

/** A request of one resource and scope whose other fields stand wherever protobuf lets them. */
export function oddRequest(service: string, spans: readonly Uint8Array[]): Bytes {
  const resource = concat(
    message(1, attribute("service.name", message(1, service))),
    message(1, attribute("pid", number(3, 77))),
    message(UNKNOWN, "resource"),
  );
  const half = Math.ceil(spans.length / 2);
  const scope = concat(message(1, "scope"), message(2, "1.2"), message(3, attribute("a", number(2, 1))), number(4, 1));
  const first = concat(
    message(UNKNOWN, "before"),
    ...spans.slice(0, half).map((span) => message(2, span, 5)),
    message(1, scope),
    ...spans.slice(half).map((span) => message(2, span)),
    message(3, "https://schema/scope"),
    message(UNKNOWN, "behind"),
    concat(number(UNKNOWN, 300), fixed64(UNKNOWN, 6n), fixed32(UNKNOWN, 7)),
  );
  return concat(
    message(1, concat(message(3, "https://schema/first"), message(2, first), message(1, resource), message(2, ""))),
    message(UNKNOWN, "beside the resources"),
    message(1, message(1, resource)),
  );
}

/** A request of one resource and scope, as senders write it. */
export function request(service: string | undefined, spans: readonly Uint8Array[]): Bytes {
  const named = service === undefined ? NOTHING : message(1, attribute("service.name", message(1, service)));
  const scope = message(1, concat(message(1, "made"), message(2, "1")));
  return message(1, concat(message(1, named), message(2, concat(scope, ...spans.map((span) => message(2, span))))));
}
