import { formatDuration } from "../../model/duration-text.ts";

/** ` (trace duration 1.43 s)` behind the root duration, where a trace goes on before or after its root; ns. */
export function besideRootDuration(rootNano: number | undefined, traceNano: number | undefined): string {
  if (traceNano === undefined) return "";
  const whole = formatDuration(traceNano);
  return rootNano !== undefined && formatDuration(rootNano) === whole ? "" : ` (trace duration ${whole})`;
}
