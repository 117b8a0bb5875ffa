import { beginsWith } from "../../model/trace-reference.ts";
import type { UiSearchResponse, UiTraceSummary } from "./api-types.ts";

const PAGE = 1_000;

/** What the first digits of an id fit. */
export interface TracesThatBegin {
  /** Newest first. */
  readonly found: readonly UiTraceSummary[];
  /** Traces that were looked at, the newest. */
  readonly seen: number;
  /** Whether these are all that are stored. */
  readonly complete: boolean;
}

/**
 * Looks for traces by the beginning of their ids, among the newest `most`, page by page.
 * @param ask answers `GET /api/ui/search` with these parameters
 * @param onTraces is told after each page how many traces were looked at
 */
export async function tracesThatBegin(
  ask: (parameters: Readonly<Record<string, string>>) => Promise<UiSearchResponse>,
  digits: string,
  most: number,
  onTraces: (traces: number) => void = () => {},
): Promise<TracesThatBegin> {
  const found: UiTraceSummary[] = [];
  let seen = 0;
  let after: string | undefined;
  for (;;) {
    const { traces, next, complete } = await ask({
      limit: String(PAGE),
      ...(after === undefined ? {} : { after }),
    });
    found.push(...traces.filter(({ traceId }) => beginsWith(traceId, digits)));
    seen += traces.length;
    onTraces(seen);
    if (next === undefined || !complete) return { found, seen, complete };
    if (seen >= most) return { found, seen, complete: false };
    after = next;
  }
}
