import type { SpanColumns } from "../../model/span-columns.ts";
import { type BlockDigest, digestBlock } from "./block-digest.ts";
import { ByteLru } from "./byte-lru.ts";

/** Bytes of digests, and distinct names in them. */
const DIGEST_BYTES = 24 * 1024 * 1024;
const MAX_NAMES = 50_000;
/** What it takes to know that a block has none. */
const NONE_BYTES = 100;

/** The digests of blocks, bounded in bytes; keys are the cache's. */
export class BlockDigests {
  /** Null for a block that has none. */
  readonly #digests = new ByteLru<BlockDigest | null>(DIGEST_BYTES);
  /** Texts of digests. */
  readonly #names = new Map<string, string>();

  /** What counts the spans of a block; null for one that has none, undefined for one that `add` was not told. */
  get(key: number): BlockDigest | null | undefined {
    return this.#digests.get(key);
  }

  add(key: number, columns: SpanColumns): void {
    if (this.#names.size > MAX_NAMES) this.clear();
    const digest = digestBlock(columns, (text) => {
      const known = this.#names.get(text);
      if (known === undefined) this.#names.set(text, text);
      return known ?? text;
    });
    this.#digests.set(key, digest ?? null, digest?.bytes ?? NONE_BYTES);
  }

  removeWhere(gone: (key: number) => boolean): void {
    this.#digests.removeWhere(gone);
  }

  clear(): void {
    this.#digests.removeWhere(() => true);
    this.#names.clear();
  }
}
