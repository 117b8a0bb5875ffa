import type { AnyValue, Attributes, KeyValue } from "../../model/any-value.ts";
import type { Span, SpanRecord } from "../../model/span.ts";
import type { RedactedKey } from "../local/saved-format.ts";
import { isSecretKey } from "./secret-keys.ts";

/** Stands where a secret stood. */
export const REDACTED = "[redacted]";

export interface RedactOptions {
  /** Further keys: whole ones, or what stands behind their last dots; of either case. */
  readonly keys: readonly string[];
  /** False leaves secrets of the default keys as they are. */
  readonly defaults: boolean;
}

/**
 * Takes secrets out of spans before they leave the store in a file: values of secret keys, wherever attributes are, and
 * what texts hold that looks like one: parameters of URLs and fields of JSON with such a name, user and password of a
 * URL, bearer and basic credentials. It counts what it took.
 */
export class Redactor {
  readonly #keys: readonly string[];
  readonly #defaults: boolean;
  readonly #known = new Map<string, boolean>();
  readonly #counts = new Map<string, number>();
  readonly #inText = new Map<string, number>();

  constructor({ keys, defaults }: RedactOptions) {
    this.#keys = keys.map((key) => key.toLowerCase());
    this.#defaults = defaults;
  }

  /** What was taken out so far, by key. */
  get redacted(): RedactedKey[] {
    const of = (counts: ReadonlyMap<string, number>, inText: boolean) =>
      Array.from(counts, ([key, values]): RedactedKey => ({ key, values, inText }));
    return [...of(this.#counts, false), ...of(this.#inText, true)].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  record(record: SpanRecord): SpanRecord {
    const { resource, scope } = record;
    return {
      ...record,
      resource: { ...resource, attributes: this.#attributes(resource.attributes) },
      scope: { ...scope, attributes: this.#attributes(scope.attributes) },
      span: this.#span(record.span),
    };
  }

  #span(span: Span): Span {
    return {
      ...span,
      name: this.#text(span.name),
      attributes: this.#attributes(span.attributes),
      events: span.events.map((event) => ({
        ...event,
        name: this.#text(event.name),
        attributes: this.#attributes(event.attributes),
      })),
      links: span.links.map((link) => ({ ...link, attributes: this.#attributes(link.attributes) })),
      status: { ...span.status, message: this.#text(span.status.message) },
    };
  }

  #attributes(attributes: Attributes): KeyValue[] {
    return attributes.map(({ key, value }) => {
      if (!this.#isSecret(key) || isNothing(value)) return { key, value: this.#value(value) };
      add(this.#counts, key);
      return { key, value: { type: "string", value: REDACTED } };
    });
  }

  #value(value: AnyValue): AnyValue {
    switch (value.type) {
      case "string":
        return { type: "string", value: this.#text(value.value) };
      case "array":
        return { type: "array", value: value.value.map((item) => this.#value(item)) };
      case "kvlist":
        return { type: "kvlist", value: this.#attributes(value.value) };
      default:
        return value;
    }
  }

  /** A text without what looks like a secret in it. */
  #text(text: string): string {
    const named = text
      .replace(/([?&;])([\w.\-[\]]{1,64})=([^&#;\s"'<>]+)/g, (whole, before: string, key: string) =>
        this.#takes(key) ? `${before}${key}=${REDACTED}` : whole,
      )
      .replace(
        /"([\w.\- ]{1,64})"(\s{0,8}:\s{0,8})(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)/g,
        (whole, key: string, colon: string) => (this.#takes(key) ? `"${key}"${colon}"${REDACTED}"` : whole),
      );
    if (!this.#defaults) return named;
    return named
      .replace(/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"'<>?#]{1,256}@/gi, (_, scheme: string) => {
        add(this.#inText, "user and password of a URL");
        return `${scheme}${REDACTED}@`;
      })
      .replace(/\b(Bearer|Basic) +[A-Za-z0-9._~+/-]{8,}=*/gi, (_, scheme: string) => {
        add(this.#inText, `${scheme.toLowerCase()} credentials`);
        return `${scheme} ${REDACTED}`;
      });
  }

  #takes(key: string): boolean {
    if (!this.#isSecret(key)) return false;
    add(this.#inText, key);
    return true;
  }

  #isSecret(key: string): boolean {
    let known = this.#known.get(key);
    if (known === undefined) {
      const small = key.toLowerCase();
      known =
        (this.#defaults && isSecretKey(key)) ||
        this.#keys.some((wanted) => small === wanted || small.endsWith(`.${wanted}`));
      this.#known.set(key, known);
    }
    return known;
  }
}

function isNothing(value: AnyValue): boolean {
  return value.type === "empty" || (value.type === "string" && value.value === "");
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
