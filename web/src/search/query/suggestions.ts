import type { UiCompletionKeys, UiCompletionValues } from "../../../../src/query/ui/completion/completion-types.ts";
import { INTRINSIC_TYPES, KIND_WORDS, SHORT_INTRINSICS, STATUS_WORDS } from "../../../../src/traceql/names.ts";
import type { CompletionPlace } from "./completion-place.ts";

/** A choice of the list below the query. */
export interface Suggestion {
  /** What is shown, and what replaces the place's part of the text. */
  readonly label: string;
  readonly insert: string;
  readonly note: string;
  /** Spans that have it. */
  readonly spans?: number;
}

const SHOWN = 50;

const INTRINSIC_NOTES: Readonly<Record<string, string>> = {
  name: "the span's name",
  status: "error, ok or unset",
  kind: "server, client, …",
  duration: "of the span",
  statusMessage: "what a failed span says",
  traceDuration: "of the whole trace",
  rootName: "name of the root span",
  rootServiceName: "service of the root span",
  childCount: "direct children",
  "event:name": "name of an event",
  "instrumentation:name": "the library that made it",
};
const SCOPE_NOTES: Readonly<Record<UiCompletionKeys["keys"][number]["scope"], string>> = {
  span: "span",
  resource: "resource",
  event: "event",
  link: "link",
  instrumentation: "scope",
};

const OPERATORS: readonly (readonly [text: string, note: string])[] = [
  ["=", "is"],
  ["!=", "is not"],
  ["=~", "matches a regular expression"],
  ["!~", "does not match"],
  [">", "greater than"],
  [">=", "at least"],
  ["<", "less than"],
  ["<=", "at most"],
];
const STAGES: readonly (readonly [text: string, note: string])[] = [
  ["count() > ", "how many spans match"],
  ["avg(duration) > ", "average of a field"],
  ["max(duration) > ", "greatest of a field"],
  ["by(resource.service.name)", "a set of spans for each value"],
  ["select(", "fields to show of the spans"],
  ["{ ", "of these spans those that"],
];
const DURATIONS = ["10ms", "100ms", "500ms", "1s", "10s"];

/** What may stand there, the best first. `keys` and `values` are what is known of the store by now. */
export function suggestions(
  place: CompletionPlace,
  keys: UiCompletionKeys | undefined,
  values: UiCompletionValues | undefined,
): readonly Suggestion[] {
  switch (place.kind) {
    case "start":
      return [
        { label: "{ status = error }", insert: "{ status = error }", note: "traces in which a span failed" },
        { label: "{ duration > 1s }", insert: "{ duration > 1s }", note: "traces with a span of more than a second" },
        { label: "{ …", insert: "{ ", note: "a condition on any attribute" },
      ];
    case "field":
      return fields(place, keys);
    case "operator":
      return operators(place.field as string).map(([text, note]) => ({ label: text, insert: `${text} `, note }));
    case "value":
      return literals(place, values);
    case "join":
      return [
        { label: "&&", insert: "&& ", note: "and" },
        { label: "||", insert: "|| ", note: "or" },
        { label: "}", insert: "}", note: "done" },
      ];
    case "stage":
      return STAGES.filter(([text]) => text.startsWith(place.typed)).map(([text, note]) => ({
        label: text.trim(),
        insert: text,
        note,
      }));
  }
}

function fields(place: CompletionPlace, keys: UiCompletionKeys | undefined): Suggestion[] {
  const isDot = place.typed.startsWith(".");
  const typed = (isDot ? place.typed.slice(1) : place.typed).toLowerCase();
  const open = place.bare === true ? "{ " : "";
  const found: (Suggestion & { readonly rank: number })[] = [];
  const add = (label: string, text: string, note: string, spans?: number) => {
    const rank = rankOf(text.toLowerCase(), typed);
    if (rank !== undefined)
      found.push({ label, insert: `${open}${label} `, note, rank, ...(spans === undefined ? {} : { spans }) });
  };
  if (!isDot) {
    for (const name of [...SHORT_INTRINSICS.keys(), ...Object.keys(INTRINSIC_TYPES)]) {
      const note = INTRINSIC_NOTES[name];
      if (note !== undefined) add(name, name, note);
    }
  }
  const dotted = new Set<string>();
  for (const { field, scope, key, spans } of keys?.keys ?? []) {
    if (!isDot) {
      // What begins as the field does is as good as what begins as its key does.
      const begins = field.toLowerCase().startsWith(typed) ? field : key;
      add(field, begins, SCOPE_NOTES[scope], spans);
    } else if ((scope === "span" || scope === "resource") && !dotted.has(key)) {
      dotted.add(key);
      add(field.slice(field.indexOf(".")), key, SCOPE_NOTES[scope], spans);
    }
  }
  return found
    .sort(
      (a, b) => a.rank - b.rank || (b.spans ?? Number.POSITIVE_INFINITY) - (a.spans ?? Number.POSITIVE_INFINITY) || 0,
    )
    .slice(0, SHOWN);
}

function operators(field: string): typeof OPERATORS {
  const type = typeOf(field);
  if (type === "status" || type === "kind") return OPERATORS.slice(0, 2);
  if (type === "duration" || type === "int") return OPERATORS.filter(([text]) => !text.includes("~"));
  return OPERATORS;
}

function typeOf(field: string): string | undefined {
  const intrinsic = SHORT_INTRINSICS.get(field) ?? field;
  return (INTRINSIC_TYPES as Readonly<Record<string, string>>)[intrinsic];
}

function literals(place: CompletionPlace, values: UiCompletionValues | undefined): Suggestion[] {
  const type = typeOf(place.field as string);
  const typed = place.typed.toLowerCase();
  const item = (literal: string, spans?: number): Suggestion => {
    return { label: literal, insert: `${literal} `, note: "", ...(spans === undefined ? {} : { spans }) };
  };
  if (type === "duration") return DURATIONS.filter((text) => text.startsWith(typed)).map((text) => item(text));
  const stored = values?.values ?? [];
  const words = type === "status" ? STATUS_WORDS : type === "kind" ? KIND_WORDS : [];
  const known = new Set(stored.map(({ literal }) => literal));
  return [
    ...stored
      .filter(({ literal }) => literal.toLowerCase().includes(typed))
      .map(({ literal, spans }) => item(literal, spans)),
    ...words.filter((word) => !known.has(word) && word.includes(typed)).map((word) => item(word)),
  ].slice(0, SHOWN);
}

/** Lower is better; undefined where it does not fit. */
function rankOf(text: string, typed: string): number | undefined {
  if (text.startsWith(typed)) return 0;
  const at = text.indexOf(typed);
  if (at < 0) return undefined;
  return /[a-z0-9]/.test(text[at - 1] as string) ? 2 : 1;
}
