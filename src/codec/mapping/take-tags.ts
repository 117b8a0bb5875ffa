import type { AnyValue, KeyValue } from "../../model/any-value.ts";
import { type Scope, type Span, STATUS_CODE, type StatusCode } from "../../model/span.ts";
import { intFromText } from "./any-value-json.ts";
import { STATUS_NAMES, TAG } from "./keys.ts";

/**
 * The tags of one foreign span while it is read: what a rule takes out is gone, what is left in the end are the span's
 * attributes. The first of several tags with one key wins.
 */
export class TagBag {
  readonly #tags = new Map<string, AnyValue>();

  constructor(tags: Iterable<KeyValue>) {
    for (const { key, value } of tags) if (!this.#tags.has(key)) this.#tags.set(key, value);
  }

  get(key: string): AnyValue | undefined {
    return this.#tags.get(key);
  }

  has(key: string): boolean {
    return this.#tags.has(key);
  }

  add(key: string, value: AnyValue): void {
    if (!this.#tags.has(key)) this.#tags.set(key, value);
  }

  delete(key: string): void {
    this.#tags.delete(key);
  }

  /** Takes the tag out when it is a string. */
  takeString(key: string): string | undefined {
    const value = this.#tags.get(key);
    if (value?.type !== "string") return undefined;
    this.#tags.delete(key);
    return value.value;
  }

  /** Takes the tag out when it is a uint32, as an integer or as decimal text. */
  takeCount(key: string): number | undefined {
    const value = countOf(this.#tags.get(key));
    if (value !== undefined) this.#tags.delete(key);
    return value;
  }

  /** What is left. */
  attributes(): KeyValue[] {
    return Array.from(this.#tags, ([key, value]): KeyValue => ({ key, value }));
  }
}

function countOf(value: AnyValue | undefined): number | undefined {
  const int = value?.type === "string" ? intFromText(value.value) : value;
  if (int?.type !== "int" || int.value !== BigInt.asUintN(32, int.value)) return undefined;
  return Number(int.value);
}

/** `otel.scope.*`, else the older `otel.library.*`. */
export function takeScope(tags: TagBag): Scope {
  return {
    name: takeEither(tags, TAG.scopeName, TAG.libraryName),
    version: takeEither(tags, TAG.scopeVersion, TAG.libraryVersion),
    attributes: [],
    droppedAttributesCount: 0,
  };
}

function takeEither(tags: TagBag, key: string, olderKey: string): string {
  const value = tags.takeString(key) ?? tags.takeString(olderKey) ?? "";
  const older = tags.get(olderKey);
  if (older?.type === "string" && older.value === value) tags.delete(olderKey);
  return value;
}

/** `otel.status_code` in either case; a value that is none of the three names stays a tag. */
export function takeStatusCode(tags: TagBag): StatusCode | undefined {
  const value = tags.get(TAG.statusCode);
  if (value?.type !== "string") return undefined;
  const name = value.value.toUpperCase();
  const code = name === "UNSET" ? STATUS_CODE.unset : STATUS_NAMES.indexOf(name as "OK" | "ERROR");
  if (code < 0) return undefined;
  tags.delete(TAG.statusCode);
  return code as StatusCode;
}

/** The dropped counts of a span, from the tags that OpenTelemetry names for them. */
export function takeDroppedCounts(
  tags: TagBag,
): Pick<Span, "droppedAttributesCount" | "droppedEventsCount" | "droppedLinksCount"> {
  return {
    droppedAttributesCount: tags.takeCount(TAG.droppedAttributes) ?? 0,
    droppedEventsCount: tags.takeCount(TAG.droppedEvents) ?? 0,
    droppedLinksCount: tags.takeCount(TAG.droppedLinks) ?? 0,
  };
}

/** True for a number above zero, typed or as decimal text: OpenTracing's way to force sampling. */
export function isForcedBySamplingPriority(value: AnyValue | undefined): boolean {
  if (value?.type === "int") return value.value > 0n;
  if (value?.type === "double") return value.value > 0;
  return value?.type === "string" && Number(value.value) > 0;
}

/** The fixed tags that a span's own fields become; unset and empty fields become none. */
export function fieldTags(span: Span, scope: Scope): KeyValue[] {
  const tags: KeyValue[] = [];
  const text = (key: string, value: string | undefined) => {
    if (value !== undefined && value !== "") tags.push({ key, value: { type: "string", value } });
  };
  const count = (key: string, value: number) => {
    if (value !== 0) tags.push({ key, value: { type: "int", value: BigInt(value) } });
  };
  text(TAG.scopeName, scope.name);
  text(TAG.scopeVersion, scope.version);
  text(TAG.statusCode, STATUS_NAMES[span.status.code]);
  text(TAG.traceState, span.traceState);
  count(TAG.droppedAttributes, span.droppedAttributesCount);
  count(TAG.droppedEvents, span.droppedEventsCount);
  count(TAG.droppedLinks, span.droppedLinksCount);
  return tags;
}
