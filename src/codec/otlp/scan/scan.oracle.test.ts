import { fileURLToPath } from "node:url";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { type AnyValue, anyValueText } from "../../../model/any-value.ts";
import { attributeHash } from "../../../model/attribute-hash.ts";
import { bytesToHex } from "../../../model/ids.ts";
import { SPAN_MARK } from "../../../model/span.ts";
import { endNano, nameOf, serviceOf, startNano } from "../../../model/span-columns.ts";
import { LINK_TRACE_KEY } from "../../../model/trace-query.ts";
import { DecodeError } from "../../decode-error.ts";
import { decodeTraces } from "../message/decode.ts";
import { encodeTraces } from "../message/encode.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { TraceScanner } from "./scan.ts";
import { DEFAULT_SCAN_LIMITS, type ScanResult, SPAN_TROUBLE } from "./scan-result.ts";

/**
 * The scanner against protobufjs with the project's own proto files: on every input both take it and see the same
 * columns, or both refuse it, but for what this table lists.
 */
const DIVERGENCES = {
  /** protobufjs refuses ill-formed UTF-8; the scanner takes the body and flags the row or the group. */
  scannerTakes: { oracle: /invalid utf8|utf-?8/i, flagged: SPAN_TROUBLE.invalidUtf8 },
  scannerRefuses: [
    /** A known field with another wire type: protobufjs steps over it as unknown. */
    /has the wrong wire type/,
    /** Groups: protobufjs steps over them. */
    /has wire type [34], which OTLP does not use/,
    /** Values nested deeper than 64: protobufjs counts messages, up to 100. */
    /nested too deeply/,
    /** A varint of more than 10 bytes in an unknown field: protobufjs steps over any length. */
    /varint longer than 10 bytes/,
  ],
} as const;

const root = new protobuf.Root();
const PROTO = fileURLToPath(new URL("../../../../proto/", import.meta.url));
root.resolvePath = (_origin, target) => (target.startsWith("/") ? target : PROTO + target);
root.loadSync("opentelemetry/proto/collector/trace/v1/trace_service.proto");
const Traces = root.lookupType("opentelemetry.proto.trace.v1.TracesData");

interface Row {
  readonly [column: string]: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: protobufjs reflection objects have no static type
type Reflected = any;

function big(value: Reflected): bigint {
  return value === undefined || value === 0 ? 0n : BigInt(value.toString());
}

function idHex(value: Uint8Array | undefined, size: number): string {
  const hex = bytesToHex(Uint8Array.from(value ?? []));
  return hex.length > size * 2 ? "0".repeat(size * 2) : hex.padStart(size * 2, "0");
}

function reflectedValue(value: Reflected): AnyValue {
  switch (value?.value) {
    case "stringValue":
      return { type: "string", value: value.stringValue };
    case "boolValue":
      return { type: "bool", value: value.boolValue };
    case "intValue":
      return { type: "int", value: big(value.intValue) };
    case "doubleValue":
      return { type: "double", value: value.doubleValue };
    case "bytesValue":
      return { type: "bytes", value: Uint8Array.from(value.bytesValue) };
    case "arrayValue":
      return { type: "array", value: (value.arrayValue.values ?? []).map(reflectedValue) };
    case "kvlistValue":
      return {
        type: "kvlist",
        value: (value.kvlistValue.values ?? []).map((kv: Reflected) => ({
          key: kv.key ?? "",
          value: reflectedValue(kv.value),
        })),
      };
    default:
      return { type: "empty" };
  }
}

function hashesOf(attributes: Reflected): number[] {
  return (attributes ?? []).map((kv: Reflected) => attributeHash(kv.key ?? "", anyValueText(reflectedValue(kv.value))));
}

const LATEST = 7_258_118_400_000_000_000n;

function impossible(time: bigint): boolean {
  return time === 0n || time > LATEST;
}

function oracleRows(data: Reflected): Row[] {
  const rows: Row[] = [];
  let group = -1;
  for (const resourceSpans of data.resourceSpans ?? []) {
    const named = resourceSpans.resource?.attributes?.find((kv: Reflected) => kv.key === "service.name");
    const value = named === undefined ? undefined : reflectedValue(named.value);
    const service = value?.type === "string" ? value.value : "";
    for (const scopeSpans of resourceSpans.scopeSpans ?? []) {
      group++;
      const groupHashes = [
        ...hashesOf(resourceSpans.resource?.attributes),
        ...hashesOf(scopeSpans.scope?.attributes),
      ].sort();
      for (const span of scopeSpans.spans ?? []) {
        const start = big(span.startTimeUnixNano);
        const end = big(span.endTimeUnixNano);
        const kind = span.kind ?? 0;
        const unknown = kind < 0 || kind > 5;
        const code = span.status?.code ?? 0;
        rows.push({
          group,
          groupHashes,
          service: service === "" ? "unknown_service" : service,
          traceId: idHex(span.traceId, 16),
          spanId: idHex(span.spanId, 8),
          parentId: idHex(span.parentSpanId, 8),
          name: span.name ?? "",
          kind: unknown ? 0 : kind,
          status: code === 1 || code === 2 ? code : 0,
          start,
          end,
          flags: span.flags ?? 0,
          traceState: span.traceState ?? "",
          marks:
            (end < start ? SPAN_MARK.negativeDuration : 0) |
            (impossible(start) || impossible(end) ? SPAN_MARK.impossibleTime : 0) |
            (unknown ? SPAN_MARK.unknownKind : 0) |
            (service === "" ? SPAN_MARK.serviceDefaulted : 0),
          hashes: [
            ...hashesOf(span.attributes),
            ...(span.events ?? []).flatMap((event: Reflected) => hashesOf(event.attributes)),
            ...(span.links ?? [])
              .filter((link: Reflected) => link.traceId?.length === 16)
              .map((link: Reflected) => attributeHash(LINK_TRACE_KEY, bytesToHex(link.traceId))),
          ].sort(),
        });
      }
    }
  }
  return rows;
}

function scannedRows(body: Uint8Array, result: ScanResult): Row[] {
  const { columns } = result;
  return Array.from({ length: columns.count }, (_, row) => {
    const group = columns.groupIndex[row] as number;
    return {
      group,
      groupHashes: [
        ...result.groupHashes.subarray(result.groupHashStart[group], result.groupHashStart[group + 1]),
      ].sort(),
      service: serviceOf(columns, row),
      traceId: bytesToHex(columns.traceIds, (columns.traceIndex[row] as number) * 16, 16),
      spanId: bytesToHex(columns.spanIds, row * 8, 8),
      parentId: bytesToHex(columns.parentIds, row * 8, 8),
      name: nameOf(columns, row),
      kind: columns.kind[row],
      status: columns.status[row],
      start: startNano(columns, row),
      end: endNano(columns, row),
      flags: result.flags[row],
      traceState: Buffer.from(body.subarray(result.traceStateStart[row], result.traceStateEnd[row])).toString(),
      marks: columns.marks[row],
      hashes: [...result.hashes.subarray(result.hashStart[row], result.hashStart[row + 1])].sort(),
    };
  });
}

const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
const seen = { bothTake: 0, bothRefuse: 0, scannerTakes: 0, scannerRefuses: 0 };

function compare(body: Uint8Array): void {
  let oracle: Reflected;
  let oracleError: unknown;
  try {
    oracle = Traces.decode(body);
  } catch (error) {
    oracleError = error;
  }
  let result: ScanResult | undefined;
  let scanError: unknown;
  try {
    result = scanner.scan(body);
  } catch (error) {
    scanError = error;
    expect(error).toBeInstanceOf(DecodeError);
  }
  agreeWithDecoder(body, scanError);
  if (oracleError === undefined && result !== undefined) {
    seen.bothTake++;
    expect(scannedRows(body, result)).toEqual(oracleRows(oracle));
    return;
  }
  if (result !== undefined) {
    seen.scannerTakes++;
    expect(String(oracleError)).toMatch(DIVERGENCES.scannerTakes.oracle);
    const flagged = result.troubles.some((bits) => (bits & DIVERGENCES.scannerTakes.flagged) !== 0);
    expect(flagged || result.groupTrouble).toBe(true);
    return;
  }
  if (oracleError !== undefined) {
    seen.bothRefuse++;
    return;
  }
  seen.scannerRefuses++;
  const message = (scanError as Error).message;
  expect(
    DIVERGENCES.scannerRefuses.some((pattern) => pattern.test(message)),
    message,
  ).toBe(true);
}

/** The slow path takes and refuses what the scanner does: else a stored body could not be read again. */
function agreeWithDecoder(body: Uint8Array, scanError: unknown): void {
  if (scanError === undefined) decodeTraces(body);
  else expect(() => decodeTraces(body)).toThrow(DecodeError);
}

/** How a field is written: its tag and what fills it. */
type Filler = (w: WireWriter, r: Random, depth: number) => void;

type Random = () => number;

function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

function pick<T>(r: Random, items: readonly T[]): T {
  return items[Math.floor(r() * items.length)] as T;
}

const TEXTS = [
  "",
  "a",
  "service.name",
  "sampling.priority",
  "GET /x",
  "Größe",
  "日本",
  "x".repeat(130),
  "\u0000",
  "🧵",
];
const NUMBERS = [
  0n,
  1n,
  7n,
  200n,
  -1n,
  2n ** 31n,
  2n ** 53n,
  2n ** 53n - 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  -(2n ** 53n),
];
const DOUBLES = [0, -0, 0.5, 1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, -3, 1e21];
const TIMES = [0n, 1_795_392_039_440_000_000n, 1_795_392_039_440_000_001n, LATEST, LATEST + 1n, 2n ** 64n - 1n];

const text =
  (tag: number): Filler =>
  (w, r) =>
    w.text(tag, pick(r, TEXTS));
const blob =
  (tag: number, sizes: readonly number[]): Filler =>
  (w, r) =>
    w.blob(
      tag,
      Uint8Array.from({ length: pick(r, sizes) }, () => Math.floor(r() * 3)),
    );
const int64 =
  (tag: number): Filler =>
  (w, r) => {
    w.tag(tag);
    w.int64(pick(r, NUMBERS));
  };
const fixed64 =
  (tag: number): Filler =>
  (w, r) => {
    w.tag(tag);
    w.fixed64(pick(r, TIMES));
  };
const fixed32 =
  (tag: number): Filler =>
  (w, r) => {
    w.tag(tag);
    w.fixed32(Math.floor(r() * 0x1_0000_0000));
  };
const message =
  (tag: number, fillers: () => readonly Filler[], most: number): Filler =>
  (w, r, depth) => {
    const start = w.open(tag);
    if (depth > 0) fill(w, r, fillers(), most, depth - 1);
    w.close(start);
  };

/** Messages above this depth have a field at least, so that most bodies have spans. */
const OUTER = 8;

/** Fields of a message in any order, any of them any number of times, now and then one nobody knows. */
function fill(w: WireWriter, r: Random, fillers: readonly Filler[], most: number, depth: number): void {
  const count = depth > OUTER ? Math.ceil(r() * most) : Math.floor(r() * (most + 1));
  for (let i = 0; i < count; i++) pick(r, r() < 0.05 ? UNKNOWN : fillers)(w, r, depth);
}

const UNKNOWN: readonly Filler[] = [text(0x3a2), int64(0x3a8), fixed64(0x3a1), fixed32(0x3a5), text(0xffff_fffa)];
const anyValue = (tag: number): Filler => message(tag, () => ANY_VALUE, 2);
const keyValue = (tag: number): Filler => {
  const loose = message(tag, () => KEY_VALUE, 3);
  return (w, r, depth) => {
    if (r() < 0.3) return loose(w, r, depth);
    const start = w.open(tag);
    w.text(0x0a, pick(r, TEXTS));
    const value = w.open(0x12);
    pick(r, ANY_VALUE)(w, r, Math.max(depth - 2, 0));
    w.close(value);
    w.close(start);
  };
};
const ANY_VALUE: readonly Filler[] = [
  text(0x0a),
  int64(0x10),
  int64(0x18),
  (w, r) => {
    w.tag(0x21);
    w.double(pick(r, DOUBLES));
  },
  message(0x2a, () => [anyValue(0x0a)], 3),
  message(0x32, () => [keyValue(0x0a)], 3),
  blob(0x3a, [0, 1, 5]),
];
const KEY_VALUE: readonly Filler[] = [text(0x0a), anyValue(0x12)];
const SPAN: readonly Filler[] = [
  blob(0x0a, [16, 16, 16, 0, 8, 17]),
  blob(0x12, [8, 8, 8, 0, 4, 9]),
  text(0x1a),
  blob(0x22, [8, 8, 0, 3, 16]),
  text(0x2a),
  int64(0x30),
  fixed64(0x39),
  fixed64(0x41),
  keyValue(0x4a),
  keyValue(0x4a),
  keyValue(0x4a),
  int64(0x50),
  message(0x5a, () => [fixed64(0x09), text(0x12), keyValue(0x1a), int64(0x20)], 5),
  int64(0x60),
  message(
    0x6a,
    () => [blob(0x0a, [16, 0]), blob(0x12, [8]), text(0x1a), keyValue(0x22), int64(0x28), fixed32(0x35)],
    5,
  ),
  int64(0x70),
  message(0x7a, () => [int64(0x08), text(0x12), int64(0x18)], 3),
  fixed32(0x85),
];
const RESOURCE_SPANS: readonly Filler[] = [
  message(
    0x0a,
    () => [
      keyValue(0x0a),
      keyValue(0x0a),
      int64(0x10),
      message(0x1a, () => [text(0x0a), text(0x12), text(0x1a), text(0x22)], 4),
    ],
    5,
  ),
  message(
    0x12,
    () => [
      message(0x0a, () => [text(0x0a), text(0x12), keyValue(0x1a), int64(0x20)], 4),
      message(0x12, () => SPAN, 14),
      message(0x12, () => SPAN, 14),
      text(0x1a),
    ],
    5,
  ),
  text(0x1a),
];

function generate(seed: number): Uint8Array {
  const w = new WireWriter();
  fill(w, randomFrom(seed), [message(0x0a, () => RESOURCE_SPANS, 5)], 3, 12);
  return w.finish();
}

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  how: fc.constantFrom("set", "flip", "insert", "remove", "cut", "repeat", "letter"),
  byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x0b, 0x0c), fc.nat(255)),
});

function mutate(
  body: Uint8Array,
  { at, how, byte }: typeof mutation extends fc.Arbitrary<infer T> ? T : never,
): Uint8Array {
  const bytes = [...body];
  const i = Math.floor(at * bytes.length);
  if (how === "set") bytes[i] = byte;
  else if (how === "flip") bytes[i] = (bytes[i] ?? 0) ^ (1 << (byte & 7));
  else if (how === "insert") bytes.splice(i, 0, byte);
  else if (how === "remove") bytes.splice(i, 1);
  else if (how === "cut") bytes.length = i;
  else if (how === "letter") {
    const letter = bytes.findIndex((one, k) => k >= i && one >= 0x61 && one <= 0x7a);
    if (letter >= 0) bytes[letter] = 0xe1;
  } else bytes.splice(i, 0, ...bytes.slice(i, i + byte));
  return Uint8Array.from(bytes);
}

describe("TraceScanner and protobufjs", () => {
  it("agree on messages of every shape", () => {
    let spans = 0;
    let hashes = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const body = generate(seed);
        compare(body);
        const result = scanner.scan(body);
        spans += result.columns.count;
        hashes += result.hashes.length;
      }),
      { numRuns: 1500 },
    );
    expect(spans).toBeGreaterThan(3000);
    expect(hashes).toBeGreaterThan(3000);
  });

  it("agree on damaged messages", () => {
    Object.assign(seen, { bothTake: 0, bothRefuse: 0, scannerTakes: 0, scannerRefuses: 0 });
    fc.assert(
      fc.property(fc.nat(), fc.array(mutation, { minLength: 1, maxLength: 3 }), (seed, mutations) => {
        compare(mutations.reduce(mutate, generate(seed)));
      }),
      { numRuns: 4000 },
    );
    for (const [outcome, count] of Object.entries(seen)) expect(count, outcome).toBeGreaterThan(5);
  });

  it("agree on any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), compare), { numRuns: 2000 });
  });

  it("agree after decoding and encoding again", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const data = decodeTraces(generate(seed));
        const again = encodeTraces(data);
        expect(decodeTraces(again)).toEqual(data);
        compare(again);
      }),
      { numRuns: 500 },
    );
  });
});
