import type { TraceqlQuery } from "../../../../src/model/traceql.ts";
import { TraceqlError } from "../../../../src/traceql/error.ts";
import { parseTraceql } from "../../../../src/traceql/parse.ts";
import { formatTags, parseTags } from "../../format/tags.ts";
import type { FormConditions } from "./form-traceql.ts";
import { editedForm, type QueryForm, queryFormText, readQueryForm } from "./query-form.ts";
import { fieldsOf, paramsOf, type SearchFields } from "./search-fields.ts";
import type { SearchParams } from "./search-params.ts";

/** A search while it is being written: the form's fields and the query's text, which say the same. */
export interface QueryDraft {
  readonly fields: SearchFields;
  readonly text: string;
  /** What of the text the form shows; undefined where the text is no query, or one that a form cannot show. */
  readonly form: QueryForm | undefined;
  readonly fault: TraceqlError | undefined;
  /** The text itself is what is asked, not the form that it may have come from. */
  readonly asText: boolean;
}

export function draftOf(params: SearchParams): QueryDraft {
  const fields = fieldsOf(params);
  if (params.q !== undefined)
    return withText({ fields, text: "", form: undefined, fault: undefined, asText: true }, params.q);
  const form = editedForm(conditionsOf(fields) ?? { tags: [] }, undefined);
  return { fields, text: queryFormText(form), form, fault: undefined, asText: false };
}

/** After typing in the bar. */
export function withText(draft: QueryDraft, text: string): QueryDraft {
  if (text.trim() === "")
    return {
      ...draft,
      text,
      form: { tags: [], rest: [], tail: "" },
      fields: shownIn(draft.fields, undefined),
      fault: undefined,
      asText: true,
    };
  const query = parsed(text);
  if (query instanceof TraceqlError) return { ...draft, text, form: undefined, fault: query, asText: true };
  const form = readQueryForm(query);
  return { fields: shownIn(draft.fields, form), text, form, fault: undefined, asText: true };
}

/** After a change in the form. */
export function withFields(draft: QueryDraft, fields: SearchFields): QueryDraft {
  const conditions = conditionsOf(fields);
  const isHidden = draft.form === undefined && draft.text.trim() !== "";
  if (conditions === undefined || isHidden) return { ...draft, fields };
  const form = editedForm(conditions, draft.form);
  const text = queryFormText(form);
  return text === draft.text ? { ...draft, fields } : { ...draft, fields, form, text, fault: undefined };
}

/** Without one of the conditions that the form has no field for. */
export function withoutCondition(draft: QueryDraft, condition: string): QueryDraft {
  if (draft.form === undefined) return draft;
  return withText(draft, queryFormText({ ...draft.form, rest: draft.form.rest.filter((one) => one !== condition) }));
}

/**
 * The address of a draft; undefined where the query is none. What plain parameters say as exactly stays in them, as
 * Jaeger UI has it; a brace that is missing at the end is added.
 */
export function addressOf(draft: QueryDraft, before: SearchParams): SearchParams | undefined {
  const { q: _q, ...plain } = before;
  if (!draft.asText) return paramsOf(draft.fields, plain);
  const whole = completed(draft);
  if (whole.fault !== undefined) return undefined;
  const { form, fields, text } = whole;
  const isPlain = form !== undefined && form.tags.length === 0 && form.rest.length === 0 && form.tail === "";
  if (isPlain) return paramsOf(fields, plain);
  return { ...paramsOf({ ...fields, ...NO_CONDITIONS }, plain), q: text.trim() };
}

/** With the brace that its end lacks. */
function completed(draft: QueryDraft): QueryDraft {
  if (draft.fault === undefined) return draft;
  const closed = withText(draft, `${draft.text.trimEnd()} }`);
  return closed.fault === undefined ? closed : draft;
}

const NO_CONDITIONS = { service: "", operation: "", tags: "", minDuration: "", maxDuration: "" } as const;

/** The fields with what a query says; those of time and number stay. */
function shownIn(fields: SearchFields, form: QueryForm | undefined): SearchFields {
  if (form === undefined) return { ...fields, ...NO_CONDITIONS };
  const { service = "", operation = "", minDuration = "", maxDuration = "" } = form;
  return { ...fields, service, operation, minDuration, maxDuration, tags: formatTags(form.tags.map(({ tag }) => tag)) };
}

/** Undefined where a field cannot be read. */
function conditionsOf(fields: SearchFields): FormConditions | undefined {
  const { tags } = parseTags(fields.tags);
  if (tags === undefined) return undefined;
  const given = (text: string) => (text.trim() === "" ? undefined : text.trim());
  const parts = {
    service: given(fields.service),
    operation: given(fields.operation),
    minDuration: given(fields.minDuration.replace(/\s/g, "")),
    maxDuration: given(fields.maxDuration.replace(/\s/g, "")),
  };
  const present = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
  return { ...present, tags };
}

function parsed(text: string): TraceqlQuery | TraceqlError {
  try {
    return parseTraceql(text);
  } catch (error) {
    if (error instanceof TraceqlError) return error;
    throw error;
  }
}
