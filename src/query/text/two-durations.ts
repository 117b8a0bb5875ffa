import { otherThanRoot } from "../../model/duration-text.ts";

/** ` (trace duration 1.43 s)` behind the root duration, where a trace goes on before or after its root; ns. */
export function besideRootDuration(rootNano: number | undefined, traceNano: number | undefined): string {
  const whole = otherThanRoot(rootNano, traceNano);
  return whole === undefined ? "" : ` (trace duration ${whole})`;
}
