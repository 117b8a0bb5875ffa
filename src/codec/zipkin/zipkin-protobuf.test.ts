import fc from "fast-check";
import { expect, it } from "vitest";
import { ZIPKIN_PROTO } from "../../../test/support/intakes.ts";
import { readMapped } from "../../../test/support/mapped-spans.ts";
import { SPAN_MARK } from "../../model/span.ts";

const List = ZIPKIN_PROTO.lookupType("List");
const encode = (spans: readonly object[]) => new Uint8Array(List.encode(List.fromObject({ spans })).finish());
const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

const KINDS = [undefined, "CLIENT", "SERVER", "PRODUCER", "CONSUMER"] as const;
const hexOf = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).filter((id) => id.some((byte) => byte !== 0));
const word = fc.string({ unit: "grapheme", maxLength: 12 });
const endpoint = fc.record(
  {
    serviceName: word,
    ipv4: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)),
    ipv6: fc.array(fc.constantFrom(0, 0, 1, 0xdb8, 0xffff), { minLength: 8, maxLength: 8 }),
    port: fc.integer({ min: 1, max: 65_535 }),
  },
  { requiredKeys: [] },
);
const micros = fc.integer({ min: 1, max: 2 ** 52 });
const span = fc.record(
  {
    traceId: fc.oneof(hexOf(16), hexOf(8)),
    id: hexOf(8),
    parentId: hexOf(8),
    name: word,
    kind: fc.nat(4),
    timestamp: micros,
    duration: micros,
    localEndpoint: endpoint,
    remoteEndpoint: endpoint,
    annotations: fc.array(fc.record({ timestamp: micros, value: word }), { maxLength: 3 }),
    tags: fc.dictionary(
      word.filter((key) => key !== "__proto__"),
      word,
      { maxKeys: 4 },
    ),
    debug: fc.boolean(),
    shared: fc.boolean(),
  },
  { requiredKeys: ["traceId", "id"] },
);
type Made = typeof span extends fc.Arbitrary<infer T> ? T : never;
type Endpoint = NonNullable<Made["localEndpoint"]>;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
/** As JSON has it: Node writes IPv6 in URLs as RFC 5952 says. */
const endpointJson = ({ ipv4, ipv6, ...others }: Endpoint) => ({
  ...others,
  ...(ipv4 === undefined ? {} : { ipv4: ipv4.join(".") }),
  ...(ipv6 === undefined
    ? {}
    : { ipv6: new URL(`http://[${ipv6.map((group) => group.toString(16)).join(":")}]`).hostname.slice(1, -1) }),
});
const endpointProto = ({ ipv4, ipv6, ...others }: Endpoint) => ({
  ...others,
  ...(ipv4 === undefined ? {} : { ipv4: Uint8Array.from(ipv4) }),
  ...(ipv6 === undefined ? {} : { ipv6: Uint8Array.from(ipv6.flatMap((group) => [group >> 8, group & 0xff])) }),
});
const mapped = (made: Made, of: (endpoint: Endpoint) => object) => ({
  ...(made.localEndpoint === undefined ? {} : { localEndpoint: of(made.localEndpoint) }),
  ...(made.remoteEndpoint === undefined ? {} : { remoteEndpoint: of(made.remoteEndpoint) }),
});

it("says the same as JSON does", () => {
  fc.assert(
    fc.property(fc.array(span, { maxLength: 4 }), (made) => {
      const proto = readMapped(
        "zipkin_protobuf",
        encode(made.map((one) => ({ ...one, ...mapped(one, endpointProto) }))),
      );
      const json = made.map((one) => ({
        ...one,
        ...mapped(one, endpointJson),
        traceId: hex(one.traceId),
        id: hex(one.id),
        ...(one.parentId === undefined ? {} : { parentId: hex(one.parentId) }),
        kind: KINDS[one.kind ?? 0],
      }));
      expect(proto).toEqual(readMapped("zipkin_json", Buffer.from(JSON.stringify(json))));
      expect(proto.message).toBe("");
    }),
    { numRuns: 300 },
  );
});

const GOOD = { traceId: new Uint8Array(16).fill(1), id: new Uint8Array(8).fill(2) };

it.each([
  [{ ...GOOD, kind: 9 }, SPAN_MARK.unknownKind],
  [{ ...GOOD, parentId: new Uint8Array(9).fill(1) }, SPAN_MARK.mended],
  [{ ...GOOD, localEndpoint: { ipv4: new Uint8Array(3) } }, SPAN_MARK.mended],
  [{ ...GOOD, localEndpoint: { port: 70_000 } }, SPAN_MARK.mended],
  [{ ...GOOD, localEndpoint: { port: -1 } }, SPAN_MARK.mended],
])("takes %j, and marks the span", (odd, mark) => {
  expect(readMapped("zipkin_protobuf", encode([odd])).marks).toEqual([mark]);
});

it("refuses a span alone whose bytes are no message", () => {
  const [good, broken] = [encode([GOOD]), fromHex("0a03ffffff")];
  const read = readMapped("zipkin_protobuf", Buffer.concat([good, broken, good]));
  expect(read.marks).toEqual([0, 0]);
  expect(read.message).toMatch(/^1 span refused: the span is unreadable \(1\); spans\[1\]: expected a field of Span/);
});
