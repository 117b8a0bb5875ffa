import { useQuery } from "@tanstack/react-query";
import { useTraceOrigin } from "../../api/local-source.ts";
import { spanPlaceQuery } from "../../api/queries.ts";
import { shownName } from "../../format/shown-name.ts";

/** What a link to a span of another trace leads to: the span by its name, or that it is not there. */
export function LinkTarget({
  traceId,
  linked,
  look,
}: {
  /** The trace that has the link. */
  readonly traceId: string;
  readonly linked: { readonly traceId: string; readonly spanId: string };
  /** Whether the collector, or the file, is asked. */
  readonly look: boolean;
}) {
  const saved = useTraceOrigin(traceId) === "saved";
  const { data, isError } = useQuery({ ...spanPlaceQuery(linked.traceId, linked.spanId), enabled: look && !saved });
  if (saved) return "another trace, which is not in this file";
  if (isError) return "another trace, which could not be looked for";
  if (data === undefined) return "another trace";
  if (data.span !== undefined) {
    return (
      <span>
        <b>{shownName(data.span.service)}</b> <bdi>{shownName(data.span.name)}</bdi>
      </span>
    );
  }
  if (data.incomplete !== undefined) return "another trace, which may be in what cannot be read now";
  return data.traceStored ? "a span of another trace that has not arrived" : "another trace, which is not stored here";
}
