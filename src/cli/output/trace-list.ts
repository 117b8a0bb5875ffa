import { formatDuration } from "../../model/duration-text.ts";
import { tellingDigits } from "../../model/trace-reference.ts";
import { formatShortTime, formatTime, printable } from "../../query/text/readable.ts";
import type { UiTraceSummary } from "../../query/ui/api-types.ts";
import { UNREAD_ERROR } from "../../query/ui/error-text.ts";
import { table, tableWidth } from "./format.ts";

const HEAD = ["started", "trace duration", "spans", "errors", "root", "trace", "first error"];
/** Where lines are too long for it. */
const NARROW_HEAD = HEAD.with(1, "duration");
const RIGHT = [1, 2, 3];
const TEXTS = [4, 6];
/** The web UI shows as many digits of an id. */
const LEAST_DIGITS = 8;

/** A heading and one line a trace. Lines that are too long lose digits of ids that tell nothing, then ends of texts. */
export function traceList(traces: readonly UiTraceSummary[], width: number | undefined, now = new Date()): string {
  const whole = traces.map((trace) => rowOf(trace, formatTime(BigInt(trace.startTimeUnixNano)), trace.traceId));
  const fits = width === undefined || tableWidth([HEAD, ...whole]) <= width;
  const digits = fits ? 32 : digitsThatTell(traces.map(({ traceId }) => tellingDigits(traceId)));
  const rows = fits
    ? whole
    : traces.map((trace) =>
        rowOf(
          trace,
          formatShortTime(BigInt(trace.startTimeUnixNano), now),
          tellingDigits(trace.traceId).slice(0, digits),
        ),
      );
  return table(fits ? HEAD : NARROW_HEAD, rows, { right: RIGHT, width, flexible: TEXTS });
}

function rowOf(trace: UiTraceSummary, started: string, id: string): string[] {
  return [
    started,
    formatDuration(trace.durationUnknown === true ? undefined : Number(trace.durationNano)),
    String(trace.spanCount),
    trace.errorCount === 0 ? "" : String(trace.errorCount),
    printable(`${trace.rootService} ${trace.rootName}`),
    id,
    errorCell(trace),
  ];
}

/** `payments charge card: card declined`; the service is left out where it is the root's. */
function errorCell({ firstError, firstErrorUnread: unread, rootService }: UiTraceSummary): string {
  if (firstError === undefined) return unread === undefined ? "" : `not read: ${UNREAD_ERROR[unread]}`;
  const { service, name, text } = firstError;
  const where = service === rootService ? name : `${service} ${name}`;
  return printable(text === "" ? where : `${where}: ${text}`);
}

/** How many first digits tell these ids apart. */
function digitsThatTell(ids: readonly string[]): number {
  const different = new Set(ids).size;
  let digits = LEAST_DIGITS;
  while (digits < 32 && new Set(ids.map((id) => id.slice(0, digits))).size < different) digits++;
  return digits;
}
