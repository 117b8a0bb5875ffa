import { PermanentError } from "../../component/errors.ts";
import type { TraceReference } from "../../model/trace-reference.ts";
import type { UiSearchResponse, UiTraceSummary } from "../../query/ui/api-types.ts";
import { tracesThatBegin } from "../../query/ui/traces-that-begin.ts";
import type { ApiClient } from "./api-client.ts";
import { wholeId } from "./trace-reference.ts";

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
  const { found, seen, complete } = await tracesThatBegin(
    (parameters) => client.json<UiSearchResponse>(`api/ui/search?${new URLSearchParams(parameters)}`),
    reference.digits,
    MOST_TRACES,
    onTraces,
  );
  const [first, ...more] = found;
  if (first !== undefined && more.length === 0) return read(first.traceId);
  if (first !== undefined) throw several(found);
  const among = complete ? "" : ` among the newest ${seen}`;
  throw new PermanentError("not_found", `no trace is stored whose id is or begins with ${reference.digits}${among}`);
}
