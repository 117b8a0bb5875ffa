import type { TraceReader } from "../../component/read.ts";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import type { OperationName } from "../analysis/analysed-trace.ts";
import { LEAST_SAMPLES, operationKey, type Usual } from "../analysis/usual.ts";

/** By operationKey. */
export type UsualTable = ReadonlyMap<string, { readonly operation: OperationName; readonly usual: Usual }>;

/** Services of one trace whose usual times are read. */
const MAX_SERVICES = 200;

interface Sum {
  readonly operation: OperationName;
  samples: number;
  readonly durations: ExponentialHistogram;
}

/**
 * How long the operations of these services took in the day before the trace began, where enough of them were seen; of
 * an operation that was not seen so often before, as in a new store, in the day after it too.
 */
export async function usualTimes(
  reader: TraceReader,
  services: readonly string[],
  startMs: number,
  nowMs: number,
  signal: AbortSignal,
): Promise<UsualTable> {
  const hour = Math.floor(startMs / HOUR_MS) * HOUR_MS;
  const minute = Math.floor(startMs / MINUTE_MS) * MINUTE_MS;
  const sums = new Map<string, Sum>();
  const add = async (range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number }) => {
    if (range.startMs >= range.endMs) return;
    const enough = new Set([...sums].filter(([, { samples }]) => samples >= LEAST_SAMPLES).map(([key]) => key));
    const isAfter = range.startMs === minute;
    const query = { ...range, services: services.slice(0, MAX_SERVICES), byOperation: true };
    for (const { service, operation: name, kind, points } of (await reader.red(query, signal)).series) {
      if (name === undefined) continue;
      const operation = { service, name, kind };
      const key = operationKey(operation);
      if (isAfter && enough.has(key)) continue;
      const sum = sums.get(key) ?? { operation, samples: 0, durations: new ExponentialHistogram() };
      sums.set(key, sum);
      for (const point of points) {
        if (point === undefined) continue;
        sum.samples += point.spans;
        sum.durations.merge(point.durations);
      }
    }
  };
  // A range of more than a day is answered by hours, which are sixty times fewer to read.
  await add({ startMs: Math.max(0, hour - DAY_MS - 1), endMs: hour, stepMs: HOUR_MS });
  await add({ startMs: hour, endMs: minute, stepMs: MINUTE_MS });
  if (sums.size === 0 || [...sums.values()].some(({ samples }) => samples < LEAST_SAMPLES)) {
    await add({ startMs: minute, endMs: Math.min(nowMs, minute + DAY_MS), stepMs: MINUTE_MS });
  }
  const usual = new Map<string, { readonly operation: OperationName; readonly usual: Usual }>();
  for (const [key, { operation, samples, durations }] of sums) {
    if (samples < LEAST_SAMPLES) continue;
    const times = {
      medianNano: durations.quantile(0.5),
      p95Nano: durations.quantile(0.95),
      p99Nano: durations.quantile(0.99),
    };
    usual.set(key, { operation, usual: { samples, ...times } });
  }
  return usual;
}
