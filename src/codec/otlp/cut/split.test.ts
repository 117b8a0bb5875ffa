import { describe, expect, it } from "vitest";
import { scopeWith, serviceWith, spanWith, textAttribute } from "../../../../test/support/otlp-spans.ts";
import type { TracesData } from "../../../model/span.ts";
import { DecodeError } from "../../decode-error.ts";
import { JsonTraces } from "../json/json-in.ts";
import { tracesToJson } from "../json/json-out.ts";
import { decodeTraces } from "../message/decode.ts";
import { encodeSpan, encodeTraces } from "../message/encode.ts";
import { PIECE_SPANS, Refusals } from "../message/refusals.ts";
import { DEFAULT_SPAN_LIMITS } from "../message/span-limits.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { mendBody } from "./mend.ts";
import { splitBody } from "./split.ts";

const PIECE = 2_000;

/** Groups shorter and longer than a piece; spans are named by number. */
function traces(): TracesData {
  let number = 0;
  const spans = (count: number) => Array.from({ length: count }, () => spanWith({ name: `n${number++}` }));
  const service = (name: string, ...counts: number[]) => {
    const group = serviceWith(name, []);
    return {
      ...group,
      schemaUrl: `https://${name}`,
      scopeSpans: counts.map((count, i) => ({
        scope: { ...scopeWith(`${name} ${i}`), attributes: [textAttribute("of", name)] },
        schemaUrl: `s${i}`,
        spans: spans(count),
      })),
    };
  };
  return [
    service("small", 3),
    service("long scope", 1, 200, 1),
    service("many scopes", ...Array(80).fill(1)),
    service("last", 2),
  ];
}

/** Name → what the span belongs to. */
function belongings(data: TracesData): [string, unknown][] {
  return data.flatMap(({ resource, schemaUrl, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, schemaUrl: scopeUrl, spans }) =>
      spans.map((span): [string, unknown] => [span.name, { resource, schemaUrl, scope, scopeUrl, span }]),
    ),
  );
}

describe("splitBody", () => {
  it("gives pieces that hold the spans in order, each with its resource and scope", () => {
    const data = traces();
    const pieces = [...splitBody(encodeTraces(data), PIECE)].filter((piece) => piece !== undefined);
    expect(pieces.length).toBeGreaterThan(5);
    for (const { body } of pieces) expect(body.length).toBeLessThan(2 * PIECE);
    expect(pieces.flatMap(({ body }) => belongings(decodeTraces(body)))).toEqual(belongings(data));
  });

  it("says where the first span of each piece stands", () => {
    const data = traces();
    const broken = data.map((entry) => ({
      ...entry,
      scopeSpans: entry.scopeSpans.map((scope) => ({
        ...scope,
        spans: scope.spans.map((span) => ({ ...span, traceId: span.name === "n150" ? "00" : span.traceId })),
      })),
    }));
    const refusals = new Refusals();
    for (const piece of splitBody(encodeTraces(broken), PIECE)) {
      if (piece !== undefined) mendBody(piece.body, DEFAULT_SPAN_LIMITS, refusals, piece.first);
    }
    expect(refusals.message).toContain("; resourceSpans[1].scopeSpans[1].spans[146].traceId: expected");
  });

  it("bounds the spans of a piece, unless what is repeated would outweigh them", () => {
    const sizes = (name: string) => {
      const group = serviceWith(
        name,
        Array.from({ length: 100 }, () => spanWith({ name: "" })),
      );
      const given = [...splitBody(encodeTraces([group]), PIECE, 7)].filter((piece) => piece !== undefined);
      return given.map(({ body }) => belongings(decodeTraces(body)).length);
    };
    expect(sizes("a")).toEqual([...Array(14).fill(7), 2]);
    const long = sizes("long".repeat(250));
    expect(Math.min(...long.slice(0, -1))).toBeGreaterThan(7);
    expect(long.reduce((sum, count) => sum + count)).toBe(100);
  });

  it("says where a span stands behind many short ones, and pauses before the first piece of a long group", () => {
    const w = new WireWriter();
    const resourceSpans = w.open(0x0a);
    const scopeSpans = w.open(0x12);
    w.raw(Buffer.alloc(600_000, Uint8Array.of(0x12, 0)));
    w.blob(0x12, encodeSpan(spanWith({ traceId: "00" })));
    w.close(scopeSpans);
    w.close(resourceSpans);
    const refusals = new Refusals();
    const given = [...splitBody(w.finish(), PIECE)];
    for (const piece of given) {
      if (piece === undefined) continue;
      expect(piece.body.length).toBeLessThan(2 * PIECE);
      mendBody(piece.body, DEFAULT_SPAN_LIMITS, refusals, piece.first);
    }
    expect(refusals.reasons.get("trace id is empty")).toBe(300_000);
    expect(refusals.reasons.get("trace id is all zero")).toBe(1);
    expect(given.findIndex((piece) => piece !== undefined)).toBeGreaterThan(1);
  });

  it("hands on what breaks off inside, and refuses what breaks off outside", () => {
    const data = encodeTraces(traces());
    expect(() => splitBody(Uint8Array.from([...data, 0x0a, 9]), PIECE).next()).toThrow(DecodeError);
    const refusals = new Refusals();
    const cut = Buffer.from(data);
    // The length of a span in the middle.
    cut[cut.lastIndexOf("n150") - 31] = 0xff;
    let spans = 0;
    for (const piece of splitBody(cut, PIECE)) {
      if (piece !== undefined) spans += mendBody(piece.body, DEFAULT_SPAN_LIMITS, refusals, piece.first).marks.length;
    }
    expect(spans + refusals.count).toBeGreaterThan(140);
    expect(refusals.count).toBeGreaterThan(0);
  });

  it("pauses in what gives no pieces", () => {
    const empty = new Uint8Array(6 << 20);
    for (let at = 0; at < empty.length; at += 2) empty[at] = 0x3a;
    const given = [...splitBody(empty, PIECE)];
    expect(given.every((piece) => piece === undefined)).toBe(true);
  });
});

describe("pieces of JSON", () => {
  const pieces = (json: unknown) => [
    ...new JsonTraces(
      Buffer.from(typeof json === "string" ? json : JSON.stringify(json)),
      DEFAULT_SPAN_LIMITS,
      new Refusals(),
    ).pieces(PIECE),
  ];

  it("hold the spans in order, each with its resource and scope, whatever the order of members", () => {
    const data = traces();
    const forward = JSON.parse(tracesToJson(data));
    const backward = JSON.parse(tracesToJson(data), (_key, value) =>
      value !== null && typeof value === "object" && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    );
    for (const json of [forward, backward]) {
      const given = pieces(json).filter((piece) => piece !== undefined);
      expect(given.length).toBeGreaterThan(5);
      for (const { body } of given) expect(body.length).toBeLessThan(2 * PIECE);
      const found = given.flatMap(({ body }) => belongings(decodeTraces(body)));
      expect(found.map(([name]) => name)).toEqual(belongings(data).map(([name]) => name));
      expect(new Map(found)).toEqual(new Map(belongings(data)));
    }
  });

  it("have some thousands of spans at most", () => {
    const span = '{"traceId":"11111111111111111111111111111111","spanId":"2222222222222222"}';
    const json = `{"resourceSpans":[{"scopeSpans":[{"spans":[${`${span},`.repeat(PIECE_SPANS)}${span}]}]}]}`;
    const reader = new JsonTraces(Buffer.from(json), DEFAULT_SPAN_LIMITS, new Refusals());
    const counts = [...reader.pieces(1 << 30)].flatMap((piece) => piece?.marks.length ?? []);
    expect(counts).toEqual([PIECE_SPANS, 1]);
  });

  it("count what is dropped of long lists, and have what stands behind them", () => {
    const many = 200_000;
    const empty = (count: number) => `[${"{},".repeat(count - 1)}{}]`;
    const ids = '"traceId":"11111111111111111111111111111111","spanId":"2222222222222222"';
    const lists = `"attributes":[1,${empty(many)},${empty(many).slice(1)},"events":${empty(many)},"links":${empty(many)}`;
    const span = (name: string) => `{${ids},${lists},"name":"${name}"}`;
    const scope = `"scope":{"name":"behind","attributes":${empty(many)}}`;
    const json =
      `{"resourceSpans":[{"scopeSpans":[{"spans":[${span("a")},${span("b")}],${scope}},{"spans":[{${ids}}]}],` +
      '"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"last"}}]}}]}';
    const given = pieces(json).flatMap((piece) => (piece === undefined ? [] : decodeTraces(piece.body)));
    const spans = given.flatMap(({ scopeSpans }) => scopeSpans.flatMap((group) => group.spans));
    const { maxAttributes, maxEvents, maxLinks } = DEFAULT_SPAN_LIMITS;
    for (const name of ["a", "b"]) {
      expect(spans.find((one) => one.name === name)).toMatchObject({
        droppedAttributesCount: many + 2 - maxAttributes,
        droppedEventsCount: many - maxEvents,
        droppedLinksCount: many - maxLinks,
      });
    }
    expect(spans).toHaveLength(3);
    for (const { resource, scopeSpans } of given) {
      expect(resource.attributes).toEqual([textAttribute("service.name", "last")]);
      for (const { scope, spans } of scopeSpans) {
        const behind = { name: "behind", droppedAttributesCount: many - maxAttributes };
        expect(scope).toMatchObject(spans[0]?.name === "" ? { name: "" } : behind);
      }
    }
  });

  it("are none before the syntax of all was checked", () => {
    const text = tracesToJson(traces());
    expect(() => pieces(`${text}x`)).toThrow(/expected the end of the document/);
    const given: unknown[] = [];
    const reader = new JsonTraces(Buffer.from(text.slice(0, -1)), DEFAULT_SPAN_LIMITS, new Refusals());
    expect(() => {
      for (const piece of reader.pieces(PIECE)) if (piece !== undefined) given.push(piece);
    }).toThrow(DecodeError);
    expect(given).toEqual([]);
  });

  it("pauses about every mebibyte in what gives no pieces", () => {
    const empty = `{"resourceSpans":[{"scopeSpans":[{"spans":[${"{},".repeat(2 << 20)}{}]}]}]}`;
    const given = pieces(empty);
    expect(given.every((piece) => piece === undefined)).toBe(true);
    expect(given.length).toBeGreaterThanOrEqual(10);
  });
});
