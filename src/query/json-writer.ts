const FLUSH_CHARS = 1 << 16;

/**
 * JSON text on its way to bytes: pieces are joined to strings of some 64 kB, each encoded at once, so that a trace of
 * any size is never one JavaScript string nor a tree of objects.
 */
export class JsonWriter {
  #text = "";
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  readonly #encoder = new TextEncoder();

  /** Appends text that is JSON already. */
  raw(text: string): void {
    this.#text += text;
    if (this.#text.length >= FLUSH_CHARS) this.#flush();
  }

  /** Appends a value as JSON.stringify gives it. */
  value(value: unknown): void {
    this.raw(JSON.stringify(value));
  }

  /** All of it; the writer is empty afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#flush();
    const all = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks.length = 0;
    this.#bytes = 0;
    return all;
  }

  #flush(): void {
    if (this.#text === "") return;
    const chunk = this.#encoder.encode(this.#text);
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#text = "";
  }
}

/** The bytes of one value as JSON. */
export function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value)) as Uint8Array<ArrayBuffer>;
}
