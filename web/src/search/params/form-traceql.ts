import type { Tag } from "../../format/tags.ts";

/** What the form asks of one span. */
interface Conditions {
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
export function formTraceql({ service, operation, tags, minDuration, maxDuration }: Conditions): string {
  const parts = [
    ...(service === undefined ? [] : [`resource.service.name = ${quoted(service)}`]),
    ...(operation === undefined ? [] : [`name = ${quoted(operation)}`]),
    ...tags.map(condition),
    ...(minDuration === undefined ? [] : [`duration >= ${minDuration}`]),
    ...(maxDuration === undefined ? [] : [`duration <= ${maxDuration}`]),
  ];
  return `{ ${parts.join(" && ")} }`;
}

function condition([key, value, operator = "="]: Tag): string {
  const field = key === "error" && /^(true|false)$/.test(value) ? undefined : `.${attribute(key)}`;
  if (field === undefined) {
    const failed = (value === "true") === (operator === "=");
    return `status ${failed ? "=" : "!="} error`;
  }
  switch (operator) {
    case "=":
      return equal(field, value);
    case "!=":
      return `(${field} != nil && !${equal(field, value)})`;
    case "=~":
    case "!~":
      return `${field} ${operator} ${quoted(value)}`;
    default:
      return `${field} ${operator} ${value}`;
  }
}

function equal(field: string, value: string): string {
  const typed = /^(true|false|-?\d{1,15}(\.\d{1,15})?)$/.test(value) ? ` || ${field} = ${value}` : "";
  return `(${field} = ${quoted(value)}${typed})`;
}

function attribute(key: string): string {
  return /^[\w.-]+$/.test(key) ? key : quoted(key);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
