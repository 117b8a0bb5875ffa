import { describe, expect, it } from "vitest";
import { FIXTURE_NAMES, facts, recordedBodies } from "../../../test/support/recorded-bodies.ts";
import { anyValueText, type KeyValue } from "../../model/any-value.ts";
import { attributeHash } from "../../model/attribute-hash.ts";
import { bytesToHex } from "../../model/ids.ts";
import { SPAN_KIND_NAMES, type Span, type TracesData } from "../../model/span.ts";
import { endNano, isRoot, nameOf, type SpanColumns, serviceOf, startNano } from "../../model/span-columns.ts";
import { LINK_TRACE_KEY } from "../../model/trace-query.ts";
import { jsonToTraces } from "./json/json-in.ts";
import { tracesToJson } from "./json/json-out.ts";
import { decodeGroup, decodeSpan, decodeTraces } from "./message/decode.ts";
import { encodeTraces } from "./message/encode.ts";
import { TraceScanner } from "./scan/scan.ts";
import { DEFAULT_SCAN_LIMITS, type ScanResult } from "./scan/scan-result.ts";

const BODIES = recordedBodies();

function scan(body: Uint8Array): ScanResult {
  return new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
}

function protobufOf(entry: (typeof BODIES)[number]): Uint8Array {
  return entry.format === "json" ? encodeTraces(jsonToTraces(entry.bytes)) : entry.bytes;
}

function spansOf(data: TracesData): Span[] {
  return data.flatMap((entry) => entry.scopeSpans.flatMap((scope) => scope.spans));
}

function traceIdOf(columns: SpanColumns, row: number): string {
  return bytesToHex(columns.traceIds, (columns.traceIndex[row] as number) * 16, 16);
}

describe("recorded bodies", () => {
  it.each(BODIES)("$name/$file reads as the line that was recorded", (entry) => {
    const data = entry.format === "json" ? jsonToTraces(entry.bytes) : decodeTraces(entry.bytes);
    expect(JSON.parse(tracesToJson(data))).toEqual(JSON.parse(entry.line));
  });

  it.each(BODIES)("$name/$file survives protobuf and JSON", (entry) => {
    const data = decodeTraces(protobufOf(entry));
    expect(decodeTraces(encodeTraces(data))).toEqual(data);
    expect(jsonToTraces(Buffer.from(tracesToJson(data)))).toEqual(data);
  });

  it.each(BODIES)("$name/$file has the columns of its decoded spans", (entry) => {
    const body = protobufOf(entry);
    const data = decodeTraces(body);
    const result = scan(body);
    const { columns } = result;
    const spans = spansOf(data);
    expect(columns.count).toBe(spans.length);
    expect(result.anyTrouble).toBe(false);
    spans.forEach((span, row) => {
      expect({
        traceId: traceIdOf(columns, row),
        spanId: bytesToHex(columns.spanIds, row * 8, 8),
        parent: isRoot(columns, row) ? "" : bytesToHex(columns.parentIds, row * 8, 8),
        name: nameOf(columns, row),
        kind: columns.kind[row],
        status: columns.status[row],
        start: startNano(columns, row),
        end: endNano(columns, row),
        flags: result.flags[row],
        traceState: Buffer.from(
          body.subarray(result.traceStateStart[row] as number, result.traceStateEnd[row] as number),
        ).toString(),
      }).toEqual({
        traceId: span.traceId,
        spanId: span.spanId,
        parent: span.parentSpanId,
        name: span.name,
        kind: span.kind,
        status: span.status.code,
        start: span.startTimeUnixNano,
        end: span.endTimeUnixNano,
        flags: span.flags,
        traceState: span.traceState,
      });
      expect(decodeSpan(body, columns.spanStart[row] as number, columns.spanEnd[row] as number)).toEqual(span);
    });
    const groups = data.flatMap((r) => r.scopeSpans.map((s) => ({ r, s })));
    expect(columns.groups.length).toBe(groups.length);
    groups.forEach(({ r, s }, index) => {
      const group = decodeGroup(body, columns, index);
      expect(group.resource).toEqual(r.resource);
      expect(group.scope).toEqual(s.scope);
      expect(group.resourceSchemaUrl).toBe(r.schemaUrl);
      expect(group.scopeSchemaUrl).toBe(s.schemaUrl);
      expect(columns.strings[(columns.groups[index] as SpanColumns["groups"][number]).service]).toBe(group.service);
    });
  });

  it.each(BODIES)("$name/$file hashes every attribute as a query would", (entry) => {
    const body = protobufOf(entry);
    const data = decodeTraces(body);
    const result = scan(body);
    const hashed = (list: readonly KeyValue[]) => list.map((kv) => attributeHash(kv.key, anyValueText(kv.value)));
    spansOf(data).forEach((span, row) => {
      const all = [
        ...hashed(span.attributes),
        ...span.events.flatMap((event) => hashed(event.attributes)),
        ...span.links.map((link) => attributeHash(LINK_TRACE_KEY, link.traceId)),
      ];
      const found = result.hashes.subarray(result.hashStart[row], result.hashStart[row + 1]);
      expect([...found].sort()).toEqual(all.sort());
    });
    const groups = data.flatMap((r) => r.scopeSpans.map((s) => [...r.resource.attributes, ...s.scope.attributes]));
    groups.forEach((list, index) => {
      const found = result.groupHashes.subarray(result.groupHashStart[index], result.groupHashStart[index + 1]);
      expect([...found].sort()).toEqual(hashed(list).sort());
    });
  });
});

describe.each(FIXTURE_NAMES)("%s", (name) => {
  it("has the spans, services, kinds and traces that facts.json counts", () => {
    const expected = facts()[name];
    const services: Record<string, number> = {};
    const kinds: Record<string, number> = {};
    const flags: Record<string, number> = {};
    const traces = new Map<string, { spans: number; errors: number; start: bigint; end: bigint }>();
    let errors = 0;
    for (const entry of BODIES.filter((body) => body.name === name)) {
      const { columns, flags: rowFlags } = scan(protobufOf(entry));
      for (let row = 0; row < columns.count; row++) {
        count(services, serviceOf(columns, row));
        count(kinds, (SPAN_KIND_NAMES[columns.kind[row] as number] as string).toUpperCase());
        count(flags, String(rowFlags[row]));
        const error = columns.status[row] === 2 ? 1 : 0;
        errors += error;
        const start = startNano(columns, row);
        const end = endNano(columns, row);
        const trace = traces.get(traceIdOf(columns, row)) ?? { spans: 0, errors: 0, start, end };
        traces.set(traceIdOf(columns, row), {
          spans: trace.spans + 1,
          errors: trace.errors + error,
          start: earliest(start, trace.start),
          end: -earliest(-end, -trace.end),
        });
      }
    }
    expect(services).toEqual(Object.fromEntries(Object.entries(expected.services).map(([k, v]) => [k, v.spans])));
    expect(kinds).toEqual(expected.kinds);
    expect(flags).toEqual(expected.flags);
    expect(errors).toBe(expected.errors);
    expect(traces.size).toBe(expected.allTraces.length);
    for (const trace of expected.allTraces) {
      const found = traces.get(trace.traceId);
      expect(found).toBeDefined();
      expect([
        found?.spans,
        found?.errors,
        String(found?.start),
        String((found?.end ?? 0n) - (found?.start ?? 0n)),
      ]).toEqual([trace.spans, trace.errors, trace.startTimeUnixNano, trace.durationNano]);
    }
  });
});

function count(into: Record<string, number>, key: string): void {
  into[key] = (into[key] ?? 0) + 1;
}

function earliest(a: bigint, b: bigint): bigint {
  return [a, b].sort((x, y) => (x < y ? -1 : 1))[0] as bigint;
}
