import { anyValueText, findAttribute, type KeyValue } from "../../model/any-value.ts";
import { type Span, STATUS_CODE } from "../../model/span.ts";
import type { UiTraceSummary } from "./api-types.ts";

const OK_GRPC = "0";
/** Characters of an error's text in a list; the span has all of it. */
const MAX_TEXT = 200;

/**
 * What a failed span says about why: its status message, its last exception, `error.type`, else the status code of
 * HTTP or gRPC that it ended with. Empty where it says nothing, and for a span that did not fail.
 */
export function errorText(span: Span): string {
  if (span.status.code !== STATUS_CODE.error) return "";
  if (span.status.message !== "") return span.status.message;
  return exceptionText(span) || protocolText(span.attributes);
}

function exceptionText(span: Span): string {
  for (const { name, attributes } of span.events.toReversed()) {
    if (name !== "exception") continue;
    const parts = [textOf(attributes, "exception.type"), textOf(attributes, "exception.message")];
    const text = parts.filter((part) => part !== "").join(": ");
    if (text !== "") return text;
  }
  return "";
}

/** By the semantic conventions of today and those before. `error.type` of HTTP repeats the status code. */
function protocolText(attributes: readonly KeyValue[]): string {
  const http = textOf(attributes, "http.response.status_code") || textOf(attributes, "http.status_code");
  const type = textOf(attributes, "error.type");
  if (type !== "" && type !== http) return type;
  if (http !== "") return `HTTP ${http}`;
  const grpc = textOf(attributes, "rpc.response.status_code") || textOf(attributes, "rpc.grpc.status_code");
  return grpc === "" || grpc === OK_GRPC ? "" : `gRPC ${grpc}`;
}

function textOf(attributes: readonly KeyValue[], key: string): string {
  const value = findAttribute(attributes, key);
  return value === undefined ? "" : anyValueText(value);
}

/** Why a row of a list has errors and not the first of them, to stand behind "not read: ". */
export const UNREAD_ERROR: Readonly<Record<NonNullable<UiTraceSummary["firstErrorUnread"]>, string>> = {
  time: "time was up",
  size: "too many spans",
};

/** On one line; a longer one ends in `…`. */
export function shortenedError(text: string): string {
  // More than is shown, so that what is cut away costs nothing.
  const line = text
    .slice(0, 4 * MAX_TEXT)
    .replace(/\s+/g, " ")
    .trim();
  const characters = [...line];
  return characters.length > MAX_TEXT ? `${characters.slice(0, MAX_TEXT - 1).join("")}…` : line;
}
