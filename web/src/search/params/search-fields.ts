import { parseDuration } from "../../format/duration.ts";
import { DEFAULT_LOOKBACK } from "../../format/lookback.ts";
import { formatTags, parseTags, tagsToAddress } from "../../format/tags.ts";
import { fromLocalInput, toLocalInput } from "../../format/time.ts";
import { DEFAULT_LIMIT, type SearchParams } from "./search-params.ts";

/** The form as its controls hold it. */
export interface SearchFields {
  readonly service: string;
  readonly operation: string;
  /** `key=value` pairs, see `parseTags`. */
  readonly tags: string;
  readonly minDuration: string;
  readonly maxDuration: string;
  /** A look-back, or `custom` for `start` and `end`. */
  readonly lookback: string;
  /** `datetime-local` values, local time to the second; empty for open. */
  readonly start: string;
  readonly end: string;
  readonly limit: string;
}

/** What is wrong with a field, by field; empty when the form can be sent. */
export type FieldProblems = Partial<Record<"tags" | "minDuration" | "maxDuration" | "end", string>>;

export function fieldsOf(params: SearchParams): SearchFields {
  const tags = parseTags(params.tags ?? "").tags;
  const fixed = params.start !== undefined || params.end !== undefined;
  return {
    service: params.service ?? "",
    operation: params.operation ?? "",
    tags: tags === undefined ? (params.tags ?? "") : formatTags(tags),
    minDuration: params.minDuration ?? "",
    maxDuration: params.maxDuration ?? "",
    lookback: fixed ? "custom" : (params.lookback ?? DEFAULT_LOOKBACK),
    start: inputOfMicros(params.start),
    end: inputOfMicros(params.end),
    limit: params.limit ?? String(DEFAULT_LIMIT),
  };
}

export function fieldProblems(fields: SearchFields): FieldProblems {
  const tags = parseTags(fields.tags).problem;
  const min = durationProblem(fields.minDuration);
  const max = durationProblem(fields.maxDuration) ?? orderProblem(fields);
  return {
    ...(tags !== undefined && { tags }),
    ...(min !== undefined && { minDuration: min }),
    ...(max !== undefined && { maxDuration: max }),
    ...(endsFirst(fields) && { end: "Expected a time after From" }),
  };
}

const FIELD_LABELS: Readonly<Record<keyof FieldProblems, string>> = {
  tags: "Tags",
  minDuration: "Min duration",
  maxDuration: "Max duration",
  end: "To",
};

/** What is wrong with an address, in the words of the form; undefined where it can be searched for. */
export function addressProblem(params: SearchParams): string | undefined {
  const problems = Object.entries(fieldProblems(fieldsOf(params))) as [keyof FieldProblems, string][];
  return problems.length === 0
    ? undefined
    : problems.map(([field, text]) => `${FIELD_LABELS[field]}: ${text}`).join(". ");
}

function endsFirst({ lookback, start, end }: SearchFields): boolean {
  const [from, to] = [fromLocalInput(start), fromLocalInput(end)];
  return lookback === "custom" && from !== undefined && to !== undefined && to < from;
}

/** The address of a form without problems; what is at its default is left out, order and selection stay. */
export function paramsOf(fields: SearchFields, before: SearchParams): SearchParams {
  const trimmed = (text: string) => text.trim();
  const tags = parseTags(fields.tags).tags ?? [];
  const custom = fields.lookback === "custom";
  const start = custom ? microsOf(fields.start, before.start) : undefined;
  const end = custom ? microsOf(fields.end, before.end) : undefined;
  const [min, max] = [fields.minDuration, fields.maxDuration].map((text) => text.replace(/\s/g, ""));
  return {
    ...(trimmed(fields.service) !== "" && { service: trimmed(fields.service) }),
    ...(trimmed(fields.operation) !== "" && { operation: trimmed(fields.operation) }),
    ...(tags.length > 0 && { tags: tagsToAddress(tags) }),
    ...(min !== "" && { minDuration: min! }),
    ...(max !== "" && { maxDuration: max! }),
    ...(fields.lookback !== DEFAULT_LOOKBACK && { lookback: fields.lookback }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(fields.limit !== String(DEFAULT_LIMIT) && fields.limit !== "" && { limit: fields.limit }),
    ...(before.minTraceDuration !== undefined && { minTraceDuration: before.minTraceDuration }),
    ...(before.maxTraceDuration !== undefined && { maxTraceDuration: before.maxTraceDuration }),
    ...(before.sort !== undefined && { sort: before.sort }),
    ...(before.columns !== undefined && { columns: before.columns }),
  };
}

function durationProblem(text: string): string | undefined {
  return text.trim() === "" || parseDuration(text) !== undefined ? undefined : "Expected 500us, 100ms, 1.2s";
}

/** Empty fields set no bound. */
function orderProblem({ minDuration, maxDuration }: SearchFields): string | undefined {
  if (minDuration.trim() === "" || maxDuration.trim() === "") return undefined;
  const [min, max] = [parseDuration(minDuration), parseDuration(maxDuration)];
  if (min === undefined || max === undefined || min <= max) return undefined;
  return `Expected at least Min duration, ${minDuration.trim()}`;
}

function inputOfMicros(micros: string | undefined): string {
  const value = Number(micros);
  return micros === undefined || !Number.isFinite(value) ? "" : toLocalInput(value / 1000);
}

/** A time that was not touched keeps the microseconds of the address, which the field does not show. */
function microsOf(input: string, before: string | undefined): string | undefined {
  if (before !== undefined && inputOfMicros(before) === input) return before;
  const ms = fromLocalInput(input);
  return ms === undefined ? undefined : String(ms * 1000);
}
