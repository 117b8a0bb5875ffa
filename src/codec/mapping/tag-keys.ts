import { WireWriter } from "../otlp/wire/wire-writer.ts";
import { isUtf8, utf8Text } from "../utf8.ts";
import { BytesTable } from "./bytes-table.ts";

/** Longer keys are not remembered. */
const MAX_KEY_BYTES = 128;

/** What a key means to a mapping. */
export const KEY_USE = {
  /** An attribute of the span, whatever else it has. */
  attribute: 0,
  /** A field of the span's own is, or may be, told by it. */
  own: 1,
  /** It may say what the remote endpoint says, too. */
  peer: 2,
  /** An attribute of the resource. */
  resource: 3,
  /** It says more than can be told without building the span. */
  reserved: 4,
} as const;
export type KeyUse = (typeof KEY_USE)[keyof typeof KEY_USE];

/** A key of tags, as it is written. */
export interface TagKey {
  readonly text: string;
  readonly use: KeyUse;
  /** Field 1 of a KeyValue; nothing for an empty key. */
  readonly field: Uint8Array;
  /** Number of the list of tags that it was last seen in. */
  seen: number;
}

/** Keys of tags, remembered from batch to batch: a few hundred are all that senders have. */
export class TagKeys {
  readonly #classify: (key: string) => KeyUse;
  readonly #keys = new BytesTable<TagKey>(4_096, 1 << 18);

  constructor(classify: (key: string) => KeyUse) {
    this.#classify = classify;
  }

  /** The key in bytes[from, to); undefined for one that is not remembered: long, or no UTF-8. */
  find(bytes: Uint8Array, from: number, to: number): TagKey | undefined {
    if (to - from > MAX_KEY_BYTES) return undefined;
    return this.#keys.find(bytes, from, to) ?? this.#add(bytes, from, to);
  }

  #add(bytes: Uint8Array, from: number, to: number): TagKey | undefined {
    if (!isUtf8(bytes, from, to)) return undefined;
    const text = utf8Text(bytes, from, to);
    const writer = new WireWriter(to - from + 3);
    if (text !== "") writer.range(0x0a, bytes, from, to);
    const key: TagKey = { text, use: this.#classify(text), field: writer.finish(), seen: 0 };
    this.#keys.add(bytes, from, to, key);
    return key;
  }
}
