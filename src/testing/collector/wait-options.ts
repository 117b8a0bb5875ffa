import { PermanentError } from "../../component/errors.ts";

/** Below the five seconds after which test runners give up by themselves, and tell nothing of what arrived. */
const DEFAULT_TIMEOUT_MS = 4_000;

export interface WaitOptions {
  /** Default 4000: below what test runners wait by default. */
  readonly timeoutMs?: number;
}

export interface WaitForTraceOptions extends WaitOptions {
  /**
   * Wait until the trace has a root and every parent that its spans name. Default true for ids and TraceQL; a predicate
   * says itself what it waits for.
   */
  readonly whole?: boolean;
}

/** @throws PermanentError `bad_request` */
export function timeoutOf(given: number | WaitOptions | undefined): number {
  const ms = (typeof given === "number" ? given : given?.timeoutMs) ?? DEFAULT_TIMEOUT_MS;
  // A timer takes no more.
  if (ms >= 0 && ms < 2 ** 31) return ms;
  throw new PermanentError("bad_request", `timeoutMs: expected milliseconds from 0 to 2147483647, found ${ms}`);
}
