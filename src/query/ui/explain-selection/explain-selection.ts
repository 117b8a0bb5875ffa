import { PermanentError } from "../../../component/errors.ts";
import type { TraceReader, ViewResult } from "../../../component/read.ts";
import { anyValueText } from "../../../model/any-value.ts";
import type { SelectionCounts, SelectionQuery, WeighedAttribute } from "../../../model/attribute-query.ts";
import type { TraceqlField } from "../../../model/traceql.ts";
import { printField, printLiteral } from "../../../traceql/print-field.ts";
import { outcomesLast, type RankedAttribute, rankSelection } from "../../analysis/selection-ranking.ts";
import { comparedWith } from "../../field-param.ts";
import { JSON_TYPE } from "../../jaeger/envelope.ts";
import { jsonBytes } from "../../json-writer.ts";
import { boolParam, type QueryParams, textParam } from "../../params.ts";
import { PLAIN_PREDICATES, parseTraceqlSearch } from "../../traceql-params.ts";
import type { UiRankedAttribute, UiSelectionExplained } from "./explain-types.ts";

const SHOWN = 30;
/** Counting ends then, and what was counted is a sample. */
const BUDGET_MS = 1_000;
/** Characters of a value. */
const MAX_TEXT = 300;
const PREFIX = "selected.";
const RANGE = ["start", "end", "minTraceDuration", "maxTraceDuration"] as const;
/** What is selected of a search, beside what the search says. */
export const SELECTED_NAMES: readonly string[] = ["errors", "q", ...RANGE].map((name) => PREFIX + name);

/**
 * `nowMs` is the wall clock in ms since the epoch.
 * @throws PermanentError `bad_request`, where nothing is selected too
 */
export function parseSelectionParams(params: QueryParams, nowMs: number): SelectionQuery {
  const now = BigInt(nowMs) * 1_000_000n;
  const failed = boolParam(params, `${PREFIX}errors`);
  const q = textParam(params, `${PREFIX}q`);
  const selected = new URLSearchParams(params);
  let differs = q !== undefined;
  for (const name of RANGE) {
    const value = textParam(params, PREFIX + name);
    if (value === undefined) continue;
    selected.set(name, value);
    differs = true;
  }
  if (!differs && !failed) {
    throw new PermanentError(
      "bad_request",
      `nothing is selected: expected selected.errors=true, selected.q or one of ${RANGE.map((name) => PREFIX + name).join(", ")}`,
    );
  }
  if (q !== undefined) {
    for (const name of PLAIN_PREDICATES) selected.delete(name);
    selected.set("q", q);
  }
  const query = parseTraceqlSearch(params, now);
  return { query, ...(differs && { selected: parseTraceqlSearch(selected, now) }), failed, budgetMs: BUDGET_MS };
}

/** `UiSelectionExplained`. */
export async function explainSelection(
  reader: TraceReader,
  asked: SelectionQuery,
  signal: AbortSignal,
): Promise<ViewResult> {
  if (reader.weigh === undefined) {
    throw new PermanentError("bad_request", "this store does not weigh the attributes of traces");
  }
  const counts = await reader.weigh(asked, signal);
  const ranked = rankSelection(counts, SHOWN);
  const body = jsonBytes(explained(counts, asked.failed ? outcomesLast(ranked) : ranked));
  const incomplete = counts.reason === undefined ? {} : { incomplete: counts.reason };
  return { status: 200, contentType: JSON_TYPE, body, ...incomplete };
}

function explained(counts: SelectionCounts, ranked: readonly RankedAttribute[]): UiSelectionExplained {
  const { selected, rest, spans, distinct, crowded, complete, reason, searchedBackTo } = counts;
  return {
    selected,
    rest,
    attributes: ranked.map(uiAttribute),
    spans,
    distinct,
    crowded: crowded.map((one) => printField(fieldOf(one))),
    complete,
    ...(reason === undefined ? {} : { reason }),
    ...(searchedBackTo === undefined ? {} : { searchedBackToUnixNano: searchedBackTo.toString() }),
  };
}

function uiAttribute({ value, alike, ...rest }: RankedAttribute): UiRankedAttribute {
  const condition = conditionOf({ ...rest, ...(value === undefined ? {} : { value }) });
  return {
    ...rest,
    ...(value === undefined ? {} : { value: cut(anyValueText(value)) }),
    ...(condition === undefined ? {} : { condition }),
    alike: alike.map((one) => {
      const name = one.scope === "intrinsic" ? "name" : one.key;
      return one.value === undefined ? name : cut(`${name}=${anyValueText(one.value)}`);
    }),
  };
}

function conditionOf(one: Pick<WeighedAttribute, "scope" | "key" | "value">): string | undefined {
  const field = printField(fieldOf(one));
  if (one.value === undefined) return `${field} != nil`;
  const literal = comparedWith(one.value);
  return literal === undefined ? undefined : `${field} = ${printLiteral(literal)}`;
}

function fieldOf({ scope, key }: Pick<WeighedAttribute, "scope" | "key">): TraceqlField {
  return scope === "intrinsic" ? { intrinsic: "span:name" } : { scope, key };
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
