import type { JsonCursor } from "./json-cursor.ts";

const MASK = 127;

/**
 * Property names of one message and the number of each. Names are found as lowerCamelCase, as proto3's JSON mapping
 * writes them, and as snake_case, as many exporters do; no string is made for a name.
 */
export class FieldTable {
  readonly #slots: ({ readonly name: Uint8Array; readonly field: number } | undefined)[] = new Array(MASK + 1);

  /** @param names lowerCamelCase name → a number above zero */
  constructor(names: Readonly<Record<string, number>>) {
    for (const [name, field] of Object.entries(names)) {
      const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      for (const spelling of new Set([name, snake])) this.#add(new TextEncoder().encode(spelling), field);
    }
  }

  /** The number of the property name that the cursor has read; 0 for an unknown one. */
  find(cursor: JsonCursor): number {
    if (cursor.plain) return this.#find(cursor.bytes, cursor.start, cursor.end);
    const name = new Uint8Array(cursor.end - cursor.start);
    return this.#find(name, 0, cursor.unescape(name));
  }

  #find(bytes: Uint8Array, start: number, end: number): number {
    let slot = hashOf(bytes, start, end);
    for (;;) {
      const entry = this.#slots[slot];
      if (entry === undefined) return 0;
      if (same(entry.name, bytes, start, end)) return entry.field;
      slot = (slot + 1) & MASK;
    }
  }

  #add(name: Uint8Array, field: number): void {
    let slot = hashOf(name, 0, name.length);
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & MASK;
    this.#slots[slot] = { name, field };
  }
}

/** By length and four of the letters: enough to tell a dozen names apart. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  const first = bytes[start] as number;
  const middle = bytes[start + (length >> 1)] as number;
  const last = bytes[end - 1] as number;
  return (length * 5 + first * 7 + middle * 3 + last) & MASK;
}

function same(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}
