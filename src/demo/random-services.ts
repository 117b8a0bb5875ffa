import { SPAN_KIND, type SpanKind } from "../model/span.ts";
import type { Random } from "./random.ts";

/** A call that ran, with those that it made; times in ms since some beginning. It may be changed. */
export interface ServiceCall {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  start: number;
  end: number;
  failed: boolean;
  children: ServiceCall[];
}

/** How a call usually goes. */
export interface CallModel {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  /** Own time, ms: the median. */
  readonly typical: number;
  /** Standard deviation of its logarithm. */
  readonly spread: number;
  /** Whether the calls below begin together. */
  readonly parallel: boolean;
  /** How often it is made, 0 to 1. */
  readonly chance: number;
  /** Goes on after its parent. */
  readonly detached: boolean;
  readonly children: readonly CallModel[];
}

/** Five kinds of request to ten services, with branches that are taken now and then. */
export function randomRequests(random: Random): CallModel[] {
  return Array.from({ length: 5 }, (_, i) => randomCall(random, `request ${i}`, SPAN_KIND.server, 0));
}

function randomCall(random: Random, name: string, kind: SpanKind, depth: number): CallModel {
  const count = depth >= 4 ? 0 : random.int(depth === 0 ? 1 : 0, 3);
  const service = `service-${random.int(0, 9)}`;
  return {
    service,
    name,
    kind,
    typical: 0.5 * 2 ** (random.next() * 5),
    spread: 0.1 + random.next() * 0.3,
    parallel: random.chance(0.25),
    chance: depth === 0 || random.chance(0.75) ? 1 : 0.3,
    // What goes on after its caller is no answer to it.
    detached: depth > 0 && kind !== SPAN_KIND.server && random.chance(0.05),
    children: Array.from({ length: count }, (_, i) =>
      randomCall(
        random,
        `${name}.${i}`,
        random.chance(0.5) ? SPAN_KIND.client : random.chance(0.5) ? SPAN_KIND.server : SPAN_KIND.internal,
        depth + 1,
      ),
    ),
  };
}

/** One call as its model has it: half of its own time before the calls below, half after them. */
export function runCall(random: Random, model: CallModel, start = 0): ServiceCall {
  const own = model.typical * lognormal(random, model.spread);
  const children: ServiceCall[] = [];
  const began = start + own / 2;
  let at = began;
  let last = at;
  for (const below of model.children) {
    if (!random.chance(below.chance)) continue;
    const made = runCall(random, below, model.parallel ? began : at);
    children.push(made);
    if (below.detached) {
      shiftCall(made, own);
      continue;
    }
    at = made.end;
    last = Math.max(last, made.end);
  }
  const { service, name, kind } = model;
  return { service, name, kind, start, end: last + own / 2, failed: false, children };
}

function shiftCall(call: ServiceCall, by: number): void {
  call.start += by;
  call.end += by;
  for (const child of call.children) shiftCall(child, by);
}

/** A factor around 1 whose logarithm has this standard deviation. */
export function lognormal(random: Random, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Math.exp(sigma * normal);
}
