import { ByteSink, type ByteSource } from "./byte-sink.ts";

/** The messages whose fields get streams of their own; any other is kept as bytes. */
export const CONTEXT = { span: 0, event: 1, link: 2, status: 3 } as const;
export type Context = (typeof CONTEXT)[keyof typeof CONTEXT];

/** How a field is stored. Those from `kvBytes` to `kvEmpty` are attributes: a KeyValue of one key and type. */
export const KIND = {
  varint: 0,
  fixed64: 1,
  fixed32: 2,
  bytes: 3,
  /** A sub-message with a shape of its own. */
  message: 4,
  kvBytes: 5,
  kvVarint: 6,
  kvFixed64: 7,
  /** An attribute whose value is a message without fields. */
  kvEmpty: 8,
  /** Written from the row's columns. */
  column: 9,
  /** The whole message, as it came. */
  raw: 10,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/**
 * One field of a message as far as it does not differ from row to row; the rest is in the token's stream. A message is
 * a shape, a list of tokens: spans of one operation mostly share one.
 */
export interface Token {
  readonly context: Context;
  readonly kind: Kind;
  /** Field number times 8 plus wire type; 0 for `raw`. */
  readonly tag: number;
  /** Of attributes: tag of the value inside AnyValue. */
  readonly valueTag: number;
  /** Of attributes, UTF-8. */
  readonly key: Uint8Array;
}

const NO_KEY = new Uint8Array(0);

/** Tags of Span, Event, Link and Status fields that are not plain leaves (opentelemetry/proto/trace/v1/trace.proto). */
export const ATTRIBUTES_TAG: readonly number[] = [0x4a, 0x1a, 0x22, -1];
export const SPAN_TAG = {
  traceId: 0x0a,
  spanId: 0x12,
  parentId: 0x22,
  name: 0x2a,
  kind: 0x30,
  start: 0x39,
  end: 0x41,
  events: 0x5a,
  links: 0x6a,
  status: 0x7a,
} as const;
export const STATUS_CODE_TAG = 0x18;
/** Fields of KeyValue and AnyValue. */
export const KEY_TAG = 0x0a;
export const VALUE_TAG = 0x12;

/** Tokens and shapes of one row. */
export class TokenTable {
  readonly tokens: Token[] = [];
  readonly shapes: Int32Array[] = [];
  readonly #fields = new Map<number, number>();
  readonly #attributes = new Map<string, number>();
  /** Shapes by a hash of their tokens. */
  readonly #shapeIds = new Map<number, number[]>();

  field(context: Context, kind: Kind, tag: number): number {
    const id = (context * 16 + kind) * 0x1_0000_0000 + tag;
    let token = this.#fields.get(id);
    if (token === undefined) {
      token = this.tokens.push({ context, kind, tag, valueTag: 0, key: NO_KEY }) - 1;
      this.#fields.set(id, token);
    }
    return token;
  }

  attribute(context: Context, kind: Kind, tag: number, valueTag: number, key: Uint8Array): number {
    const id = `${context} ${valueTag} ${Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1")}`;
    let token = this.#attributes.get(id);
    if (token === undefined) {
      token = this.tokens.push({ context, kind, tag, valueTag, key: new Uint8Array(key) }) - 1;
      this.#attributes.set(id, token);
    }
    return token;
  }

  shape(tokens: readonly number[], count: number): number {
    let hash = count;
    for (let i = 0; i < count; i++) hash = Math.imul(hash ^ (tokens[i] as number), 0x01000193);
    const known = this.#shapeIds.get(hash);
    if (known !== undefined) for (const id of known) if (this.#isShape(id, tokens, count)) return id;
    const shape = this.shapes.push(Int32Array.from({ length: count }, (_, i) => tokens[i] as number)) - 1;
    if (known === undefined) this.#shapeIds.set(hash, [shape]);
    else known.push(shape);
    return shape;
  }

  #isShape(id: number, tokens: readonly number[], count: number): boolean {
    const shape = this.shapes[id] as Int32Array;
    if (shape.length !== count) return false;
    for (let i = 0; i < count; i++) if (shape[i] !== tokens[i]) return false;
    return true;
  }

  /** `counts`: length of each token's stream. */
  write(counts: ArrayLike<number>): Uint8Array {
    const sink = new ByteSink(2048);
    sink.varint(this.tokens.length);
    for (const [i, { context, kind, tag, valueTag, key }] of this.tokens.entries()) {
      sink.byte(context * 16 + kind);
      sink.varint(tag);
      sink.byte(valueTag);
      sink.blob(key);
      sink.varint(counts[i] as number);
    }
    sink.varint(this.shapes.length);
    for (const shape of this.shapes) {
      sink.varint(shape.length);
      for (const token of shape) sink.varint(token);
    }
    return sink.finish();
  }
}

export interface StoredTable {
  readonly tokens: readonly (Token & { readonly count: number })[];
  readonly shapes: readonly Int32Array[];
}

/** What `TokenTable.write` wrote. Throws RangeError. */
export function readTokenTable(source: ByteSource): StoredTable {
  const tokens = Array.from({ length: source.varint() }, () => {
    const word = source.byte();
    return {
      context: (word >>> 4) as Context,
      kind: (word & 15) as Kind,
      tag: source.varint(),
      valueTag: source.byte(),
      key: source.blob(),
      count: source.varint(),
    };
  });
  const shapes = Array.from({ length: source.varint() }, () => {
    const shape = new Int32Array(source.varint());
    for (let i = 0; i < shape.length; i++) {
      const token = source.varint();
      if (token >= tokens.length) throw new RangeError(`token ${token} of ${tokens.length}`);
      shape[i] = token;
    }
    return shape;
  });
  return { tokens, shapes };
}

export function hasNumbers(kind: Kind): boolean {
  return (
    kind === KIND.varint ||
    kind === KIND.fixed64 ||
    kind === KIND.fixed32 ||
    kind === KIND.message ||
    kind === KIND.kvVarint ||
    kind === KIND.kvFixed64
  );
}

export function hasValues(kind: Kind): boolean {
  return kind === KIND.bytes || kind === KIND.kvBytes || kind === KIND.raw;
}
