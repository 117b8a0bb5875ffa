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
  /** Of each service its names, and of each name its kinds, a bit each: without a text that is made for each look. */
  readonly #services = new Map<string, Map<string, number>>();
  readonly #ofService = new Map<string, number>();
  #size = 0;

  constructor(limits: OperationLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** `new` is to be listed, and counts as known from now on; `refused` has no place. */
  take(service: string, name: string, kind: number): "known" | "new" | "refused" {
    const names = this.#services.get(service);
    const kinds = names?.get(name) ?? 0;
    if ((kinds & (1 << kind)) !== 0) return "known";
    const ofService = this.#ofService.get(service) ?? 0;
    if (this.#size >= this.#limits.all || ofService >= this.#limits.ofService) return "refused";
    if (names === undefined) this.#services.set(service, new Map([[name, 1 << kind]]));
    else names.set(name, kinds | (1 << kind));
    this.#ofService.set(service, ofService + 1);
    this.#size++;
    return "new";
  }

  /** It is not listed after all. */
  giveBack(service: string, name: string, kind: number): void {
    const names = this.#services.get(service);
    const kinds = names?.get(name) ?? 0;
    if (names === undefined || (kinds & (1 << kind)) === 0) return;
    const left = kinds & ~(1 << kind);
    if (left === 0) names.delete(name);
    else names.set(name, left);
    this.#ofService.set(service, (this.#ofService.get(service) as number) - 1);
    this.#size--;
  }
}
