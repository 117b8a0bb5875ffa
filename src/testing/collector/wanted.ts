import { PermanentError } from "../../component/errors.ts";
import { parseTraceReference } from "../../model/trace-reference.ts";
import type { TraceqlQuery } from "../../model/traceql.ts";
import { TraceqlError } from "../../traceql/error.ts";
import { parseTraceql } from "../../traceql/parse.ts";
import { planTraceql } from "../../traceql/plan.ts";
import type { TraceFilter } from "./stored-traces.ts";

/** What a text asks for. */
export type WantedTrace = { readonly traceId: string } | { readonly filter: TraceFilter };

/**
 * A trace id (32 hex digits; also as a `traceparent` header), or TraceQL: `{ name = "charge card" }`.
 * @throws PermanentError `bad_request` for a text that is neither
 */
export function readWanted(text: string): WantedTrace {
  const start = text.trimStart();
  if (start.startsWith("{") || start.startsWith("(")) return { filter: readTraceql(text) };
  const reference = parseTraceReference(text);
  if (reference === undefined) {
    const found = JSON.stringify(text);
    throw new PermanentError(
      "bad_request",
      `expected a trace id or TraceQL such as { name = "GET /" }, found ${found}`,
    );
  }
  return { traceId: reference.digits.padStart(32, "0") };
}

/** @throws PermanentError `bad_request` */
export function readTraceql(text: string): TraceFilter {
  const query = parse(text);
  if (query.metrics === undefined) return planTraceql(query);
  const found = `${query.metrics.function.name}()`;
  throw new PermanentError("bad_request", `${text}: found ${found}, expected a search: it finds traces`);
}

function parse(text: string): TraceqlQuery {
  try {
    return parseTraceql(text);
  } catch (error) {
    if (error instanceof TraceqlError) throw new PermanentError("bad_request", error.message, { cause: error });
    throw error;
  }
}
