import type { OperationName } from "./analysed-trace.ts";

/** How long an operation takes when nothing is said of it: durations of its spans in some time before, ns. */
export interface Usual {
  /** Spans that were counted. */
  readonly samples: number;
  readonly medianNano: number;
  readonly p95Nano: number;
  readonly p99Nano: number;
}

/** Fewer spans say nothing of what is usual. */
export const LEAST_SAMPLES = 50;
/** From so many on the 99th percentile is one. */
const MANY_SAMPLES = 1_000;
/** What is not this much longer is not worth a word, ns. */
const LEAST_EXCESS = 20e6;

/** What is usual for an operation; undefined where too few were seen. */
export type UsualOf = (operation: OperationName) => Usual | undefined;

/** By service, name and kind. */
export function operationKey({ service, name, kind }: OperationName): string {
  return `${kind}\0${service}\0${name}`;
}

/** Above the 99th percentile, or 1.5 times the 95th where it is not known so well; and by 20 ms at least. */
export function isSlow(durationNano: number, usual: Usual): boolean {
  const bound = usual.samples >= MANY_SAMPLES ? usual.p99Nano : 1.5 * usual.p95Nano;
  return durationNano > bound && durationNano - usual.medianNano >= LEAST_EXCESS;
}
