import type { SpanKind } from "../../model/span.ts";

export interface SegmentOperation {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
}

/** Operations that one segment lists. */
export interface OperationLimits {
  readonly all: number;
  /** A service that puts ids into span names must not take the places of all others. */
  readonly ofService: number;
}

/**
 * Chooses which (service, operation, kind) a segment lists: the first ones, up to a bound for all and for each service.
 */
export class OperationShares {
  readonly #limits: OperationLimits;
  readonly #known = new Set<string>();
  readonly #byService = new Map<string, number>();

  constructor(limits: OperationLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#known.size;
  }

  /** `new` is to be listed, and counts as known from now on; `refused` has no place. */
  take(service: string, name: string, kind: number): "known" | "new" | "refused" {
    const key = keyOf(service, name, kind);
    if (this.#known.has(key)) return "known";
    const ofService = this.#byService.get(service) ?? 0;
    if (this.#known.size >= this.#limits.all || ofService >= this.#limits.ofService) return "refused";
    this.#known.add(key);
    this.#byService.set(service, ofService + 1);
    return "new";
  }

  /** It is not listed after all. */
  giveBack(service: string, name: string, kind: number): void {
    if (!this.#known.delete(keyOf(service, name, kind))) return;
    this.#byService.set(service, (this.#byService.get(service) as number) - 1);
  }
}

function keyOf(service: string, name: string, kind: number): string {
  return `${kind}${service}\0${name}`;
}
