import { messageOf } from "../model/message-of.ts";
/** What a span of the collector's own work may say; undefined is left out. */
export type WorkDetails = Readonly<Record<string, string | number | boolean | undefined>>;

/** A piece of the collector's own work that is over, for `telemetry.traces`. Plain: it travels between threads. */
export interface OwnWork {
  readonly name: string;
  readonly kind: "internal" | "client" | "server";
  /** Wall clock at its end, ms since the epoch. */
  readonly endMs: number;
  readonly tookMs: number;
  readonly details: WorkDetails;
  /** Why it failed; undefined when it did not. */
  readonly error: string | undefined;
  /** What it consisted of. */
  readonly parts?: readonly OwnWork[];
}

export type ReportWork = (work: OwnWork) => void;

export interface WorkOutcome {
  readonly details?: WorkDetails;
  readonly error?: string;
}

/**
 * Runs a piece of work and reports it when it is over, also when it throws. `outcomeOf` may say undefined: there was
 * nothing to do, and nothing is reported. Without `report` it only runs.
 */
export async function reported<T>(
  report: ReportWork | undefined,
  work: Pick<OwnWork, "name" | "kind" | "details">,
  run: () => Promise<T>,
  outcomeOf: (result: T) => WorkOutcome | undefined,
): Promise<T> {
  if (report === undefined) return run();
  const start = performance.now();
  const tell = (outcome: WorkOutcome): void =>
    report({
      ...work,
      endMs: Date.now(),
      tookMs: performance.now() - start,
      details: { ...work.details, ...outcome.details },
      error: outcome.error,
    });
  let result: T;
  try {
    result = await run();
  } catch (error) {
    tell({ error: messageOf(error) });
    throw error;
  }
  const outcome = outcomeOf(result);
  if (outcome !== undefined) tell(outcome);
  return result;
}
