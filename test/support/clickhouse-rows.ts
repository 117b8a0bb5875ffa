import { plainFromRow } from "../../src/codec/clickhouse/from-row.ts";
import type { TracesRow } from "../../src/codec/clickhouse/traces-row.ts";
import { isJsonObject, type JsonObject } from "../../src/codec/mapping/any-value-json.ts";
import type { PlacedSpan, ResourceWithSchema } from "../../src/codec/mapping/placed-span.ts";
import {
  applyEventResidue,
  applyResourceResidue,
  applySpanResidue,
  parseResidue,
} from "../../src/codec/mapping/span-residue.ts";
import type { SpanEvent } from "../../src/model/span.ts";

/** The span of a row, with what the row says beside the Collector's columns. */
export function fromRow(row: TracesRow): PlacedSpan {
  const plain = plainFromRow(row);
  const residue = parseResidue(row.otlp) ?? {};
  const applied = applySpanResidue(plain, residue);
  const events = isJsonObject(residue.events) ? residue.events : {};
  const span = { ...applied.span, events: applied.span.events.map((event, i) => withResidue(event, events[i])) };
  const resource: ResourceWithSchema = isJsonObject(residue.resource)
    ? applyResourceResidue(plain.resource, residue.resource)
    : { resource: plain.resource, resourceSchemaUrl: "" };
  return { ...applied, ...resource, span };
}

function withResidue(event: SpanEvent, residue: unknown): SpanEvent {
  return isJsonObject(residue) ? applyEventResidue(event, residue as JsonObject) : event;
}
