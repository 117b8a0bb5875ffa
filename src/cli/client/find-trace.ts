import { PermanentError } from "../../component/errors.ts";
import type { TraceReference } from "../../model/trace-reference.ts";
import type { UiSearchResponse, UiTraceSummary } from "../../query/ui/api-types.ts";
import type { ApiClient } from "./api-client.ts";
import { wholeId } from "./trace-reference.ts";

const PAGE = 1_000;
/** Beyond this many traces a beginning of an id is not looked for. */
const MOST_TRACES = 200_000;

/** Called with the number of traces that were looked at. */
export type OnTraces = (traces: number) => void;

/**
 * Reads a trace by its id, or by the beginning of its id where no trace has the digits as its whole id.
 * @param several makes the error of what fits more than one
 * @throws PermanentError `not_found` where nothing fits
 */
export async function findTrace<T>(
  client: ApiClient,
  reference: TraceReference,
  read: (id: string) => Promise<T>,
  several: (traces: readonly UiTraceSummary[]) => PermanentError,
  onTraces: OnTraces = () => {},
): Promise<T> {
  try {
    if (!/^0+$/.test(reference.digits)) return await read(wholeId(reference));
  } catch (error) {
    const unknown = error instanceof PermanentError && error.code === "not_found";
    if (!unknown || reference.digits.length === 32) throw error;
  }
  const { found, seen, complete } = await tracesThatBegin(client, reference.digits, onTraces);
  const [first, ...more] = found;
  if (first !== undefined && more.length === 0) return read(first.traceId);
  if (first !== undefined) throw several(found);
  const among = complete ? "" : ` among the newest ${seen}`;
  throw new PermanentError("not_found", `no trace is stored whose id is or begins with ${reference.digits}${among}`);
}

async function tracesThatBegin(client: ApiClient, digits: string, onTraces: OnTraces) {
  const found: UiTraceSummary[] = [];
  let seen = 0;
  let after: string | undefined;
  for (;;) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after === undefined ? {} : { after }) });
    const { traces, next, complete } = await client.json<UiSearchResponse>(`api/ui/search?${query}`);
    found.push(...traces.filter(({ traceId }) => traceId.startsWith(digits)));
    seen += traces.length;
    onTraces(seen);
    if (next === undefined || !complete) return { found, seen, complete };
    if (seen >= MOST_TRACES) return { found, seen, complete: false };
    after = next;
  }
}
