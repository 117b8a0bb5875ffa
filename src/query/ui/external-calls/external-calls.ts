import type { TraceReader, ViewResult } from "../../../component/read.ts";
import type { MetricsResult } from "../../../model/metrics-query.ts";
import { JSON_TYPE } from "../../jaeger/envelope.ts";
import { jsonBytes } from "../../json-writer.ts";
import { countQuery, MAX_RANGE_MS } from "./count-query.ts";
import { type CallGroup, externalGraph, NAMING, nameIn } from "./external-nodes.ts";
import type { UiExternalCalls } from "./external-types.ts";

/** ms since the epoch. */
export interface ExternalCallsParams {
  readonly startMs: number;
  readonly endMs: number;
}

const HAS_SYSTEM = "span.db.system.name != nil || span.db.system != nil || span.messaging.system != nil";
const HAS_PEER =
  "span.service.peer.name != nil || span.peer.service != nil || span.server.address != nil || span.net.peer.name != nil";
const BY = `by (resource.service.name, kind, status, ${NAMING.map((key) => `span.${key}`).join(", ")})`;
/** Databases and queues, whoever sees them; and calls that no span of a server answers to. */
const QUERIES = [
  `{ (kind = client || kind = producer || kind = consumer) && (${HAS_SYSTEM}) } | count_over_time() ${BY}`,
  `{ kind = server || kind = consumer } !< { kind = client && (${HAS_PEER}) } | count_over_time() ${BY}`,
];

export async function externalCalls(
  reader: TraceReader,
  params: ExternalCallsParams,
  signal: AbortSignal,
): Promise<ViewResult> {
  const startMs = Math.max(params.startMs, params.endMs - MAX_RANGE_MS, 0);
  if (reader.metrics === undefined) {
    const none = { nodes: [], left: 0, links: [], complete: false, reason: "this store cannot count them" };
    return answerOf({ startMs, endMs: params.endMs, ...none }, undefined);
  }
  const results: MetricsResult[] = [];
  for (const text of QUERIES) results.push(await reader.metrics(countQuery(text, startMs, params.endMs), signal));
  const services = new Set(await reader.services(signal));
  // Both may count a call to a database: the second is for the others.
  const [systems, peers] = results.map((result) => [...groupsOf(result)]);
  const others = (peers ?? []).filter(({ names }) => names.slice(0, 3).every((name) => name === undefined));
  const partial = results.find(({ complete }) => !complete);
  const lack = partial === undefined ? undefined : (partial.reason ?? "the count ended early");
  const graph = externalGraph([...(systems ?? []), ...others], services);
  const cut = lack === undefined ? { complete: true } : { complete: false, reason: lack };
  return answerOf({ startMs, endMs: params.endMs, ...graph, ...cut }, lack);
}

/** `lack`: what of what is stored the answer misses. */
function answerOf(answer: UiExternalCalls, lack: string | undefined): ViewResult {
  const incomplete = lack === undefined ? {} : { incomplete: lack };
  return { status: 200, contentType: JSON_TYPE, body: jsonBytes(answer), ...incomplete };
}

function* groupsOf(result: MetricsResult): Generator<CallGroup> {
  for (const { by, values } of result.series) {
    const [service, kind, status, ...names] = by;
    const count = values.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : value), 0);
    if (count === 0) continue;
    yield {
      service: nameIn(service) ?? "unknown_service",
      kind: kind?.type === "kind" ? kind.value : 0,
      status: status?.type === "status" ? status.value : 0,
      names: names.map(nameIn),
      count,
    };
  }
}
