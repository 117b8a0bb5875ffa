import type { FieldExpression, TraceqlField, TraceqlLiteral, TraceqlQuery } from "../../../../src/model/traceql.ts";
import { printTraceql } from "../../../../src/traceql/print.ts";
import { printFieldExpression, printLiteral } from "../../../../src/traceql/print-field.ts";
import { formatTags, parseTags, type Tag, type TagOperator } from "../../format/tags.ts";
import { durationField } from "./duration-field.ts";
import { type FormConditions, formParts, typedText } from "./form-traceql.ts";

/** What of a query the form can show, and the rest of it, which stays as it is while the form is edited. */
export interface QueryForm {
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  readonly tags: readonly WrittenTag[];
  readonly minDuration?: string | undefined;
  readonly maxDuration?: string | undefined;
  /** Conditions that the form has no field for, in TraceQL. */
  readonly rest: readonly string[];
  /** What follows the first braces, from its `|` on; empty for nothing. */
  readonly tail: string;
}

/** A tag, and how the query says it: `.a = 5` stays that, though the form would ask for the text "5" too. */
interface WrittenTag {
  readonly tag: Tag;
  readonly source: string;
}

type Compare = Extract<FieldExpression, { expr: "compare" }>;

/** Undefined for a query that does not begin with the conditions of one span, and for one of metrics. */
export function readQueryForm({ pipeline, metrics, hints }: TraceqlQuery): QueryForm | undefined {
  const { first, stages } = pipeline;
  if (first.op !== "spans" || metrics !== undefined || hints.length > 0) return undefined;
  const form: { -readonly [Key in keyof QueryForm]: QueryForm[Key] } = { tags: [], rest: [], tail: "" };
  const parts = first.where === undefined ? [] : conjuncts(first.where);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as FieldExpression;
    const field = conditionField(part);
    const tag = tagOf(part, parts[i + 1]);
    if (field !== undefined && form[field.name] === undefined) form[field.name] = field.value;
    else if (tag !== undefined && isShown(tag.tag, form.tags)) {
      form.tags = [...form.tags, tag];
      if (tag.parts === 2) i++;
    } else form.rest = [...form.rest, printFieldExpression(part, OPERAND)];
  }
  if (stages.length > 0) {
    const all = printTraceql({ pipeline: { first: { op: "spans" }, stages }, hints: [] });
    form.tail = all.slice(all.indexOf("|"));
  }
  return form;
}

/** The text that `readQueryForm` reads back; empty for no condition at all. */
export function queryFormText({ tags, rest, tail, ...plain }: QueryForm): string {
  const [before, after] = formParts({ ...plain, tags: [] });
  const parts = [...before, ...tags.map(({ source }) => source), ...after, ...rest];
  if (parts.length === 0 && tail === "") return "";
  return [parts.length === 0 ? "{ }" : `{ ${parts.join(" && ")} }`, tail].filter((text) => text !== "").join(" ");
}

/** The query of a form that was edited: what is unchanged is said as it was. */
export function editedForm(conditions: FormConditions, before: QueryForm | undefined): QueryForm {
  const known = [...(before?.tags ?? [])];
  const { tags, ...plain } = conditions;
  const written = tags.map((tag) => {
    const at = known.findIndex((one) => sameTag(one.tag, tag));
    return at < 0
      ? { tag, source: formParts({ tags: [tag] })[0][0] as string }
      : (known.splice(at, 1)[0] as WrittenTag);
  });
  return { ...plain, tags: written, rest: before?.rest ?? [], tail: before?.tail ?? "" };
}

/** How close the operands of `&&` bind. */
const OPERAND = 2;

function conjuncts(expr: FieldExpression): FieldExpression[] {
  const found: FieldExpression[] = [];
  const rest = [expr];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next.expr === "and") rest.push(next.right, next.left);
    else found.push(next);
  }
  return found;
}

type FieldName = "service" | "operation" | "minDuration" | "maxDuration";

/** A condition for which the form has a field of its own. */
function conditionField(part: FieldExpression): { readonly name: FieldName; readonly value: string } | undefined {
  const found = comparison(part);
  if (found === undefined) return undefined;
  const { field, is, value } = found;
  if (is === "=" && value.type === "string" && value.value !== "" && value.value.trim() === value.value) {
    if (isField(field, "resource", "service.name")) return { name: "service", value: value.value };
    if (isIntrinsic(field, "span:name") && value.value !== "all") return { name: "operation", value: value.value };
  }
  if (isIntrinsic(field, "span:duration") && value.type === "duration" && value.value >= 0n) {
    if (is === ">=") return { name: "minDuration", value: durationField(value.value) };
    if (is === "<=") return { name: "maxDuration", value: durationField(value.value) };
  }
  return undefined;
}

interface FoundTag extends WrittenTag {
  /** How many conditions say it: `.a != nil && !(.a = 5)` are two. */
  readonly parts: 1 | 2;
}

function tagOf(part: FieldExpression, next: FieldExpression | undefined): FoundTag | undefined {
  const source = printFieldExpression(part, OPERAND);
  const equal = equality(part);
  // The form's `error=true` is the status.
  if (equal?.[0] === "error" && /^(true|false)$/.test(equal[1])) return undefined;
  if (equal !== undefined) return { tag: equal, source, parts: 1 };
  const status = statusTag(part);
  if (status !== undefined) return { tag: status, source, parts: 1 };
  const present = comparison(part);
  if (present?.is === "!=" && present.value.type === "nil" && next?.expr === "not") {
    const not = equality(next.of);
    if (not !== undefined && not[0] !== "error" && isField(present.field, "any", not[0])) {
      return { tag: [not[0], not[1], "!="], source: `(${source} && ${printFieldExpression(next, OPERAND)})`, parts: 2 };
    }
  }
  const found = comparison(part);
  if (found === undefined || !("scope" in found.field) || !isField(found.field, "any", found.field.key))
    return undefined;
  const { is, value, field } = found;
  if (is === "=" || is === "!=") return undefined;
  const isPattern = is === "=~" || is === "!~";
  if (isPattern ? value.type !== "string" : value.type !== "int" && value.type !== "float") return undefined;
  const text = value.type === "string" ? value.value : printLiteral(value);
  return { tag: [field.key, text, is as TagOperator], source, parts: 1 };
}

/** `.a = "5"`, `.a = 5`, and what the form makes of `a=5`: either of them. */
function equality(part: FieldExpression): readonly [key: string, value: string] | undefined {
  if (part.expr === "or") {
    const [text, typed] = [comparison(part.left), comparison(part.right)];
    if (text?.value.type !== "string" || typed?.is !== "=") return undefined;
    const tag = equality(part.left);
    const isSame = JSON.stringify(text.field) === JSON.stringify(typed.field) && readsAs(text.value.value, typed.value);
    return isSame ? tag : undefined;
  }
  const found = comparison(part);
  if (found?.is !== "=" || !("scope" in found.field) || !isField(found.field, "any", found.field.key)) return undefined;
  const { value } = found;
  if (value.type !== "string" && value.type !== "int" && value.type !== "float" && value.type !== "bool") {
    return undefined;
  }
  return [found.field.key, value.type === "string" ? value.value : printLiteral(value)];
}

/** Whether the form takes the text for this value, too. */
function readsAs(text: string, value: TraceqlLiteral): boolean {
  if (typedText(text) === undefined) return false;
  if (value.type === "bool") return String(value.value) === text;
  return (value.type === "int" || value.type === "float") && Number(text) === Number(value.value);
}

function statusTag(part: FieldExpression): Tag | undefined {
  const found = comparison(part);
  if (found === undefined || !isIntrinsic(found.field, "span:status")) return undefined;
  const { is, value } = found;
  if (value.type !== "status" || value.value !== 2 || (is !== "=" && is !== "!=")) return undefined;
  return ["error", is === "=" ? "true" : "false"];
}

function comparison(
  part: FieldExpression,
): { readonly field: TraceqlField; readonly is: Compare["is"]; readonly value: TraceqlLiteral } | undefined {
  if (part.expr !== "compare" || part.left.expr !== "field" || part.right.expr !== "literal") return undefined;
  return { field: part.left.field, is: part.is, value: part.right.value };
}

function isField(field: TraceqlField, scope: "any" | "resource", key: string): boolean {
  return "scope" in field && field.parent !== true && field.scope === scope && field.key === key;
}

function isIntrinsic(field: TraceqlField, name: string): boolean {
  return "intrinsic" in field && field.parent !== true && field.intrinsic === name;
}

/** Whether the form's text says it, and no other tag already does. */
function isShown(tag: Tag, tags: readonly WrittenTag[]): boolean {
  const [read] = parseTags(formatTags([tag])).tags ?? [];
  return read !== undefined && sameTag(read, tag) && !tags.some((one) => sameTag(one.tag, tag));
}

function sameTag(a: Tag, b: Tag): boolean {
  return a[0] === b[0] && a[1] === b[1] && (a[2] ?? "=") === (b[2] ?? "=");
}
