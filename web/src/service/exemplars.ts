import { queryOptions } from "@tanstack/react-query";
import type { UiSearchResponse } from "../../../src/query/ui/api-types.ts";
import { getJson } from "../api/client.ts";
import { withLists } from "../api/with-lists.ts";
import { nanoToMs } from "../format/time.ts";

/** A span that stands for others, as a dot on the chart of durations. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  /** ms since the epoch. */
  readonly startMs: number;
  readonly durationNano: number;
  readonly failed: boolean;
}

interface AskedSpans {
  readonly service: string;
  readonly operation: string | undefined;
  /** Names of SPAN_KIND; none for all. */
  readonly kinds: readonly string[];
}

interface AskedRange {
  /** ms since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  /** From here on a span is slow. */
  readonly slowNano: number;
}

/** Traces that each of the two questions takes. */
const TRACES = 12;

/** Some slow and some failed requests, the newest, that a service, or an operation of it, answered. */
export function exemplarsQuery(spans: AskedSpans, range: AskedRange | undefined) {
  return queryOptions({
    queryKey: ["exemplars", spans, range],
    queryFn: async ({ signal }): Promise<readonly Exemplar[]> => {
      const { startMs, endMs, slowNano } = range!;
      const given = { start: String(startMs * 1000), end: String(endMs * 1000), limit: String(TRACES) };
      const ask = (more: string) => {
        const q = `{ ${conditions(spans)} && ${more} } | select(status)`;
        return withLists(getJson<UiSearchResponse>("api/ui/search", { ...given, q }, signal), "traces");
      };
      return exemplarsOf(await Promise.all([ask(`duration >= ${slowNano}ns`), ask("status = error")]));
    },
    enabled: range !== undefined,
    staleTime: 30_000,
  });
}

/** TraceQL of the spans. */
export function conditions({ service, operation, kinds }: AskedSpans): string {
  const parts = [`resource.service.name = ${JSON.stringify(service)}`];
  if (operation !== undefined) parts.push(`name = ${JSON.stringify(operation)}`);
  if (kinds.length > 0) parts.push(`(${kinds.map((kind) => `kind = ${kind}`).join(" || ")})`);
  return parts.join(" && ");
}

/** Each span once, by start. */
export function exemplarsOf(found: readonly Pick<UiSearchResponse, "traces">[]): readonly Exemplar[] {
  const byId = new Map<string, Exemplar>();
  for (const { traceId, spanSets } of found.flatMap(({ traces }) => traces)) {
    for (const span of spanSets?.flatMap(({ spans }) => spans) ?? []) {
      byId.set(`${traceId} ${span.spanId}`, {
        traceId,
        spanId: span.spanId,
        name: span.name,
        startMs: nanoToMs(span.startTimeUnixNano),
        durationNano: Math.max(1, Number(span.durationNano)),
        failed: span.fields.status?.value === "error",
      });
    }
  }
  return [...byId.values()].sort((a, b) => a.startMs - b.startMs);
}

/** A duration, ns, from which on a span counts as slow: quantiles are known within 2.2 %. */
export function slowFrom(p95Nano: number | null): number {
  return Math.floor((p95Nano ?? 0) * 0.978);
}
