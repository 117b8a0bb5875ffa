import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resourceWith, scopeWith, spanWith, textAttribute } from "../../../../test/support/otlp-spans.ts";
import type { AnyValue } from "../../../model/any-value.ts";
import type { Span, TracesData } from "../../../model/span.ts";
import { DecodeError } from "../../decode-error.ts";
import { encodeTraces } from "../message/encode.ts";
import { encodeEntityRef } from "../message/entity-ref.ts";
import { TraceScanner } from "../scan/scan.ts";
import { DEFAULT_SCAN_LIMITS, SPAN_TROUBLE } from "../scan/scan-result.ts";
import { jsonToTraces } from "./json-in.ts";
import { tracesToJson } from "./json-out.ts";
import { parseJson } from "./json-reader.ts";

function read(json: string): TracesData {
  return jsonToTraces(Buffer.from(json));
}

function spanOf(fields: string): Span {
  const data = read(`{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`);
  return data[0]?.scopeSpans[0]?.spans[0] as Span;
}

function readValue(json: string): AnyValue | undefined {
  return spanOf(`"attributes":[{"key":"k","value":${json}}]`).attributes[0]?.value;
}

describe("jsonToTraces", () => {
  it.each<[string, AnyValue]>([
    ['{"intValue":1152921504606847000}', { type: "int", value: 1_152_921_504_606_847_000n }],
    ['{"intValue":-9223372036854775808}', { type: "int", value: -(2n ** 63n) }],
    ['{"intValue":"9223372036854775807"}', { type: "int", value: 2n ** 63n - 1n }],
    ['{"intValue":7}', { type: "int", value: 7n }],
    ['{"intValue":1e+300}', { type: "double", value: 1e300 }],
    ['{"intValue":9223372036854775808}', { type: "double", value: 2 ** 63 }],
    ['{"intValue":1.5}', { type: "double", value: 1.5 }],
    ['{"doubleValue":null}', { type: "empty" }],
    ['{"doubleValue":"NaN"}', { type: "double", value: Number.NaN }],
    ['{"doubleValue":"-Infinity"}', { type: "double", value: Number.NEGATIVE_INFINITY }],
    ['{"doubleValue":3}', { type: "double", value: 3 }],
    ["{}", { type: "empty" }],
    ["null", { type: "empty" }],
    ['{"stringValue":"a\\ud800b"}', { type: "string", value: "a\ufffdb" }],
    ['{"bytesValue":"AP/+"}', { type: "bytes", value: Uint8Array.of(0, 255, 254) }],
    ['{"boolValue":false}', { type: "bool", value: false }],
    ['{"arrayValue":{}}', { type: "array", value: [] }],
    [
      '{"arrayValue":{"values":[{},{"intValue":1}]}}',
      { type: "array", value: [{ type: "empty" }, { type: "int", value: 1n }] },
    ],
    ['{"kvlistValue":{"values":[{"key":"a"}]}}', { type: "kvlist", value: [{ key: "a", value: { type: "empty" } }] }],
  ])("reads %s", (json, value) => {
    expect(readValue(json)).toEqual(value);
  });

  it("keeps every digit of times, as string or number", () => {
    expect(spanOf('"startTimeUnixNano":1795392039440000001,"endTimeUnixNano":"18446744073709551615"')).toMatchObject({
      startTimeUnixNano: 1_795_392_039_440_000_001n,
      endTimeUnixNano: 2n ** 64n - 1n,
    });
  });

  it("takes ids of either case and keeps their length", () => {
    expect(spanOf('"traceId":"ABCDEF","spanId":"aBc"')).toMatchObject({ traceId: "abcdef", spanId: "0abc" });
  });

  it("leaves a span with an id that is no hex for the scanner to flag, and the others alone", () => {
    const good = '{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"1112131415161718"}';
    const bad = [good.replace("0102", "zz02"), good.replace("1112", "GG12"), good.replace("}", ',"parentSpanId":"?"}')];
    const data = read(`{"resourceSpans":[{"scopeSpans":[{"spans":[${[good, ...bad].join(",")}]}]}]}`);
    const { troubles } = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(encodeTraces(data));
    expect([...troubles].map((bits) => (bits & SPAN_TROUBLE.badSpanId) !== 0)).toEqual([false, true, true, true]);
  });

  it("ignores unknown fields and snake_case names", () => {
    expect(spanOf('"name":"n","start_time_unix_nano":"5","more":[{"a":1}]')).toMatchObject({
      name: "n",
      startTimeUnixNano: 0n,
    });
  });

  it("takes null for a default", () => {
    expect(spanOf('"name":null,"kind":null,"attributes":null,"status":null')).toMatchObject({ name: "", kind: 0 });
  });

  it.each([
    [
      '"kind":"SPAN_KIND_SERVER"',
      /^resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]\.kind: expected an integer .*SPAN_KIND_SERVER/,
    ],
    ['"status":{"code":"STATUS_CODE_OK"}', /spans\[0\]\.status\.code: expected an integer/],
    ['"startTimeUnixNano":"soon"', /spans\[0\]\.startTimeUnixNano: expected nanoseconds/],
    ['"startTimeUnixNano":-1', /startTimeUnixNano: expected nanoseconds/],
    ['"flags":4294967296', /flags: expected an unsigned 32-bit integer/],
    ['"attributes":{}', /attributes: expected an array, found \{\}/],
    ['"attributes":[7]', /attributes\[0\]: expected an object, found 7/],
    ['"attributes":[{"key":"k","value":{"intValue":"x"}}]', /attributes\[0\]\.value\.intValue: expected an integer/],
    ['"attributes":[{"key":"k","value":{"bytesValue":"?"}}]', /bytesValue: expected base64/],
    ['"attributes":[{"key":"k","value":{"boolValue":1}}]', /boolValue: expected true or false/],
    ['"events":[{"name":5}]', /events\[0\]\.name: expected a string, found 5/],
  ])("names the path in %s", (fields, message) => {
    expect(() => spanOf(fields)).toThrow(DecodeError);
    expect(() => spanOf(fields)).toThrow(message);
  });

  it.each([
    ['{\n  "resourceSpans": [}', /malformed JSON at line 2, column 21: expected a value, found "}"/],
    ["", /line 1, column 1: expected a value, found the end of the text/],
    ['{"a":1,}', /line 1, column 8: expected a property name/],
    ['{"a" 1}', /expected `:`/],
    ["[1 2]", /expected `,` or `\]`/],
    ["{} x", /expected the end of the document/],
    ['{"a":"b', /expected the end of the string/],
    ['{"a":"\\x"}', /escape/],
    ['{"a":"\n"}', /control character/],
    ["01", /expected the end of the document, found "1"/],
    ["[]", /the document: expected an object/],
  ])("says where %j is malformed", (json, message) => {
    expect(() => read(json)).toThrow(message);
  });

  it("bounds the nesting of values and of JSON", () => {
    const nest = (depth: number) => `${'{"arrayValue":{"values":['.repeat(depth)}{}${"]}}".repeat(depth)}`;
    expect(readValue(nest(63))?.type).toBe("array");
    expect(() => readValue(nest(64))).toThrow(/nested deeper than 64/);
    expect(() => read(`${"[".repeat(5000)}1234567890123456`)).toThrow(/nested deeper than 1000/);
  });
});

describe("parseJson", () => {
  it("reads as JSON.parse does, but for integers that a float64 cannot hold", () => {
    const plain = (json: unknown): unknown =>
      typeof json === "bigint"
        ? Number(json)
        : Array.isArray(json)
          ? json.map(plain)
          : typeof json === "object" && json !== null
            ? Object.fromEntries(Object.entries(json).map(([k, v]) => [k, plain(v)]))
            : json;
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (json, big) => {
        const text = `[ 1234567890123456789 ,${json},${big}\t]`;
        expect(plain(parseJson(text))).toEqual(JSON.parse(text));
        expect((parseJson(text) as unknown[])[0]).toBe(1_234_567_890_123_456_789n);
        expect(BigInt((parseJson(text) as bigint[])[2] as bigint)).toBe(big);
      }),
      { numRuns: 500 },
    );
  });

  it("refuses what JSON.parse refuses", () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 2 }),
        fc.nat(),
        fc.constantFrom("", ",", "}", "]", '"', "\\", "-", "e", " "),
        (json, at, put) => {
          const i = at % (json.length + 1);
          const text = `[${json.slice(0, i)}${put}${json.slice(i + 1)},1234567890123456789]`;
          let valid = true;
          try {
            JSON.parse(text);
          } catch {
            valid = false;
          }
          if (valid) parseJson(text);
          else expect(() => parseJson(text)).toThrow(DecodeError);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("tracesToJson", () => {
  it("keeps what recorded bodies do not hold: entity references, scope attributes, negative zero, unknown text", () => {
    const ref = {
      schemaUrl: "https://s",
      type: "host",
      idKeys: ["host.id"],
      descriptionKeys: ["host.name", "os.type"],
    };
    const data: TracesData = [
      {
        resource: {
          ...resourceWith([textAttribute("a", "\u2028</script>")]),
          droppedAttributesCount: 3,
          entityRefs: [encodeEntityRef(ref)],
        },
        schemaUrl: "https://r",
        scopeSpans: [
          {
            scope: {
              ...scopeWith("s"),
              version: "1",
              attributes: [textAttribute("b", "c")],
              droppedAttributesCount: 2,
            },
            schemaUrl: "https://s",
            spans: [
              spanWith({
                attributes: [{ key: "zero", value: { type: "double", value: -0 } }],
                traceState: "a=b",
                links: [
                  {
                    traceId: "01".repeat(16),
                    spanId: "02".repeat(8),
                    traceState: "x=y",
                    attributes: [],
                    droppedAttributesCount: 1,
                    flags: 3,
                  },
                ],
                droppedLinksCount: 9,
              }),
            ],
          },
        ],
      },
    ];
    const json = tracesToJson(data);
    expect(JSON.parse(json).resourceSpans[0].resource.entityRefs).toEqual([ref]);
    expect(read(json)).toEqual(data);
  });

  it("writes an empty body and an empty group", () => {
    expect(tracesToJson([])).toBe('{"resourceSpans":[]}');
    expect(tracesToJson([{ resource: resourceWith([]), schemaUrl: "", scopeSpans: [] }])).toBe(
      '{"resourceSpans":[{"resource":{}}]}',
    );
  });
});
