import type { HealthCheckSpec, InstanceHealth } from "../../component/discovery.ts";
import { joinSignals } from "../../component/signals.ts";
import { jittered, pause } from "../../component/wait.ts";
import type { ProbeOptions, ProbeResult } from "./probe-result.ts";
import { probe } from "./probes.ts";

export const HEALTH_DEFAULTS = {
  intervalMs: 30_000,
  timeoutMs: 5_000,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
} as const;

/** Share of the interval by which the wait between checks varies, either way. */
const JITTER = 0.1;
/** Checks under way at once, over all targets. */
const MAX_CONCURRENT = 64;
/** However often is asked for: a check must not become a flood. */
const MIN_INTERVAL_MS = 10;

export interface HealthReport {
  readonly health: InstanceHealth;
  /** What the last check saw. */
  readonly output: string;
}

export interface HealthCheckerSettings extends ProbeOptions {
  /** Runs one check; default: over the network. */
  readonly probe?: (spec: HealthCheckSpec, options: ProbeOptions, signal: AbortSignal) => Promise<ProbeResult>;
  /** Of [0, 1), for jitter. */
  readonly random?: () => number;
}

/**
 * Runs the checks that were added and no others: the first one at once, then one after the other without overlap, each
 * `intervalMs` ± 10 % after the end of the last. A state changes after `healthyThreshold` successes or
 * `unhealthyThreshold` failures in a row, at once where the failure is final.
 */
export class HealthChecker {
  readonly #settings: HealthCheckerSettings;
  readonly #running = new Map<string, AbortController>();
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor(settings: HealthCheckerSettings) {
    this.#settings = settings;
  }

  /** Checks until removed; replaces what runs under the same key. `onReport` is called after every check. */
  add(key: string, spec: HealthCheckSpec, onReport: (report: HealthReport) => void): void {
    this.remove(key);
    const abort = new AbortController();
    this.#running.set(key, abort);
    void this.#run(spec, onReport, abort.signal);
  }

  remove(key: string): void {
    this.#running.get(key)?.abort();
    this.#running.delete(key);
  }

  /** Ends all checks. */
  stop(): void {
    for (const key of [...this.#running.keys()]) this.remove(key);
  }

  async #run(spec: HealthCheckSpec, onReport: (report: HealthReport) => void, signal: AbortSignal): Promise<void> {
    const thresholds = new Thresholds(
      spec.healthyThreshold ?? HEALTH_DEFAULTS.healthyThreshold,
      spec.unhealthyThreshold ?? HEALTH_DEFAULTS.unhealthyThreshold,
    );
    const intervalMs = Math.max(MIN_INTERVAL_MS, spec.intervalMs ?? HEALTH_DEFAULTS.intervalMs);
    while (!signal.aborted) {
      const result = await this.#once(spec, signal);
      if (signal.aborted) return;
      onReport({ health: thresholds.next(result), output: result.output });
      await pause(jittered(intervalMs, JITTER, this.#settings.random ?? Math.random), signal);
    }
  }

  async #once(spec: HealthCheckSpec, signal: AbortSignal): Promise<ProbeResult> {
    while (this.#active >= MAX_CONCURRENT) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#active++;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), spec.timeoutMs ?? HEALTH_DEFAULTS.timeoutMs);
    const either = joinSignals(signal, limit.signal);
    try {
      return await (this.#settings.probe ?? probe)(spec, this.#settings, either.signal);
    } finally {
      clearTimeout(timer);
      either.release();
      this.#active--;
      this.#waiting.shift()?.();
    }
  }
}

/** Turns results into a state. */
export class Thresholds {
  readonly #up: number;
  readonly #down: number;
  #health: InstanceHealth = "unknown";
  #successes = 0;
  #failures = 0;

  constructor(up: number, down: number) {
    this.#up = up;
    this.#down = down;
  }

  next(result: ProbeResult): InstanceHealth {
    this.#successes = result.ok ? this.#successes + 1 : 0;
    this.#failures = result.ok ? 0 : this.#failures + 1;
    if (this.#successes >= this.#up) this.#health = "healthy";
    else if (!result.ok && (result.final || this.#failures >= this.#down)) this.#health = "unhealthy";
    return this.#health;
  }
}
