import type { ServiceInstance } from "../../component/discovery.ts";

export const BALANCER_POLICY = ["weighted_round_robin", "power_of_two"] as const;
export type BalancerPolicy = (typeof BALANCER_POLICY)[number];

export interface EjectionSettings {
  /** Failures in a row after which an instance is ejected. */
  readonly consecutiveFailures: number;
  /** For how long the first time; grows with every further ejection, ms. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Share of the instances that may be ejected at once: the rest could not bear the load, or the fault is ours. */
  readonly maxShare: number;
}

export const DEFAULT_EJECTION: EjectionSettings = {
  consecutiveFailures: 3,
  baseMs: 30_000,
  maxMs: 300_000,
  maxShare: 0.5,
};

export interface BalancerSettings {
  readonly policy: BalancerPolicy;
  readonly ejection: EjectionSettings;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** Of [0, 1). */
  readonly random: () => number;
}

export interface Picked {
  readonly instance: ServiceInstance;
  /** Once, with what became of the request. */
  done(outcome: "success" | "failure"): void;
}

interface Candidate {
  instance: ServiceInstance;
  /** Of smooth weighted round robin. */
  current: number;
  inFlight: number;
  failures: number;
  ejections: number;
  ejectedUntil: number;
}

/**
 * Chooses among instances. `weighted_round_robin` is nginx's smooth variant: over a whole cycle every instance is
 * chosen in proportion to its weight, and evenly in between. `power_of_two` takes two at random and of these the one
 * with fewer requests under way for its weight (Mitzenmacher, "The power of two choices").
 */
export class Balancer {
  readonly #settings: BalancerSettings;
  readonly #candidates = new Map<string, Candidate>();

  constructor(settings: BalancerSettings) {
    this.#settings = settings;
  }

  /** The instances to choose from; what is known of those that stay is kept. */
  update(instances: readonly ServiceInstance[]): void {
    const ids = new Set(instances.map(({ id }) => id));
    for (const id of this.#candidates.keys()) if (!ids.has(id)) this.#candidates.delete(id);
    for (const instance of instances) {
      const known = this.#candidates.get(instance.id);
      // The same id at another address is another process: its failures are not those of the old one.
      if (known !== undefined && known.instance.host === instance.host && known.instance.port === instance.port) {
        known.instance = instance;
      } else this.#candidates.set(instance.id, fresh(instance));
    }
  }

  /** Undefined when there are no instances. Ejected ones are used when nothing else is left. */
  pick(): Picked | undefined {
    const now = this.#settings.now();
    const all = [...this.#candidates.values()];
    const usable = all.filter(({ ejectedUntil }) => ejectedUntil <= now);
    const weighted = usable.filter(({ instance }) => instance.weight > 0);
    const pool = weighted.length > 0 ? weighted : usable.length > 0 ? usable : all;
    const chosen = this.#settings.policy === "power_of_two" ? this.#twoChoices(pool) : roundRobin(pool);
    return chosen === undefined ? undefined : this.#handOut(chosen);
  }

  /** Ids of the instances that are ejected now. */
  ejected(): string[] {
    const now = this.#settings.now();
    return [...this.#candidates.values()]
      .filter(({ ejectedUntil }) => ejectedUntil > now)
      .map(({ instance }) => instance.id);
  }

  #handOut(candidate: Candidate): Picked {
    candidate.inFlight++;
    let open = true;
    return {
      instance: candidate.instance,
      done: (outcome) => {
        if (!open) return;
        open = false;
        candidate.inFlight--;
        if (outcome === "success") {
          candidate.failures = 0;
          if (candidate.ejectedUntil <= this.#settings.now()) candidate.ejections = 0;
        } else this.#failed(candidate);
      },
    };
  }

  #failed(candidate: Candidate): void {
    const { consecutiveFailures, baseMs, maxMs, maxShare } = this.#settings.ejection;
    const now = this.#settings.now();
    candidate.failures++;
    if (candidate.failures < consecutiveFailures || candidate.ejectedUntil > now) return;
    const allowed = Math.floor(this.#candidates.size * maxShare);
    if (this.ejected().length >= allowed) return;
    candidate.ejections++;
    candidate.failures = 0;
    candidate.ejectedUntil = now + Math.min(maxMs, baseMs * candidate.ejections);
  }

  #twoChoices(pool: readonly Candidate[]): Candidate | undefined {
    const { random } = this.#settings;
    const first = pool[Math.floor(random() * pool.length)];
    if (first === undefined || pool.length === 1) return first;
    const others = pool.filter((candidate) => candidate !== first);
    const second = others[Math.floor(random() * others.length)] as Candidate;
    return load(second) < load(first) ? second : first;
  }
}

function load({ inFlight, instance }: Candidate): number {
  return (inFlight + 1) / Math.max(instance.weight, Number.MIN_VALUE);
}

function roundRobin(pool: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined;
  let total = 0;
  for (const candidate of pool) {
    const weight = candidate.instance.weight > 0 ? candidate.instance.weight : 1;
    candidate.current += weight;
    total += weight;
    if (best === undefined || candidate.current > best.current) best = candidate;
  }
  if (best !== undefined) best.current -= total;
  return best;
}

function fresh(instance: ServiceInstance): Candidate {
  return { instance, current: 0, inFlight: 0, failures: 0, ejections: 0, ejectedUntil: 0 };
}
