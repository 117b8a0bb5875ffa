import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resourceWith, scopeWith, spanWith, textAttribute } from "../../../../test/support/otlp-spans.ts";
import type { AnyValue } from "../../../model/any-value.ts";
import type { Span, TracesData } from "../../../model/span.ts";
import { DecodeError } from "../../decode-error.ts";
import { JsonCursor } from "../../json/json-cursor.ts";
import { wellFormed } from "../../utf8.ts";
import { encodeEntityRef } from "../message/entity-ref.ts";
import { jsonToTraces } from "./json-in.ts";
import { tracesToJson } from "./json-out.ts";

function read(json: string): TracesData {
  return jsonToTraces(Buffer.from(json));
}

function spanOf(fields: string): Span {
  const data = read(`{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`);
  return data[0]?.scopeSpans[0]?.spans[0] as Span;
}

const IDS = '"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"1112131415161718"';

function readValue(json: string): AnyValue | undefined {
  return spanOf(`${IDS},"attributes":[{"key":"k","value":${json}}]`).attributes[0]?.value;
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
    expect(
      spanOf(`${IDS},"startTimeUnixNano":1795392039440000001,"endTimeUnixNano":"18446744073709551615"`),
    ).toMatchObject({
      startTimeUnixNano: 1_795_392_039_440_000_001n,
      endTimeUnixNano: 2n ** 64n - 1n,
    });
  });

  it("takes ids of either case and of fewer digits", () => {
    const span = spanOf('"traceId":"ABCDEF","spanId":"aBc"');
    expect(span).toMatchObject({ traceId: "abcdef".padStart(32, "0"), spanId: "abc".padStart(16, "0") });
  });

  it("ignores unknown fields", () => {
    expect(spanOf(`${IDS},"name":"n","more":[{"a":1}]`)).toMatchObject({ name: "n" });
  });

  it("takes null for a default", () => {
    expect(spanOf(`${IDS},"name":null,"kind":null,"attributes":null,"status":null`)).toMatchObject({
      name: "",
      kind: 0,
    });
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

  it("cuts what is nested too deeply, and reads JSON nested as deep as it likes", () => {
    const nest = (depth: number) => `${'{"arrayValue":{"values":['.repeat(depth)}{}${"]}}".repeat(depth)}`;
    const depthOf = (value: AnyValue | undefined): number =>
      value?.type === "array" ? 1 + depthOf(value.value[0]) : value === undefined ? 0 : 1;
    expect(depthOf(readValue(nest(63)))).toBe(64);
    expect(depthOf(readValue(nest(150)))).toBe(64);
    const deep = 200_000;
    expect(read(`{"more":${"[".repeat(deep)}${"]".repeat(deep)}}`)).toEqual([]);
    expect(() => read("[".repeat(deep))).toThrow(/^malformed JSON at line 1, column 200001: expected a value/);
  });
});

describe("JsonCursor", () => {
  const accepts = (text: string): boolean => {
    const cursor = new JsonCursor(Buffer.from(text));
    try {
      cursor.skip();
      cursor.finish();
      return true;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return false;
    }
  };

  it("takes what JSON.parse takes, and ends where it ends", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom("", " ", "\n\t"), (json, space) => {
        const text = `[${space}${json}${space},${json}]`;
        expect(accepts(text)).toBe(true);
        const cursor = new JsonCursor(Buffer.from(`${text} 1`));
        cursor.checked = true;
        cursor.skip();
        expect(cursor.at).toBe(Buffer.byteLength(text));
      }),
    );
  });

  it("steps over a value in parts as in one go, wherever it pauses", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat({ max: 7 }), (json, step) => {
        const text = `[[[${json}, ${json}]], {"a": [${json}]}]`;
        const cursor = new JsonCursor(Buffer.from(`${text} 1`));
        cursor.beginSkip();
        let pauses = 0;
        while (!cursor.skipOn(cursor.at + step)) pauses++;
        expect(cursor.at).toBe(Buffer.byteLength(text));
        if (step === 0) expect(pauses).toBeGreaterThan(2);
      }),
    );
  });

  it("pauses while it leaves what is nested deeply, and knows the end and the number of items of what is long", () => {
    const deep = 400_000;
    const item = `{"b": [${"[],".repeat(100_000)}{}]}`;
    const text = `[ 1, ${"[".repeat(deep)}${"]".repeat(deep)}, "]", ${item}]`;
    const read = (checked: boolean) => {
      const cursor = new JsonCursor(Buffer.from(`${text},`));
      if (checked) {
        cursor.beginSkip();
        let longest = 0;
        for (let from = 0; !cursor.skipOn(cursor.at + 10_000); from = cursor.at) {
          longest = Math.max(longest, cursor.at - from);
        }
        expect(longest).toBeLessThan(20_000);
        cursor.at = 0;
        cursor.checked = true;
      }
      cursor.enterArray();
      cursor.skip();
      cursor.moreItems();
      return [cursor.skipItems(0, 1), cursor.at];
    };
    expect(read(true)).toEqual([3, text.length]);
    expect(read(false)).toEqual([3, text.length]);
  });

  it("refuses what JSON.parse refuses", () => {
    const characters = fc.constantFrom("", ",", "}", "]", '"', "\\", "-", "e", " ", ".", "0", "\u0001");
    fc.assert(
      fc.property(fc.json({ maxDepth: 2 }), fc.nat(), characters, (json, at, put) => {
        const i = at % (json.length + 1);
        const text = `[${json.slice(0, i)}${put}${json.slice(i + 1)},1.50e+3]`;
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(accepts(text)).toBe(valid);
      }),
    );
  });

  it("undoes escapes as JSON.parse does, but for lone surrogates", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, escaped) => {
        const json = escaped
          ? `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")}"`
          : JSON.stringify(text);
        const cursor = new JsonCursor(Buffer.from(json));
        cursor.string();
        const to = Buffer.alloc(cursor.end - cursor.start);
        expect(to.toString("utf8", 0, cursor.unescape(to))).toBe(wellFormed(text));
      }),
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
