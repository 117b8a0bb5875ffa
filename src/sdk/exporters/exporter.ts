import type { ExportOutcome } from "../../component/export.ts";
import type { ResourceSpans, ScopeSpans, Span, SpanRecord, TracesData } from "../../model/span.ts";

/** Sends ended spans somewhere. `export` makes one attempt and does not throw for what a peer does. */
export interface SpanExporter {
  /** For messages: `otlp http://localhost:4318/v1/traces`. */
  readonly description: string;
  export(records: readonly SpanRecord[], signal: AbortSignal): Promise<ExportOutcome>;
  /** Closes connections. Idempotent. */
  shutdown(): Promise<void>;
}

/**
 * An exporter of the caller's own, which may say less: true or nothing for delivered, false for spans that it could not
 * send. What it throws counts as false.
 */
export interface CustomExporter {
  readonly description?: string;
  export(records: readonly SpanRecord[], signal: AbortSignal): CustomOutcome | Promise<CustomOutcome>;
  shutdown?(): unknown;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is what is meant
type CustomOutcome = ExportOutcome | boolean | undefined | void;

/** A caller's exporter in the form of the built-in ones. */
export function adaptExporter(custom: CustomExporter): SpanExporter {
  return {
    description: typeof custom.description === "string" ? custom.description : "an exporter of the program's own",
    export: async (records, signal) => outcomeOf(await custom.export(records, signal), records.length),
    shutdown: async () => {
      await custom.shutdown?.();
    },
  };
}

/** Whatever a program returns: a batch that nobody knows the fate of would be sent for ever. */
function outcomeOf(value: unknown, count: number): ExportOutcome {
  if (value === true || value === undefined || value === null) return { type: "delivered" };
  if (value === false) return { type: "rejected", count, reason: "the exporter returned false" };
  const { type, count: rejected, reason, afterMs } = value as Record<string, unknown>;
  const why = typeof reason === "string" ? reason : "without a reason";
  switch (type) {
    case "delivered":
      return { type };
    case "rejected":
      return {
        type,
        count: typeof rejected === "number" ? Math.min(Math.max(0, rejected), count) : count,
        reason: why,
      };
    case "retry":
      return { type, reason: why, ...(typeof afterMs === "number" && afterMs >= 0 ? { afterMs } : {}) };
    case "split":
      return { type, reason: why };
    default:
      return { type: "rejected", count, reason: `the exporter returned ${typeof value}, no outcome of an export` };
  }
}

/** Groups records by resource and scope, which the tracers of one instance share as objects. */
export function toTracesData(records: readonly SpanRecord[]): TracesData {
  const resources = new Map<SpanRecord["resource"], Map<SpanRecord["scope"], Span[]>>();
  for (const { resource, scope, span } of records) {
    let scopes = resources.get(resource);
    if (scopes === undefined) {
      scopes = new Map();
      resources.set(resource, scopes);
    }
    const spans = scopes.get(scope);
    if (spans === undefined) scopes.set(scope, [span]);
    else spans.push(span);
  }
  return [...resources].map(([resource, scopes]): ResourceSpans => {
    const scopeSpans = [...scopes].map(([scope, spans]): ScopeSpans => ({ scope, schemaUrl: "", spans }));
    return { resource, schemaUrl: "", scopeSpans };
  });
}
