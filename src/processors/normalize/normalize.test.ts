import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { DecodeError } from "../../codec/decode-error.ts";
import { decodeTraces } from "../../codec/otlp/message/decode.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { PermanentError } from "../../component/errors.ts";
import { Metrics } from "../../component/metrics.ts";
import { findAttribute } from "../../model/any-value.ts";
import { SPAN_MARK } from "../../model/span.ts";
import { nameOf, serviceOf } from "../../model/span-columns.ts";
import { type BatchReading, createDecoders } from "./decoders.ts";
import { Normalizer } from "./normalize.ts";
import { normalizeConfig } from "./normalize-config.ts";

const RAW = new URL("../../../test/fixtures/raw/", import.meta.url);

function setUp(config: object = {}) {
  const metrics = new Metrics();
  const normalizer = new Normalizer(normalizeConfig.parse(config), metrics);
  const count = (name: string, reason?: string): number =>
    metrics
      .snapshot()
      .filter((sample) => sample.name === `spanloom_normalize_${name}_spans_total`)
      .filter((sample) => reason === undefined || sample.labels.reason === reason)
      .reduce((sum, sample) => sum + sample.value, 0);
  return { normalizer, count };
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const GOOD = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: "good" };
const withSpans = (...spans: object[]): Uint8Array => json({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const spansOf = (body: Uint8Array) => decodeTraces(body).flatMap((r) => r.scopeSpans.flatMap((s) => s.spans));

describe("a format of the table", () => {
  /** A line is the name of a span. */
  function toOtlp(bytes: Uint8Array): Uint8Array {
    const lines = new TextDecoder().decode(bytes).split("\n");
    if (lines.includes("")) throw new DecodeError("an empty line; expected a name");
    const spans = lines.map((name, i) => spanWith({ name, spanId: `111213141516171${i}` }));
    return encodeTraces([serviceWith("text", spans)]);
  }
  const open = (bytes: Uint8Array): BatchReading => ({
    whole: () => ({ body: toOtlp(bytes) }),
    *pieces() {
      yield { body: toOtlp(bytes) };
    },
    unknownFields: [],
    saysNothing: bytes.length === 0,
  });
  const decoders = { ...createDecoders(), otlp_json: { title: "lines of text", open } };
  const normalizer = new Normalizer(normalizeConfig.parse({}), new Metrics(), decoders);
  const bytes = (text: string) => new TextEncoder().encode(text);

  it("is decoded, scanned and stored as OTLP", () => {
    const { body, scan } = normalizer.normalize("otlp_json", bytes("a\nb"));
    expect([0, 1].map((row) => nameOf(scan.columns, row))).toEqual(["a", "b"]);
    expect(spansOf(body).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("is named where its bytes cannot be read", () => {
    expect(() => normalizer.normalize("otlp_json", bytes("a\n"))).toThrow(
      "not readable as lines of text: an empty line; expected a name",
    );
  });
});

describe("recorded requests", () => {
  const files = readdirSync(RAW, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".bin"))
    .sort();

  it.each(["node-shop", "python-shop", "telemetrygen"])("of %s: every span is taken and none is mended", (name) => {
    const { normalizer, count } = setUp();
    const lines = readFileSync(new URL(`../../../test/fixtures/${name}.jsonl`, import.meta.url), "utf8")
      .trimEnd()
      .split("\n");
    const bodies = files.filter((file) => file.startsWith(name));
    expect(bodies.length).toBeGreaterThan(7);
    for (const file of bodies) {
      const bytes = readFileSync(new URL(file, RAW));
      const batch = normalizer.normalize(file.includes("json") ? "otlp_json" : "otlp_protobuf", bytes);
      const line = JSON.parse(lines[Number(/(\d{4})\./.exec(file)?.[1])] as string);
      const expected = line.resourceSpans.flatMap((r: { scopeSpans: { spans: { name: string }[] }[] }) =>
        r.scopeSpans.flatMap((s) => s.spans.map((span) => span.name)),
      );
      const { columns } = batch.scan;
      expect(
        Array.from({ length: columns.count }, (_, row) => nameOf(columns, row)),
        file,
      ).toEqual(expected);
      expect([batch.rejected, batch.message], file).toEqual([0, ""]);
      if (!file.includes("json")) expect(batch.body, file).toBe(bytes);
    }
    expect([count("mended"), count("refused")]).toEqual([0, 0]);
  });

  it("an integer beyond int64 from JSON is kept as a double", () => {
    const bytes = readFileSync(new URL("node-shop/0007.http-json.bin", RAW));
    expect(bytes.includes("1e+300")).toBe(true);
    const { normalizer } = setUp();
    const { body } = normalizer.normalize("otlp_json", bytes);
    const values = spansOf(body).flatMap((span) => span.attributes.map((attribute) => attribute.value));
    expect(values).toContainEqual({ type: "double", value: 1e300 });
  });
});

describe("what is mended", () => {
  it("short ids are padded, the other spans are not marked", () => {
    const { normalizer, count } = setUp();
    const short = { ...GOOD, traceId: "8448eb211c80319c", spanId: "331", name: "short" };
    const { scan, body, rejected } = normalizer.normalize("otlp_json", withSpans(GOOD, { ...short, spanId: "3331" }));
    expect(rejected).toBe(0);
    expect(spansOf(body)[1]).toMatchObject({ traceId: "00000000000000008448eb211c80319c", spanId: "0000000000003331" });
    expect([...scan.columns.marks].map((marks) => marks & SPAN_MARK.mended)).toEqual([0, SPAN_MARK.mended]);
    expect(count("mended")).toBe(1);
  });

  it("text that is not UTF-8 gets U+FFFD, from protobuf", () => {
    const { normalizer } = setUp();
    const fine = normalizer.normalize("otlp_json", withSpans({ ...GOOD, name: "caf~" })).body;
    const broken = Buffer.from(fine);
    broken[broken.indexOf("caf~") + 3] = 0xe9;
    const { scan, rejected } = normalizer.normalize("otlp_protobuf", broken);
    expect(nameOf(scan.columns, 0)).toBe("caf\ufffd");
    expect((scan.columns.marks[0] as number) & SPAN_MARK.mended).toBe(SPAN_MARK.mended);
    expect(rejected).toBe(0);
  });

  it("attributes beyond the limits are cut and counted on the span", () => {
    const { normalizer, count } = setUp({ max_attributes: 2, max_attribute_value_bytes: 5 });
    const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const attributes = [attribute("a", "123456789"), attribute("b", "ääää"), attribute("c", "x")];
    const { body } = normalizer.normalize("otlp_json", withSpans({ ...GOOD, attributes, droppedAttributesCount: 3 }));
    const [span] = spansOf(body);
    expect(span?.droppedAttributesCount).toBe(4);
    expect(findAttribute(span?.attributes ?? [], "a")).toEqual({ type: "string", value: "12345" });
    expect(findAttribute(span?.attributes ?? [], "b")).toEqual({ type: "string", value: "ää" });
    expect(count("mended")).toBe(1);
  });

  it("a mended resource marks all its spans", () => {
    const { normalizer, count } = setUp({ max_attribute_value_bytes: 4 });
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "checkout" } }] };
    const body = json({ resourceSpans: [{ resource, scopeSpans: [{ spans: [GOOD, GOOD] }] }] });
    const { scan } = normalizer.normalize("otlp_json", body);
    expect(serviceOf(scan.columns, 0)).toBe("chec");
    expect(count("mended")).toBe(2);
  });
});

describe("what is refused", () => {
  it("spans without usable ids, each with its reason, and no others", () => {
    const { normalizer, count } = setUp();
    const zero = "0".repeat(32);
    const { scan, rejected, message } = normalizer.normalize(
      "otlp_json",
      withSpans({ ...GOOD, traceId: zero }, GOOD, { ...GOOD, traceId: zero }, { ...GOOD, spanId: "" }),
    );
    expect(scan.columns.count).toBe(1);
    expect(nameOf(scan.columns, 0)).toBe("good");
    expect((scan.columns.marks[0] as number) & SPAN_MARK.mended).toBe(0);
    expect(rejected).toBe(3);
    expect(message).toBe(
      "3 spans refused: trace id is all zero (2), span id is empty (1); " +
        `resourceSpans[0].scopeSpans[0].spans[0].traceId: expected 32 hex digits, found "${zero}"; ` +
        `resourceSpans[0].scopeSpans[0].spans[2].traceId: expected 32 hex digits, found "${zero}"; ` +
        'resourceSpans[0].scopeSpans[0].spans[3].spanId: expected 16 hex digits, found ""',
    );
    expect(count("refused", "trace id is all zero")).toBe(2);
    expect(count("mended")).toBe(0);
  });

  it("all spans of a batch", () => {
    const { normalizer } = setUp();
    const batch = normalizer.normalize("otlp_json", withSpans({ ...GOOD, spanId: "0".repeat(16) }));
    expect(batch.scan.columns.count).toBe(0);
    expect(batch.message).toMatch(/^1 span refused: span id is all zero \(1\); resourceSpans\[0\]/);
  });

  it.each([
    ["otlp_protobuf", Uint8Array.of(10, 200), "not readable as OTLP protobuf"],
    ["otlp_protobuf", new TextEncoder().encode('{"resourceSpans":[]}'), "not readable as OTLP protobuf"],
    ["otlp_json", Uint8Array.of(10, 0), "not readable as OTLP/JSON"],
    ["otlp_json", new Uint8Array(0), "not readable as OTLP/JSON"],
  ] as const)("%s that is none, as malformed: %o", (format, bytes, text) => {
    const { normalizer } = setUp();
    const run = () => normalizer.normalize(format, bytes);
    expect(run).toThrow(PermanentError);
    expect(run).toThrow(expect.objectContaining({ code: "malformed", message: expect.stringContaining(text) }));
  });

  it("leaves the normalizer fit for the next batch", () => {
    const { normalizer } = setUp();
    expect(() => normalizer.normalize("otlp_protobuf", Uint8Array.of(10, 200))).toThrow(PermanentError);
    expect(normalizer.normalize("otlp_json", withSpans(GOOD)).scan.columns.count).toBe(1);
  });
});

describe("config", () => {
  it("has the documented defaults and refuses unknown keys", () => {
    expect(normalizeConfig.parse({})).toEqual({
      max_attributes: 1_024,
      max_attribute_value_bytes: 1_048_576,
      max_events: 4_096,
      max_links: 4_096,
      max_name_bytes: 4_096,
    });
    expect(normalizeConfig.safeParse({ max_attribute: 1 }).success).toBe(false);
  });
});
