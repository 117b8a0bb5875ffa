import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromRow } from "../../../test/support/clickhouse-rows.ts";
import { arbitraryRecord, bareRecord, comparable, fixtureRecords } from "../../../test/support/mapping-records.ts";
import type { KeyValue } from "../../model/any-value.ts";
import { SPAN_KIND, type Span, type SpanRecord } from "../../model/span.ts";
import { toRow } from "./to-row.ts";
import { MAX_ROW_TIME, OTLP_COLUMN, rowJson, TRACES_COLUMNS } from "./traces-row.ts";

function record(span: Partial<Span> = {}, resource: readonly KeyValue[] = []): SpanRecord {
  return bareRecord(
    {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      parentSpanId: "00f067aa0ba902b7",
      traceState: "a=1",
      name: "GET /cart",
      kind: SPAN_KIND.server,
      startTimeUnixNano: 1_700_000_000_000_000_007n,
      endTimeUnixNano: 1_700_000_000_012_000_010n,
      status: { code: 2, message: "no stock" },
      ...span,
    },
    { resource, scope: { name: "http", version: "1.2", attributes: [], droppedAttributesCount: 0 }, service: "shop" },
  );
}

const text = (key: string, value: string): KeyValue => ({ key, value: { type: "string", value } });

function roundTrip(original: SpanRecord): SpanRecord {
  const { service, marks } = original;
  return { ...fromRow(toRow(original)), service, marks };
}

function exact(one: SpanRecord): unknown {
  const { startTimeUnixNano, endTimeUnixNano, events } = one.span;
  return [comparable(one), startTimeUnixNano, endTimeUnixNano, events.map(({ timeUnixNano }) => timeUnixNano)];
}

describe("rows of otel_traces", () => {
  it("give back every span, to the nanosecond", () => {
    fc.assert(
      fc.property(arbitraryRecord, (original) => {
        expect(exact(roundTrip(original))).toEqual(exact(original));
      }),
    );
  });

  it.each(["node-shop", "python-shop", "telemetrygen"] as const)("give back what was recorded: %s", (name) => {
    for (const original of fixtureRecords(name).flat()) {
      expect(exact(roundTrip(original))).toEqual(exact(original));
    }
  });

  it("are as the Collector writes them", () => {
    const original = record(
      {
        attributes: [
          text("url.path", "/cart"),
          { key: "http.response.status_code", value: { type: "int", value: 500n } },
        ],
        events: [
          { timeUnixNano: 5n, name: "exception", attributes: [text("exception.type", "E")], droppedAttributesCount: 0 },
        ],
        links: [
          {
            traceId: "1".repeat(32),
            spanId: "2".repeat(16),
            traceState: "b=2",
            attributes: [text("k", "v")],
            droppedAttributesCount: 0,
            flags: 0,
          },
        ],
      },
      [text("service.name", "shop"), text("host.name", "h")],
    );
    const row = JSON.parse(rowJson(toRow(original), { column: OTLP_COLUMN })) as Record<string, unknown>;
    expect(row).toEqual({
      Timestamp: "1700000000.000000007",
      TraceId: "0af7651916cd43dd8448eb211c80319c",
      SpanId: "b7ad6b7169203331",
      ParentSpanId: "00f067aa0ba902b7",
      TraceState: "a=1",
      SpanName: "GET /cart",
      SpanKind: "Server",
      ServiceName: "shop",
      ResourceAttributes: { "service.name": "shop", "host.name": "h" },
      ScopeName: "http",
      ScopeVersion: "1.2",
      SpanAttributes: { "url.path": "/cart", "http.response.status_code": "500" },
      Duration: 12_000_003,
      StatusCode: "Error",
      StatusMessage: "no stock",
      "Events.Timestamp": ["0000000000.000000005"],
      "Events.Name": ["exception"],
      "Events.Attributes": [{ "exception.type": "E" }],
      "Links.TraceId": ["1".repeat(32)],
      "Links.SpanId": ["2".repeat(16)],
      "Links.TraceState": ["b=2"],
      "Links.Attributes": [{ k: "v" }],
      SpanloomOtlp: '{"attributes":{"int":["http.response.status_code"]}}',
    });
    expect(Object.keys(row)).toEqual([...TRACES_COLUMNS, OTLP_COLUMN]);
  });

  it("keep what the columns lack as an attribute where the table has no column for it", () => {
    const original = record({ attributes: [text("a", "1")], flags: 257 });
    const row = JSON.parse(rowJson(toRow(original), { attribute: "spanloom.otlp" })) as Record<string, unknown>;
    expect(row.SpanAttributes).toEqual({ a: "1", "spanloom.otlp": '{"flags":257}' });
    expect(row).not.toHaveProperty(OTLP_COLUMN);
  });

  it("have no more than the Collector's columns for a span that these say whole", () => {
    expect(toRow(record({ attributes: [text("a", "1")] }, [text("service.name", "shop")])).otlp).toBe("");
  });

  it("hold times that no DateTime knows, and ends before starts", () => {
    const late = record({ startTimeUnixNano: 2n ** 64n - 2n, endTimeUnixNano: 2n ** 64n - 1n });
    expect(toRow(late).timestamp).toBe(MAX_ROW_TIME);
    expect(exact(roundTrip(late))).toEqual(exact(late));
    const backwards = record({ startTimeUnixNano: 10n, endTimeUnixNano: 4n });
    expect(toRow(backwards).duration).toBe(0n);
    expect(exact(roundTrip(backwards))).toEqual(exact(backwards));
  });

  it("have no service where the resource names none, as the Collector's have not", () => {
    expect(toRow(record()).serviceName).toBe("");
  });
});
