import { printLiteral } from "../../../../src/traceql/print-field.ts";
import type { Tag } from "../../format/tags.ts";

/** What the form asks of one span. */
export interface FormConditions {
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  readonly tags: readonly Tag[];
  readonly minDuration?: string | undefined;
  readonly maxDuration?: string | undefined;
}

/**
 * The form's conditions in TraceQL, for what the plain parameters cannot say. A value that reads as a number or a truth
 * is looked for as that and as text, because a form does not know what was stored.
 */
export function formTraceql(conditions: FormConditions): string {
  const parts = formParts(conditions).flat();
  return parts.length === 0 ? "{ }" : `{ ${parts.join(" && ")} }`;
}

/** Those of service, operation and tags, and those of durations. */
export function formParts({
  service,
  operation,
  tags,
  minDuration,
  maxDuration,
}: FormConditions): [readonly string[], readonly string[]] {
  return [
    [
      ...(service === undefined ? [] : [`resource.service.name = ${quoted(service)}`]),
      ...(operation === undefined ? [] : [`name = ${quoted(operation)}`]),
      ...tags.map(condition),
    ],
    [
      ...(minDuration === undefined ? [] : [`duration >= ${minDuration}`]),
      ...(maxDuration === undefined ? [] : [`duration <= ${maxDuration}`]),
    ],
  ];
}

function condition([key, value, operator = "="]: Tag): string {
  if (key === "error" && /^(true|false)$/.test(value) && (operator === "=" || operator === "!=")) {
    const failed = (value === "true") === (operator === "=");
    return `status ${failed ? "=" : "!="} error`;
  }
  const field = `.${attribute(key)}`;
  switch (operator) {
    case "=":
      return equalTag(key, value);
    case "!=":
      return `(${field} != nil && !${equalTag(key, value)})`;
    case "=~":
    case "!~":
      return `${field} ${operator} ${quoted(value)}`;
    default:
      return `${field} ${operator} ${value}`;
  }
}

/** That an attribute is what was typed, as a text or as what it reads as. `scope` is before the dot. */
export function equalTag(key: string, value: string, scope = ""): string {
  const field = `${scope}.${attribute(key)}`;
  const typed = typedText(value);
  const either = typed === undefined ? "" : ` || ${field} = ${typed}`;
  return `(${field} = ${quoted(value)}${either})`;
}

/** What a text reads as where that is a number or a truth. */
export function typedText(text: string): string | undefined {
  return /^(true|false|-?\d{1,15}(\.\d{1,15})?)$/.test(text) ? text : undefined;
}

function attribute(key: string): string {
  return /^[A-Za-z_][\w.-]*$/.test(key) ? key : `"${key.replace(/["\\]/g, "\\$&")}"`;
}

function quoted(text: string): string {
  return printLiteral({ type: "string", value: text });
}
