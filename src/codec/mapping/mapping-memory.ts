import { BytesTable } from "./bytes-table.ts";
import type { OwnFields } from "./own-fields.ts";
import { SpanParts } from "./span-parts.ts";
import { type KeyUse, TagKeys } from "./tag-keys.ts";

/** What tells the own fields of a span is shorter, or the span is built. */
const MAX_TELLING_BYTES = 2_048;

/**
 * What a mapping to OTLP remembers from batch to batch, so that most spans are written without being built: the keys of
 * tags, and which own fields follow from the bytes that tell them. It is bounded, and nothing is read from it but what
 * the mapping itself made of the same bytes.
 */
export class MappingMemory {
  readonly keys: TagKeys;
  readonly parts = new SpanParts();
  readonly #own = new BytesTable<OwnFields>(2_048, 1 << 20);
  readonly #telling = new Uint8Array(MAX_TELLING_BYTES);
  #length = 0;

  /** @param useOf what a key means to the mapping */
  constructor(useOf: (key: string) => KeyUse) {
    this.keys = new TagKeys(useOf);
  }

  /** Begins the bytes that tell the own fields of a span. */
  beginTelling(): void {
    this.#length = 0;
  }

  /** Adds bytes[from, to) to them, behind `code`, which says what they are. */
  tell(code: number, bytes: Uint8Array, from: number, to: number): void {
    const size = to - from;
    let at = this.#length;
    this.#length += 3 + size;
    if (this.#length > MAX_TELLING_BYTES) return;
    const telling = this.#telling;
    telling[at++] = code;
    telling[at++] = size >>> 8;
    telling[at++] = size & 0xff;
    for (let i = from; i < to; i++) telling[at++] = bytes[i] as number;
  }

  /** What follows from the bytes that were told. */
  get own(): OwnFields | undefined {
    return this.#length > MAX_TELLING_BYTES ? undefined : this.#own.find(this.#telling, 0, this.#length);
  }

  /** Remembers what does. */
  learn(own: OwnFields): void {
    if (this.#length <= MAX_TELLING_BYTES) this.#own.add(this.#telling, 0, this.#length, own);
  }
}
