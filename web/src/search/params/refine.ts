import { aliasedValues } from "../../../../src/model/semconv-aliases.ts";
import type { SpansetStage } from "../../../../src/model/traceql.ts";
import { parseTraceql } from "../../../../src/traceql/parse.ts";
import { printTraceql } from "../../../../src/traceql/print.ts";
import { printLiteral } from "../../../../src/traceql/print-field.ts";
import { parseTags, type Tag } from "../../format/tags.ts";
import { equalTag, formTraceql } from "./form-traceql.ts";
import { addressOf, draftOf, withText } from "./query-draft.ts";
import { queryFormText, readQueryForm } from "./query-form.ts";
import type { SearchParams } from "./search-params.ts";

/** A value of a field, both as TraceQL writes them. */
export interface FieldChoice {
  readonly field: string;
  readonly literal: string;
}

/** The condition that finds the spans with the value. */
export function including({ field, literal }: FieldChoice): string {
  return conditionText(`${field} = ${literal}`);
}

/** And that finds all others, those without the field among them. */
export function excluding({ field, literal }: FieldChoice): string {
  return conditionText(`!(${field} = ${literal})`);
}

/** The conditions of one span that a search has, each as TraceQL writes it; none where the address is no query. */
export function conditionsOfSearch(params: SearchParams): ReadonlySet<string> {
  const form = formOf(params);
  if (form === undefined) return new Set();
  const { service, operation, tags, rest } = form;
  return new Set([
    ...(service === undefined ? [] : [including({ field: "resource.service.name", literal: quoted(service) })]),
    ...(operation === undefined ? [] : [including({ field: "name", literal: quoted(operation) })]),
    ...[...tags.map(({ source }) => source), ...rest].map(conditionText),
  ]);
}

/** The search with one more condition on the spans that match, or without it where it has it. */
export function toggled(params: SearchParams, condition: string): SearchParams {
  const form = formOf(params);
  const has = conditionsOfSearch(params).has(condition);
  if (form !== undefined && has) {
    const isOther = (text: string) => conditionText(text) !== condition;
    const { service, operation, ...others } = form;
    const without = {
      ...others,
      ...(service !== undefined && isOther(`resource.service.name = ${quoted(service)}`) && { service }),
      ...(operation !== undefined && isOther(`name = ${quoted(operation)}`) && { operation }),
      tags: form.tags.filter(({ source }) => isOther(source)),
      rest: form.rest.filter(isOther),
    };
    return searched(params, queryFormText(without));
  }
  return searched(params, refined(queryText(params), condition));
}

/** The query of a search, meaning exactly what it finds; `{ }` for everything. */
export function queryText(params: SearchParams): string {
  if (params.q !== undefined) return params.q;
  const { service, operation, minDuration, maxDuration } = params;
  const plain = formTraceql({ service, operation, minDuration, maxDuration, tags: [] });
  const tags = (parseTags(params.tags ?? "").tags ?? []).map(plainTag);
  const parts = [...(plain === "{ }" ? [] : [plain.slice(2, -2)]), ...tags];
  return parts.length === 0 ? "{ }" : `{ ${parts.join(" && ")} }`;
}

/** `text` as the query of a search; what plain parameters can say stays in them. */
export function searched(params: SearchParams, text: string): SearchParams {
  return addressOf(withText(draftOf(params), text), params) ?? { ...params, q: text };
}

/** A query with one more condition on the spans that it finds. @throws TraceqlError */
export function refined(text: string, condition: string): string {
  const query = parseTraceql(text);
  const form = readQueryForm(query);
  const isPlain = query.pipeline.stages.every(({ stage }) => stage === "select");
  if (form !== undefined && isPlain) return queryFormText({ ...form, rest: [...form.rest, condition] });
  const { first, stages } = query.pipeline;
  const filter = parseTraceql(`{ ${condition} }`).pipeline.first;
  const shown = stages.findIndex(({ stage }) => stage === "select");
  const at = shown < 0 ? stages.length : shown;
  const more: SpansetStage[] = [...stages.slice(0, at), { stage: "filter", of: filter }, ...stages.slice(at)];
  return printTraceql({ ...query, pipeline: { first, stages: more } });
}

function formOf(params: SearchParams) {
  return draftOf(params).form;
}

/** What a tag of the form finds: the names of other conventions, and what scopes and events say. */
function plainTag(tag: Tag): string {
  const [key, value, operator] = tag;
  const own = formTraceql({ tags: [tag] }).slice(2, -2);
  if (operator !== undefined || (key === "error" && /^(true|false)$/.test(value))) return own;
  const all = [[key, value] as const, ...aliasedValues(key, value).map((one) => [one.key, one.value] as const)];
  const each = all.flatMap(([name, text]) =>
    ["", "event", "instrumentation"].map((scope) => equalTag(name, text, scope)),
  );
  return `(${each.join(" || ")})`;
}

function conditionText(text: string): string {
  const { first } = parseTraceql(`{ ${text} }`).pipeline;
  const printed = printTraceql({ pipeline: { first, stages: [] }, hints: [] });
  return printed.slice(2, -2);
}

function quoted(text: string): string {
  return printLiteral({ type: "string", value: text });
}
