import type { TraceReader, ViewResult } from "../../../component/read.ts";
import { DAY_MS } from "../../../model/time.ts";
import type { SpanFilter, TraceSummary } from "../../../model/trace-query.ts";
import { type OperationName, operationAt, subtreeSizes } from "../../analysis/analysed-trace.ts";
import { rootRow, whyNoRoot } from "../../analysis/root-row.ts";
import { operationKey } from "../../analysis/usual.ts";
import { Gaps } from "../../gaps.ts";
import { JSON_TYPE } from "../../jaeger/envelope.ts";
import { jsonBytes } from "../../json-writer.ts";
import { durationFilter, textEquals } from "../../search-params.ts";
import type { TraceColumns } from "../columns-format.ts";
import { usualTimes } from "../usual-times.ts";
import { readColumns } from "./analysed.ts";
import type { UiTypical } from "./comparison-types.ts";

export interface TypicalParams {
  readonly traceId: string;
  /** ms since the epoch. */
  readonly nowMs: number;
}

/** Around the median, in which an exemplar is looked for; one after the other. */
const BANDS = [
  [0.9, 1.1],
  [0.7, 1.4],
  [0.4, 2.5],
] as const;
const CANDIDATES = 100;
/** Fewer others have no median that says anything. */
const LEAST_OTHERS = 3;
const DAY_NS = BigInt(DAY_MS) * 1_000_000n;

interface Candidate {
  readonly traceId: string;
  readonly nano: number;
}

/**
 * `UiTypical`: of the requests of the root's operation in the day before and after, one without errors that took about
 * as long as half of them take at most. Throws as `requireTrace`.
 */
export async function typicalView(
  reader: TraceReader,
  { traceId, nowMs }: TypicalParams,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const trace = await readColumns(reader, traceId, signal, gaps);
  const answer = (typical: UiTypical): ViewResult => {
    return { status: 200, contentType: JSON_TYPE, body: jsonBytes(typical), ...gaps.mark };
  };
  const root = rootRow(trace, subtreeSizes(trace));
  if (root === undefined) return answer({ reason: whyNoRoot(trace) });
  const operation = operationAt(trace, root);
  const startMs = Number(trace.baseStartNano / 1_000_000n);
  const usual = (await usualTimes(reader, [operation.service], startMs, nowMs, signal)).get(operationKey(operation));
  const find = (bounds: readonly SpanFilter[]) => candidates(reader, operation, bounds, trace, signal, gaps);
  if (usual !== undefined) {
    const { medianNano, samples } = usual.usual;
    for (const [from, to] of BANDS) {
      const least = durationFilter(">=", BigInt(Math.floor(from * medianNano)));
      const most = durationFilter("<=", BigInt(Math.ceil(to * medianNano)));
      const found = nearest(await find([least, most]), medianNano);
      if (found !== undefined) return answer({ typical: { ...typicalOf(found), medianNano, samples } });
    }
  }
  const others = (await find([])).toSorted((a, b) => a.nano - b.nano);
  const middle = others[Math.floor((others.length - 1) / 2)];
  if (middle === undefined || others.length < LEAST_OTHERS) {
    const name = `${operation.service} ${operation.name}`;
    return answer({ reason: `fewer than ${LEAST_OTHERS} other requests of ${name} went well in the day around it` });
  }
  return answer({ typical: { ...typicalOf(middle), medianNano: middle.nano, samples: others.length } });
}

/** The newest roots of the operation without errors or missing parts below them. */
async function candidates(
  reader: TraceReader,
  { service, name, kind }: OperationName,
  bounds: readonly SpanFilter[],
  { baseStartNano: around, traceId: butNot }: Pick<TraceColumns, "baseStartNano" | "traceId">,
  signal: AbortSignal,
  gaps: Gaps,
): Promise<Candidate[]> {
  const conditions: SpanFilter[] = [
    textEquals("service", service),
    textEquals("name", name),
    { op: "compare", field: { intrinsic: "kind" }, is: "=", value: { type: "kind", value: kind } },
    { op: "compare", field: { intrinsic: "root" }, is: "=", value: { type: "bool", value: true } },
    ...bounds,
  ];
  const { traces, reason } = await reader.find(
    {
      filter: { op: "and", of: conditions },
      startMin: around > DAY_NS ? around - DAY_NS : 0n,
      startMax: around + DAY_NS,
      limit: CANDIDATES,
      show: { spansPerSet: 1, fields: [] },
    },
    signal,
  );
  gaps.add(reason);
  return traces
    .filter((trace) => trace.traceId !== butNot && trace.errorCount === 0 && trace.orphanCount === 0)
    .map((trace) => ({ traceId: trace.traceId, nano: rootNano(trace) }));
}

/** Of the span that was found, which is the root; where the reader does not show it, of the whole trace. */
function rootNano({ spanSets, start, end }: TraceSummary): number {
  return Number(spanSets?.[0]?.spans[0]?.duration ?? end - start);
}

function nearest(found: readonly Candidate[], nano: number): Candidate | undefined {
  const far = (one: Candidate) => Math.abs(one.nano - nano);
  return found.reduce<Candidate | undefined>((best, one) => {
    return best === undefined || far(one) < far(best) ? one : best;
  }, undefined);
}

function typicalOf({ traceId, nano }: Candidate) {
  return { traceId, durationNano: nano };
}
