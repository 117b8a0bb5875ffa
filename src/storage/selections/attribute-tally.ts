import { keyValueBody } from "../../codec/otlp/message/decode-values.ts";
import { ByteReader } from "../../codec/otlp/wire/wire.ts";
import { type Attributes, anyValueText, type KeyValue } from "../../model/any-value.ts";
import type { WeighedAttribute } from "../../model/attribute-query.ts";
import { attributeKey } from "../spans/span-attributes.ts";

type AttributeScope = WeighedAttribute["scope"];

export interface TallyLimits {
  /** Distinct values that are told apart, and bytes of them. */
  readonly values: number;
  readonly bytes: number;
  /** Values of one key that are kept however rare they are, while there is room. */
  readonly spared: number;
}

export const DEFAULT_TALLY_LIMITS: TallyLimits = { values: 150_000, bytes: 48 * 1024 * 1024, spared: 500 };

/** Longer ones count as there, and are not told apart. */
const MAX_VALUE_BYTES = 1_024;
/** Attributes that are told apart at all: their names come from senders, too. */
const MAX_KEYS = 20_000;
/** What an entry costs beside its text, which is held twice. */
const ENTRY_BYTES = 200;

interface Counts {
  selected: number;
  rest: number;
  /** The trace that was counted last. */
  last: number;
  /** Of the traces that have it: the sum of a number of each. */
  traces: number;
}

interface KeyCounts extends Counts {
  readonly scope: AttributeScope;
  readonly key: string;
  readonly values: Map<string, ValueCounts>;
  /** Values that were told apart; one that came again after it was dropped is counted again. */
  distinct: number;
  /** A value that is new may have been in so many traces before, and have been dropped. */
  dropped: number;
}

interface ValueCounts extends Counts {
  readonly of: KeyCounts;
  readonly missed: number;
  readonly value: KeyValue["value"];
  /** Number of the only service on whose spans it was; `services` where there are more. */
  readonly service: number;
  services: Map<number, Counts> | undefined;
}

/** An attribute of many spans, ready to be counted again and again. */
export interface SharedAttribute {
  readonly text: string;
  readonly pair: KeyValue;
}

/**
 * Counts, attribute by attribute, the traces that have it, in bounded memory: when values become too many, those that
 * the fewest traces have are dropped, of keys that have many.
 */
export class AttributeTally {
  readonly #limits: TallyLimits;
  /** By what they are told apart by: the bytes of a span's attribute, a text for others. */
  readonly #values = new Map<string, ValueCounts>();
  readonly #keys = new Map<string, KeyCounts>();
  #bytes = 0;
  #distinct = 0;
  #trace = 0;
  #mark = 0;
  #isSelected = false;
  readonly #services = new Map<string, number>();
  #service = 0;

  constructor(limits: TallyLimits = DEFAULT_TALLY_LIMITS) {
    this.#limits = limits;
  }

  /** What is added until the next one is of this trace. */
  nextTrace(isSelected: boolean): void {
    this.#trace++;
    this.#isSelected = isSelected;
    // Numbers whose sums differ where the traces do.
    this.#mark = Math.imul(this.#trace, 0x9e3779b1) ^ Math.imul(this.#trace ^ (this.#trace >>> 15), 0x85ebca6b);
  }

  /** The spans whose attributes follow are of this one. */
  nextService(name: string): void {
    const known = this.#services.get(name) ?? this.#services.size;
    this.#services.set(name, known);
    this.#service = known;
  }

  /** The KeyValue message at body[from, to) of a span. */
  addEncoded(body: Buffer, from: number, to: number): void {
    if (to - from > MAX_VALUE_BYTES) {
      const key = this.#keyOf("span", attributeKey(body, from, to));
      if (key !== undefined) this.#count(key);
      return;
    }
    const text = body.toString("latin1", from, to);
    const known = this.#values.get(text);
    if (known !== undefined) this.#countOfSpan(known);
    else this.#add(text, "span", keyValueBody(new ByteReader(body, from, to)));
  }

  addName(name: string): void {
    const text = `\0n${name.slice(0, MAX_VALUE_BYTES)}`;
    const known = this.#values.get(text);
    if (known !== undefined) this.#count(known, known.of);
    else this.#add(text, "intrinsic", { key: "name", value: { type: "string", value: name } });
  }

  /** An attribute of a resource. */
  addShared({ text, pair }: SharedAttribute): void {
    const known = this.#values.get(text);
    if (known !== undefined) this.#count(known, known.of);
    else if (text.length <= MAX_VALUE_BYTES) this.#add(text, "resource", pair);
    else {
      const key = this.#keyOf("resource", pair.key);
      if (key !== undefined) this.#count(key);
    }
  }

  /** What at least two traces have, the keys of which values were dropped, and how many were told apart. */
  result(): { readonly values: WeighedAttribute[]; readonly crowded: KeyCounts[]; readonly distinct: number } {
    const values: WeighedAttribute[] = [];
    const crowded: KeyCounts[] = [];
    const names = [...this.#services.keys()];
    const counts = ({ selected, rest, traces }: Counts) => ({ selected, rest, traces });
    for (const key of this.#keys.values()) {
      if (key.dropped > 0) crowded.push(key);
      const attribute = { scope: key.scope, key: key.key, distinct: key.distinct };
      if (key.scope !== "intrinsic") values.push({ ...attribute, ...counts(key), missed: 0 });
      for (const value of key.values.values()) {
        if (value.selected + value.rest < 2) continue;
        const one = { ...attribute, value: value.value, missed: value.missed };
        values.push({ ...one, ...counts(value) });
        for (const [service, ofService] of value.services ?? []) {
          if (ofService.selected + ofService.rest < 2) continue;
          values.push({ ...one, service: names[service] as string, ...counts(ofService) });
        }
      }
    }
    return { values, crowded, distinct: this.#distinct };
  }

  #count(of: Counts, key?: KeyCounts): void {
    if (of.last === this.#trace) return;
    of.last = this.#trace;
    of.traces = (of.traces + this.#mark) | 0;
    if (this.#isSelected) of.selected++;
    else of.rest++;
    if (key !== undefined) this.#count(key);
  }

  #countOfSpan(of: ValueCounts): void {
    if (of.services === undefined && of.service !== this.#service) {
      const { selected, rest, last, traces } = of;
      of.services = new Map([[of.service, { selected, rest, last, traces }]]);
    }
    if (of.services !== undefined) {
      let counts = of.services.get(this.#service);
      if (counts === undefined) {
        counts = { selected: 0, rest: 0, last: 0, traces: 0 };
        of.services.set(this.#service, counts);
        of.of.distinct++;
        this.#bytes += ENTRY_BYTES;
      }
      this.#count(counts);
    }
    this.#count(of, of.of);
  }

  #add(text: string, scope: AttributeScope, { key: name, value }: KeyValue): void {
    const of = this.#keyOf(scope, name);
    if (of === undefined) return;
    if (this.#values.size >= this.#limits.values || this.#bytes >= this.#limits.bytes) this.#makeRoom();
    this.#distinct++;
    of.distinct++;
    this.#bytes += 2 * text.length + ENTRY_BYTES;
    const none = { selected: 0, rest: 0, last: 0, traces: 0 };
    const where = { service: this.#service, services: undefined };
    const counts: ValueCounts = { of, value, missed: of.dropped, ...where, ...none };
    this.#values.set(text, counts);
    of.values.set(text, counts);
    this.#count(counts, of);
  }

  #keyOf(scope: AttributeScope, key: string): KeyCounts | undefined {
    const text = `${scope} ${key}`;
    const known = this.#keys.get(text);
    if (known !== undefined || this.#keys.size >= MAX_KEYS || text.length > MAX_VALUE_BYTES) return known;
    const counts = { scope, key, values: new Map(), distinct: 0, dropped: 0, selected: 0, rest: 0, last: 0, traces: 0 };
    this.#keys.set(text, counts);
    return counts;
  }

  /** Drops what few traces have until half of the room is free: first of keys with many values. */
  #makeRoom(): void {
    const { values, bytes, spared } = this.#limits;
    const before = new Map<KeyCounts, number>();
    for (let rare = 1; this.#values.size > values / 2 || this.#bytes > bytes / 2; rare *= 2) {
      for (const key of this.#keys.values()) {
        if (key.values.size <= spared / rare) continue;
        const earlier = before.get(key) ?? key.dropped;
        before.set(key, earlier);
        key.dropped = earlier + rare;
        for (const [text, { selected, rest, services }] of key.values) {
          if (selected + rest > rare) continue;
          key.values.delete(text);
          this.#values.delete(text);
          this.#bytes -= 2 * text.length + ENTRY_BYTES * (services?.size ?? 1);
        }
      }
    }
  }
}

export function sharedAttributes(attributes: Attributes): SharedAttribute[] {
  return attributes.map((pair) => {
    const { key, value } = pair;
    return { text: `\0r${key}\0${value.type}\0${anyValueText(value)}`, pair };
  });
}
