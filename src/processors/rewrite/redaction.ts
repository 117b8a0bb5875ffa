import { createHmac } from "node:crypto";
import type { Counter, Metrics } from "../../component/metrics.ts";
import { type AnyValue, type Attributes, anyValueText, type KeyValue } from "../../model/any-value.ts";
import { aliasesOf } from "../../model/semconv-aliases.ts";
import type { Span, TracesData } from "../../model/span.ts";
import { globMatcher } from "../head-sampling/glob.ts";
import { type AttributeScope, mapAttributes, mapSame, mapSpans } from "./attribute-walk.ts";
import type { RedactionConfig, RedactionField, RedactionRuleConfig } from "./redaction-config.ts";
import { DEFAULT_REPLACEMENT } from "./redaction-defaults.ts";
import { inPlace, type Rewrite } from "./rewrite.ts";

/** What a hash looks like; it is never hashed or searched again, so that redacting twice changes nothing. */
const HASHED = /sha256:[0-9a-f]{64}/g;
const ALL_HASHED = /^sha256:[0-9a-f]{64}$/;

/** A text of this length takes no time worth measuring, whatever the pattern. */
const SHORT_CHARS = 256;
/** Time for all patterns over the longer texts of one batch, ms; a normal batch takes a hundredth. */
const PATTERN_BUDGET_MS = 1_000;

/** Keys seen by one rule whose answer is remembered. */
const REMEMBERED_KEYS = 4_096;

interface Rule {
  readonly action: RedactionRuleConfig["action"];
  /** Undefined: every key. */
  readonly matchesKey: ((key: string) => boolean) | undefined;
  /** Global; undefined: the whole value. */
  readonly pattern: RegExp | undefined;
  readonly replacement: string;
  readonly scopes: ReadonlySet<AttributeScope>;
  readonly fields: ReadonlySet<RedactionField>;
  readonly redacted: Counter;
}

export function createRedaction(config: RedactionConfig, metrics: Metrics): Rewrite | undefined {
  return config.rules.length === 0 ? undefined : inPlace(new Redaction(config, metrics));
}

/**
 * Drops, hashes or masks what the rules name, one rule after the other, in attributes (also inside lists and key-value
 * lists), span and event names and status messages. Data without a match comes back as the same object. Bytes are
 * redacted by key only. Numbers that `value_pattern` matches become text.
 *
 * A batch made to keep patterns busy cannot hold up the thread: once they took a second, its longer texts are no longer
 * searched and redacted as a whole, and counted.
 */
export class Redaction {
  readonly #rules: readonly Rule[];
  readonly #salt: string;
  readonly #maxChars: number;
  readonly #unsearched: Counter;
  readonly #now: () => number;
  #spentMs = 0;

  constructor(config: RedactionConfig, metrics: Metrics, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#unsearched = metrics.counter(
      "spanloom_redaction_unsearched_values_total",
      "Values redacted as a whole because the patterns took too long on their batch.",
    );
    this.#rules = config.rules.map((rule, index) => createRule(rule, index, metrics));
    this.#salt = config.salt ?? "";
    this.#maxChars = config.max_text_chars;
  }

  apply(data: TracesData): TracesData {
    this.#spentMs = 0;
    let result = mapAttributes(data, (list, { scope }) => this.#list(list, scope));
    if (this.#rules.some((rule) => rule.fields.size > 0)) result = mapSpans(result, (span) => this.#fields(span));
    return result;
  }

  #list(list: Attributes, scope: AttributeScope): Attributes {
    let result = list;
    for (const rule of this.#rules) if (rule.scopes.has(scope)) result = this.#entries(result, rule);
    return result;
  }

  #entries(list: Attributes, rule: Rule): Attributes {
    return filterSame(list, (entry) => this.#entry(entry, rule));
  }

  #entry(entry: KeyValue, rule: Rule): KeyValue | undefined {
    const wanted = rule.matchesKey?.(entry.key) !== false;
    const value = !wanted
      ? this.#inside(entry.value, rule)
      : rule.pattern === undefined
        ? this.#whole(entry.value, rule)
        : this.#search(entry.value, rule, rule.pattern);
    if (value === undefined || value === entry.value) return value && entry;
    return { key: entry.key, value };
  }

  /** Keys inside a value whose own key is not meant. */
  #inside(value: AnyValue, rule: Rule): AnyValue {
    if (value.type === "kvlist") {
      const list = this.#entries(value.value, rule);
      return list === value.value ? value : { type: "kvlist", value: list };
    }
    if (value.type !== "array") return value;
    const items = mapSame(value.value, (item) => this.#inside(item, rule));
    return items === value.value ? value : { type: "array", value: items };
  }

  #whole(value: AnyValue, rule: Rule): AnyValue | undefined {
    if (rule.action === "drop") {
      rule.redacted.add(1);
      return undefined;
    }
    const text = anyValueText(value);
    if (value.type === "string" && (text === rule.replacement || ALL_HASHED.test(text))) return value;
    rule.redacted.add(1);
    return { type: "string", value: rule.action === "hash" ? this.#hash(text) : rule.replacement };
  }

  #search(value: AnyValue, rule: Rule, pattern: RegExp): AnyValue | undefined {
    switch (value.type) {
      case "string":
      case "int":
      case "double": {
        const before = anyValueText(value);
        const text = this.#text(before, rule, pattern);
        if (text === before) return value;
        return text === undefined ? undefined : { type: "string", value: text };
      }
      case "array": {
        const items = filterSame(value.value, (item) => this.#search(item, rule, pattern));
        return items === value.value ? value : { type: "array", value: items };
      }
      case "kvlist": {
        const list = filterSame(value.value, (entry): KeyValue | undefined => {
          const inner = this.#search(entry.value, rule, pattern);
          if (inner === undefined || inner === entry.value) return inner && entry;
          return { key: entry.key, value: inner };
        });
        return list === value.value ? value : { type: "kvlist", value: list };
      }
      default:
        return value;
    }
  }

  /** The text without what matches; undefined where it is to be dropped. */
  #text(text: string, rule: Rule, pattern: RegExp): string | undefined {
    const long = text.length > SHORT_CHARS && !ALL_HASHED.test(text);
    if (long && this.#spentMs > PATTERN_BUDGET_MS) return this.#unseen(text, rule);
    const start = long ? this.#now() : 0;
    const room = this.#maxChars - rule.replacement.length;
    const cut = plainLength(text) > this.#maxChars;
    const seen = cut ? clip(text, room) : text;
    let matches = 0;
    const result = mapPlain(seen, (part) =>
      part.replace(pattern, (match) => {
        matches++;
        return rule.action === "hash" ? this.#hash(match) : rule.replacement;
      }),
    );
    if (long) this.#spentMs += this.#now() - start;
    if (matches === 0 && !cut) return text;
    rule.redacted.add(1);
    if (matches > 0 && rule.action === "drop") return undefined;
    return cut || plainLength(result) > this.#maxChars ? clip(result, room) + rule.replacement : result;
  }

  #unseen(text: string, rule: Rule): string | undefined {
    this.#unsearched.add(1);
    rule.redacted.add(1);
    if (rule.action === "drop") return undefined;
    return rule.action === "hash" ? this.#hash(text) : rule.replacement;
  }

  #fields(span: Span): Span {
    let result = span;
    for (const rule of this.#rules) {
      const { fields, pattern } = rule;
      if (pattern === undefined) continue;
      if (fields.has("span_name")) {
        const name = this.#text(result.name, rule, pattern) ?? "";
        if (name !== result.name) result = { ...result, name };
      }
      if (fields.has("status_message")) {
        const message = this.#text(result.status.message, rule, pattern) ?? "";
        if (message !== result.status.message) result = { ...result, status: { ...result.status, message } };
      }
      if (fields.has("event_name")) {
        const events = mapSame(result.events, (event) => {
          const name = this.#text(event.name, rule, pattern) ?? "";
          return name === event.name ? event : { ...event, name };
        });
        if (events !== result.events) result = { ...result, events };
      }
    }
    return result;
  }

  #hash(text: string): string {
    return `sha256:${createHmac("sha256", this.#salt).update(text, "utf8").digest("hex")}`;
  }
}

function createRule(config: RedactionRuleConfig, index: number, metrics: Metrics): Rule {
  const { keys, value_pattern: pattern, action } = config;
  return {
    action,
    matchesKey: keys === undefined ? undefined : keyMatcher(keys),
    pattern: pattern === undefined ? undefined : new RegExp(pattern, config.ignore_case ? "gui" : "gu"),
    replacement: config.replacement ?? DEFAULT_REPLACEMENT,
    scopes: new Set(config.scopes),
    fields: new Set(config.fields),
    redacted: metrics.counter("spanloom_redaction_values_total", "Values dropped, hashed or masked, by rule.", {
      rule: config.name ?? `rules[${index}]`,
      action,
    }),
  };
}

/** A key is meant by its own name in any case, and by the names that older and newer conventions have for it. */
function keyMatcher(globs: readonly string[]): (key: string) => boolean {
  const matchers = globs.map((glob) => globMatcher(glob.toLowerCase()));
  const matchesOne = (key: string): boolean => matchers.some((matches) => matches(key.toLowerCase()));
  const answers = new Map<string, boolean>();
  return (key) => {
    let answer = answers.get(key);
    if (answer === undefined) {
      answer = matchesOne(key) || aliasesOf(key).some(matchesOne);
      if (answers.size >= REMEMBERED_KEYS) answers.clear();
      answers.set(key, answer);
    }
    return answer;
  };
}

/** `mapSame` that leaves out what comes back undefined. */
function filterSame<T>(list: readonly T[], change: (item: T) => T | undefined): readonly T[] {
  const kept: T[] = [];
  let same = true;
  for (const item of list) {
    const next = change(item);
    if (next !== item) same = false;
    if (next !== undefined) kept.push(next);
  }
  return same ? list : kept;
}

/** Applies `change` to what stands around the hashes in a text. */
function mapPlain(text: string, change: (part: string) => string): string {
  let result = "";
  let from = 0;
  for (const hash of text.matchAll(HASHED)) {
    result += change(text.slice(from, hash.index)) + hash[0];
    from = hash.index + hash[0].length;
  }
  return result + change(text.slice(from));
}

/** UTF-16 units of a text, its hashes not counted. */
function plainLength(text: string): number {
  let length = 0;
  mapPlain(text, (part) => {
    length += part.length;
    return "";
  });
  return length;
}

/** The beginning of a text with at most `length` UTF-16 units beside hashes; never half of a character. */
function clip(text: string, length: number): string {
  let left = length;
  let end = 0;
  for (const hash of text.matchAll(HASHED)) {
    const before = hash.index - end;
    if (before > left) break;
    left -= before;
    end = hash.index + hash[0].length;
  }
  const cut = text.slice(0, end + left);
  const last = cut.charCodeAt(cut.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut;
}
