import type { SpansetPipeline, TraceqlField } from "../model/traceql.ts";
import { printField } from "./print-field.ts";

/** What the `select(…)` stages of a query name, in their order and each once, by its name in the query. */
export function selectedFields({ stages }: SpansetPipeline): ReadonlyMap<string, TraceqlField> {
  const fields = new Map<string, TraceqlField>();
  for (const stage of stages) {
    if (stage.stage !== "select") continue;
    for (const one of stage.fields) if (one.expr === "field") fields.set(printField(one.field), one.field);
  }
  return fields;
}
