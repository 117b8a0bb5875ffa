import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scopeWith, serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { jsonToTraces } from "../../codec/otlp/json/json-in.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../codec/otlp/scan/scan-result.ts";
import { generateTraces } from "../../demo/generate-traces.ts";
import { SPAN_KIND, type Span, STATUS_CODE, type TracesData } from "../../model/span.ts";
import { buildPopulation } from "./build-population.ts";
import { drawn } from "./drawn.ts";
import type { PathFigures, RunPopulation } from "./population.ts";
import { operationText, SpanTable } from "./span-table.ts";

const MS = 1_000_000;
const BASE = 1_760_000_000_000_000_000n;

/** A span of service "shop": `id` and `parent` are small numbers, times are ms. */
function span(trace: number, id: number, parent: number, name: string, from: number, to: number, more = {}): Span {
  return spanWith({
    traceId: trace.toString(16).padStart(32, "0"),
    spanId: id.toString(16).padStart(16, "0"),
    parentSpanId: parent === 0 ? "" : parent.toString(16).padStart(16, "0"),
    name,
    kind: SPAN_KIND.internal,
    startTimeUnixNano: BASE + BigInt(from * MS),
    endTimeUnixNano: BASE + BigInt(to * MS),
    ...more,
  });
}

function populationOf(...spans: Span[]): RunPopulation {
  return populationOfGroups([[serviceWith("shop", spans)]]);
}

function populationOfGroups(requests: readonly TracesData[]): RunPopulation {
  const table = new SpanTable();
  const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
  for (const request of requests) {
    const { columns } = scanner.scan(encodeTraces(request));
    table.add(
      columns,
      Array.from({ length: columns.count }, (_, row) => row),
    );
  }
  return buildPopulation(table);
}

const scopeOf = (span: Span) => ({ scope: scopeWith("test"), schemaUrl: "", spans: [span] });

/** Paths by all that is above them, sorted: numbers of paths follow the order in which spans come. */
function byWay({ paths, ...numbers }: RunPopulation) {
  const ways: string[] = [];
  const named = paths.map((path, id) => {
    ways[id] = `${ways[path.parent] ?? ""}${operationText(path)}`;
    return { ...path, parent: 0, way: ways[id] };
  });
  return { ...numbers, paths: named.sort((one, other) => (one.way < other.way ? -1 : 1)) };
}

/** `GET / > query` */
function wayTo(paths: readonly PathFigures[], { parent, name }: PathFigures): string {
  const above = paths[parent];
  return above === undefined ? name : `${wayTo(paths, above)} > ${name}`;
}

/** Paths as texts with figures in ms. */
function shown(population: RunPopulation) {
  return Object.fromEntries(
    population.paths.map((path) => [
      wayTo(population.paths, path),
      {
        traces: path.traces,
        spans: path.spans,
        duration: [...path.durationNano].map((nano) => nano / MS),
        self: [...path.selfNano].map((nano) => nano / MS),
        calls: [...path.calls],
      },
    ]),
  );
}

describe("the population of a run", () => {
  it("has one figure a trace and path, whatever order spans come in, and takes children out of self time once", () => {
    const population = populationOf(
      span(1, 4, 1, "query", 5, 8),
      span(1, 3, 1, "query", 2, 6),
      span(1, 1, 0, "GET /", 0, 10),
      span(2, 1, 0, "GET /", 0, 20),
      span(2, 2, 1, "query", 1, 11),
      span(2, 5, 2, "read", 2, 4),
      // It outlives its parent: only what lies within it counts.
      span(2, 6, 1, "later", 15, 40),
    );
    expect(shown(population)).toEqual({
      "GET /": { traces: 2, spans: 2, duration: [10, 20], self: [4, 5], calls: [[1, 2]] },
      "GET / > query": {
        traces: 2,
        spans: 3,
        duration: [3.5, 10],
        self: [3.5, 8],
        calls: [
          [1, 1],
          [2, 1],
        ],
      },
      "GET / > query > read": { traces: 1, spans: 1, duration: [2], self: [2], calls: [[1, 1]] },
      "GET / > later": { traces: 1, spans: 1, duration: [25], self: [25], calls: [[1, 1]] },
    });
    expect(population).toMatchObject({ traces: 2, spans: 7, orphans: 0, leftOut: 0, startUnixNano: BASE });
  });

  it("counts calls for each call of the parent", () => {
    const population = populationOf(
      span(1, 1, 0, "GET /", 0, 9),
      span(1, 2, 1, "page", 0, 4),
      span(1, 3, 1, "page", 4, 8),
      ...[4, 5, 6].map((id) => span(1, id, 2, "query", 0, 1)),
    );
    expect(shown(population)["GET / > page > query"]?.calls).toEqual([[1.5, 1]]);
  });

  it("puts traces in the order of time and not of arrival", () => {
    const population = populationOf(span(1, 1, 0, "GET /", 100, 103), span(2, 1, 0, "GET /", 50, 51));
    expect(shown(population)["GET /"]?.duration).toEqual([1, 3]);
    expect(population.startUnixNano).toBe(BASE + 50_000_000n);
  });

  it("counts what came twice once, and has paths of orphans begin with themselves", () => {
    const population = populationOf(
      span(1, 1, 0, "GET /", 0, 9),
      span(1, 1, 0, "GET /", 0, 9),
      span(1, 3, 77, "lost", 0, 1),
      span(1, 4, 3, "below", 0, 1),
    );
    expect(population).toMatchObject({ spans: 3, orphans: 1 });
    expect(Object.keys(shown(population))).toEqual(["GET /", "lost", "lost > below"]);
  });

  it("has Zipkin's server below the client that shares its id, and children below the server", () => {
    const population = populationOf(
      span(1, 1, 0, "GET", 0, 9, { kind: SPAN_KIND.client }),
      span(1, 1, 0, "GET /", 1, 8, { kind: SPAN_KIND.server }),
      span(1, 2, 1, "query", 2, 3),
    );
    expect(Object.keys(shown(population))).toEqual(["GET", "GET > GET /", "GET > GET / > query"]);
  });

  it("survives spans that are their own ancestors, deep recursion and ends before starts", () => {
    const deep = Array.from({ length: 200 }, (_, i) => span(2, i + 1, i, "again", i, 400 - i));
    const population = populationOf(
      span(1, 1, 2, "a", 0, 1),
      span(1, 2, 1, "b", 0, 1),
      span(1, 3, 3, "own", 5, 2),
      ...deep,
    );
    expect(population.spans).toBe(203);
    expect(population.leftOut).toBe(200 - 64);
    expect(shown(population).own).toMatchObject({ duration: [0] });
  });

  it("counts traces with failures", () => {
    const failed = { status: { code: STATUS_CODE.error, message: "" } };
    const population = populationOf(
      span(1, 1, 0, "GET /", 0, 9, failed),
      span(2, 1, 0, "GET /", 0, 9),
      span(2, 2, 1, "query", 0, 1, failed),
      span(2, 3, 1, "query", 1, 2, failed),
    );
    expect(population.paths.map(({ name, failedTraces }) => [name, failedTraces])).toEqual([
      ["GET /", 1],
      ["query", 1],
    ]);
  });

  it("keeps so many figures of a path, drawn the same way each time and from all of it", () => {
    const values = Float64Array.from({ length: 10_000 }, (_, i) => i);
    const kept = drawn(values, 1_000);
    expect(kept).toHaveLength(1_000);
    expect(drawn(values, 1_000)).toEqual(kept);
    expect([...kept].every((value, i) => i === 0 || value > (kept[i - 1] as number))).toBe(true);
    const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
    expect(Math.abs(mean - 5_000)).toBeLessThan(300);
    expect(drawn(values.subarray(0, 5), 10)).toEqual(values.subarray(0, 5));
  });

  it("is the same whatever the order and the requests in which spans come", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 12 }),
        fc.infiniteStream(fc.double({ noNaN: true })),
        (seed, parts, lots) => {
          const traces = generateTraces({ seed, traces: 20, everyMs: 7, shape: seed % 2 === 0 ? "shop" : "services" });
          const groups = traces.flatMap((trace) => jsonToTraces(Buffer.from(JSON.stringify(trace))));
          const whole = populationOfGroups([groups]);
          const lot = () => lots.next().value as number;
          const shuffled = groups
            .flatMap(({ resource, scopeSpans }) =>
              scopeSpans.flatMap(({ spans }) =>
                spans.map((one) => ({ resource, schemaUrl: "", scopeSpans: [scopeOf(one)] })),
              ),
            )
            .map((group) => ({ group, at: lot() }))
            .sort((a, b) => a.at - b.at)
            .map(({ group }) => group);
          const size = Math.ceil(shuffled.length / parts);
          const again = populationOfGroups(
            Array.from({ length: parts }, (_, i) => shuffled.slice(i * size, (i + 1) * size)),
          );
          expect(byWay(again)).toEqual(byWay(whole));
          expect(whole.spans).toBe(shuffled.length);
        },
      ),
      { numRuns: 30 },
    );
  });
});
