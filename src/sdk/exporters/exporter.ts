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
