import { totalmem } from "node:os";
import { RetryableError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import type { Metrics } from "../../component/metrics.ts";
import type { RequestBudget, Reservation } from "../../component/receiver.ts";

/** What a refused sender is asked to wait, ms. */
const RETRY_AFTER_MS = 2_000;
/** How old a reading of the memory may be, ms. */
const READ_EVERY_MS = 200;
/** Of the bound is where requests are taken again: at the bound itself one would be taken, and the next refused. */
const RECOVERED = 0.9;
const MIB = 1024 * 1024;

export interface MemoryGuardOptions {
  /** Share of `limitBytes` from which on requests are refused, in percent; null: never. */
  readonly maxPercent: number | null;
  /** Memory that this process may have. */
  readonly limitBytes: number;
  readonly residentBytes: () => number;
  /** ms of a clock that never goes back. */
  readonly now: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * What this process may have: the limit of its control group (cgroup v1 or v2, as containers and systemd set it), or
 * all that the machine has.
 */
export function memoryLimitBytes(
  constrained: number = process.constrainedMemory(),
  total: number = totalmem(),
): number {
  // Without a limit Node says 0, or a number larger than any memory.
  return constrained > 0 && constrained < total ? constrained : total;
}

/**
 * Refuses requests while the process holds more memory than it should: a sender that waits loses nothing, a process
 * that the system kills loses what it had begun. Stands before the budget that all receivers share.
 */
export class MemoryGuard {
  readonly #options: MemoryGuardOptions;
  readonly #boundBytes: number;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #resident = 0;
  #refusing = false;

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
    const { limitBytes, maxPercent, metrics } = options;
    this.#boundBytes = maxPercent === null ? Number.POSITIVE_INFINITY : (limitBytes * maxPercent) / 100;
    metrics.onSnapshot(() => {
      this.#read();
      const gauge = { type: "gauge", labels: {} } as const;
      return [
        {
          ...gauge,
          name: "spanloom_memory_limit_bytes",
          help: "Memory that the process may have: of its control group, or the machine's.",
          value: limitBytes,
        },
        {
          ...gauge,
          name: "spanloom_memory_refusing",
          help: "1 while spans are refused because the process holds more than limits.memory_percent of its memory.",
          value: this.#refusing ? 1 : 0,
        },
      ];
    });
  }

  /** The budget, with nothing given out while memory is short. */
  ofBudget(budget: RequestBudget): RequestBudget {
    return {
      assertRoom: (source) => {
        this.#assertMemory();
        budget.assertRoom(source);
      },
      take: (bytes, source) => {
        const reservation = budget.take(0, source);
        const guarded: Reservation = {
          get bytes() {
            return reservation.bytes;
          },
          grow: (more) => {
            if (more > 0) this.#assertMemory();
            reservation.grow(more);
          },
          release: () => reservation.release(),
        };
        guarded.grow(bytes);
        return guarded;
      },
    };
  }

  /** @throws RetryableError `overloaded` */
  #assertMemory(): void {
    this.#read();
    if (!this.#refusing) return;
    const { limitBytes, maxPercent } = this.#options;
    const message =
      `the collector holds ${mebibytes(this.#resident)} MiB of memory, and spans are refused from ${maxPercent} % of ` +
      `${mebibytes(limitBytes)} MiB on (limits.memory_percent); try again later`;
    throw new RetryableError("overloaded", message, RETRY_AFTER_MS);
  }

  #read(): void {
    const { now, residentBytes, logger, limitBytes, maxPercent } = this.#options;
    if (this.#boundBytes === Number.POSITIVE_INFINITY || now() - this.#readAtMs < READ_EVERY_MS) return;
    this.#readAtMs = now();
    this.#resident = residentBytes();
    const refuses = this.#resident >= (this.#refusing ? this.#boundBytes * RECOVERED : this.#boundBytes);
    if (refuses === this.#refusing) return;
    this.#refusing = refuses;
    const fields = {
      resident_mib: mebibytes(this.#resident),
      limit_mib: mebibytes(limitBytes),
      memory_percent: maxPercent ?? undefined,
    };
    if (refuses) logger.warn("spans are refused: the process holds too much of its memory", fields);
    else logger.info("spans are taken again: memory is there", fields);
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / MIB);
}
