import { PermanentError } from "../../component/errors.ts";
import type { SelectionQuery } from "../../model/attribute-query.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { BlockName } from "../cache/cached-block.ts";
import type { Pacer } from "../cache/pacer.ts";
import { findTraces } from "../search/find.ts";

/** Traces of each side that are held, about 150 bytes each. */
const MAX_HELD = 200_000;

/** A trace and the block in which it begins. */
export interface HeldTrace {
  /** As BlockCache.traceKey. */
  readonly key: string;
  readonly start: bigint;
  readonly block: BlockName;
}

export interface WeighedTraces {
  readonly selected: HeldTraces;
  readonly rest: HeldTraces;
  readonly complete: boolean;
  readonly reason?: string;
  /** What starts before was not looked for: it is on neither side. ns since the epoch. */
  readonly searchedBackTo?: bigint;
}

/** As many as there is room for, whichever: by a number made of the key. */
export class HeldTraces {
  readonly #limit: number;
  /** Those are held whose number is at most this. */
  #most = 0xffff_ffff;
  #held: HeldTrace[] = [];
  found = 0;

  constructor(limit = MAX_HELD) {
    this.#limit = limit;
  }

  get held(): readonly HeldTrace[] {
    return this.#held;
  }

  add(trace: HeldTrace): void {
    this.found++;
    if (numberOf(trace.key) > this.#most) return;
    this.#held.push(trace);
    while (this.#held.length > this.#limit) {
      this.#most = Math.floor(this.#most / 2);
      this.#held = this.#held.filter(({ key }) => numberOf(key) <= this.#most);
    }
  }
}

/**
 * All traces of a search, those of the selection apart from the rest. Throws PermanentError `bad_request` where more
 * are selected than can be told apart.
 */
export async function findSelected(
  cache: BlockCache,
  { query, selected, failed }: SelectionQuery,
  pacerOf: () => Pacer,
  missed: number,
): Promise<WeighedTraces> {
  const wanted = selected === undefined ? undefined : new Set<string>();
  const first =
    selected === undefined
      ? undefined
      : await eachTrace(cache, selected, pacerOf(), missed, ({ key }) => {
          if ((wanted?.size ?? 0) >= MAX_HELD) {
            throw new PermanentError("bad_request", `more than ${MAX_HELD} traces are selected; select fewer`);
          }
          wanted?.add(key);
        });
  const sides = { selected: new HeldTraces(), rest: new HeldTraces() };
  const from = first?.searchedBackTo;
  const second = await eachTrace(cache, query, pacerOf(), missed, (trace, failedSpans) => {
    // Of what the first search did not come to nobody knows whether it is selected.
    if (from !== undefined && trace.start < from) return;
    const isSelected = (wanted?.has(trace.key) ?? true) && (!failed || failedSpans > 0n);
    (isSelected ? sides.selected : sides.rest).add(trace);
  });
  const backTo = [first?.searchedBackTo, second.searchedBackTo].filter((time) => time !== undefined);
  const latest = backTo.reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined);
  const reason = first?.reason ?? second.reason;
  return {
    ...sides,
    complete: first?.complete !== false && second.complete,
    ...(reason === undefined ? {} : { reason }),
    ...(latest === undefined ? {} : { searchedBackTo: latest }),
  };
}

/** A search that keeps no trace: it tells all that match, and how many of their spans failed. */
async function eachTrace(
  cache: BlockCache,
  { after: _after, show: _show, outside: _outside, ...query }: TraceQuery,
  pacer: Pacer,
  missed: number,
  onTrace: (trace: HeldTrace, failedSpans: bigint) => void,
) {
  const asked = { ...query, limit: 1, order: "errors" } as const;
  return findTraces(cache, asked, pacer, missed, {
    onTrace: ({ start }, failedSpans, key, { segment, number }) => {
      onTrace({ key, start, block: { segment, number } }, failedSpans);
    },
  });
}

/** Evenly spread, and always the same for a key. */
export function numberOf(key: string): number {
  let hash = 2166136261;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 16777619);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}
