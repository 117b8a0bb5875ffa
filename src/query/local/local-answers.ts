import { toTracesData } from "../../codec/mapping/placed-span.ts";
import { tracesToJson } from "../../codec/otlp/json/json-out.ts";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import type { LogFragment } from "../../model/log.ts";
import type { UiLinkedFromResponse } from "../ui/api-types.ts";
import { columnsOf } from "../ui/columns-of.ts";
import { judgedTrace } from "../ui/judged-trace.ts";
import { linkingSpans, spanJson, spanPlace, spansThatHold } from "../ui/one-trace.ts";
import type { UsualTable } from "../ui/usual-times.ts";
import type { LocalTraces } from "./local-traces.ts";

const TRACE_PATH =
  /^api\/ui\/traces\/([0-9a-f]{32})\/(columns|search|linked-from|verdict|download|spans\/[0-9a-f]{16}(?:\/place)?)$/;
const NEVER = new AbortController().signal;

/** What else is known of the traces. */
export interface LocalKnowledge {
  readonly usual?: UsualTable;
  /** Of services by name, as a store has them (`TraceColumns.places`). */
  readonly places?: ReadonlyMap<string, number>;
}

/** What the UI's API answers to `GET path?query` about these traces; undefined stands for 404. */
export function localAnswer(
  traces: LocalTraces,
  path: string,
  query: Readonly<Record<string, string>>,
  { usual = new Map(), places }: LocalKnowledge = {},
): Uint8Array<ArrayBuffer> | undefined {
  const [, traceId = "", what = ""] = TRACE_PATH.exec(path) ?? [];
  const fragments = traces.trace(traceId);
  if (fragments === undefined) return undefined;
  switch (what) {
    case "columns":
      return columnsOf(traceId, fragments, places).bytes;
    case "search":
      return json(spansThatHold(fragments, query.q ?? "", NEVER));
    case "linked-from":
      return json(linkedFrom(traces, traceId));
    case "verdict": {
      const { tree, columns } = columnsOf(traceId, fragments);
      return json(judgedTrace({ fragments, tree, columns }, usual, false));
    }
    case "download":
      return text(otlpJson(fragments));
    default: {
      const [, spanId = "", place] = what.split("/");
      if (place !== undefined) return json(spanPlace(fragments, spanId));
      return textOrNone(spanJson(fragments, spanId, kindOf(query.kind)));
    }
  }
}

/** Spans of these traces that link to one of them. */
function linkedFrom(traces: LocalTraces, traceId: string): UiLinkedFromResponse {
  const spans = [...traces.all()].flatMap((fragments) => fragments.flatMap((it) => linkingSpans(it, traceId)));
  return { spans, complete: true };
}

function otlpJson(fragments: readonly LogFragment[]): string {
  return tracesToJson(toTracesData(fragments.flatMap(fragmentRecords)));
}

function kindOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function json(value: object): Uint8Array<ArrayBuffer> {
  return text(JSON.stringify(value));
}

function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

function textOrNone(value: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  return value === undefined ? undefined : text(value);
}
