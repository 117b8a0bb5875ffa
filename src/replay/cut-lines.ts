import type { ResourceSpans, ScopeSpans, TracesData } from "../model/span.ts";

/** The same spans in parts of at most `maxSpans`, in their order; resource and scope are repeated. */
export function* cutTraces(data: TracesData, maxSpans: number): Generator<TracesData, void> {
  let part: ResourceSpans[] = [];
  let room = maxSpans;
  for (const resource of data) {
    let scopes: ScopeSpans[] = [];
    for (const scope of resource.scopeSpans) {
      for (let from = 0; from < scope.spans.length; ) {
        const spans = scope.spans.slice(from, from + room);
        scopes.push({ ...scope, spans });
        from += spans.length;
        room -= spans.length;
        if (room > 0) continue;
        yield [...part, { ...resource, scopeSpans: scopes }];
        part = [];
        scopes = [];
        room = maxSpans;
      }
    }
    if (scopes.length > 0) part.push({ ...resource, scopeSpans: scopes });
  }
  if (part.length > 0) yield part;
}

/** The same without some spans, and without what then holds none. */
export function filterSpans(data: TracesData, keep: (span: ScopeSpans["spans"][number]) => boolean): TracesData {
  return data.flatMap((resource) => {
    const scopeSpans = resource.scopeSpans.flatMap((scope) => {
      const spans = scope.spans.filter(keep);
      return spans.length === 0 ? [] : { ...scope, spans };
    });
    return scopeSpans.length === 0 ? [] : { ...resource, scopeSpans };
  });
}
