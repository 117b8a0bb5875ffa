import type { ServiceInstance } from "../registry/registry-client.ts";

const BASE_MS = 5_000;
const MAX_MS = 60_000;
const MAX_SHARE = 0.5;

interface Failures {
  readonly inARow: number;
  readonly untilMs: number;
}

/**
 * Instances that did not answer are left out for a while: 5 s for each failure in a row, a minute at most, and never
 * more than half of those that a call could go to. So a dead one is avoided before the registry knows.
 */
export class Ejection {
  readonly #now: () => number;
  readonly #failed = new Map<string, Failures>();

  /** @param now monotonic, ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  failed(id: string): void {
    const now = this.#now();
    for (const [other, { untilMs }] of this.#failed) if (untilMs + MAX_MS < now) this.#failed.delete(other);
    const before = this.#failed.get(id);
    // Calls that were under way together fail together: that is one failure.
    if (before !== undefined && before.untilMs > now) return;
    const inARow = (before?.inARow ?? 0) + 1;
    this.#failed.set(id, { inARow, untilMs: now + Math.min(MAX_MS, inARow * BASE_MS) });
  }

  answered(id: string): void {
    this.#failed.delete(id);
  }

  /** Those to choose among; where too many failed, the ones that failed last are left out. */
  usable(instances: readonly ServiceInstance[]): readonly ServiceInstance[] {
    const now = this.#now();
    const untilMs = ({ id }: ServiceInstance): number => this.#failed.get(id)?.untilMs ?? 0;
    const out = instances
      .filter((instance) => untilMs(instance) > now)
      .sort((a, b) => untilMs(b) - untilMs(a))
      .slice(0, Math.floor(instances.length * MAX_SHARE));
    return out.length === 0 ? instances : instances.filter((instance) => !out.includes(instance));
  }
}
