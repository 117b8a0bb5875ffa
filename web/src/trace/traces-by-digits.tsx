import { useQuery } from "@tanstack/react-query";
import { Link, Navigate } from "@tanstack/react-router";
import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiSearchResponse } from "../../../src/query/ui/api-types.ts";
import { tracesThatBegin } from "../../../src/query/ui/traces-that-begin.ts";
import { getJson } from "../api/client.ts";
import { withLists } from "../api/with-lists.ts";
import { counted } from "../format/count.ts";
import { formatAbsolute, nanoToMs } from "../format/time.ts";
import { Notice } from "../ui/notice.tsx";
import { Waiting } from "../ui/waiting.tsx";

/** Beyond this many traces nobody waits for a browser. */
const MOST_TRACES = 20_000;
const LISTED = 50;

/** Opens the one trace whose id begins with the digits; a list where they fit several. */
export function TracesByDigits({ digits }: { readonly digits: string }) {
  const { data, error } = useQuery({
    queryKey: ["traces-that-begin", digits],
    queryFn: ({ signal }) =>
      tracesThatBegin(
        (parameters) => withLists(getJson<UiSearchResponse>("api/ui/search", parameters, signal), "traces"),
        digits,
        MOST_TRACES,
      ),
  });
  if (error !== null) {
    return (
      <Notice tone="error" title="The collector could not answer">
        {error.message}
      </Notice>
    );
  }
  if (data === undefined) return <Waiting text="Looking for them" />;
  const { found, seen, complete } = data;
  const [first] = found;
  if (first === undefined) {
    return <p>There is none{complete ? "" : ` among the newest ${counted(seen, "trace")}`}.</p>;
  }
  // Of a part it is not known to be the only one.
  if (found.length === 1 && complete) {
    return <Navigate to="/trace/$traceId" params={{ traceId: first.traceId }} search={(before) => before} replace />;
  }
  return (
    <>
      <ul aria-label="Traces">
        {found.slice(0, LISTED).map((trace) => (
          <li key={trace.traceId}>
            <Link to="/trace/$traceId" params={{ traceId: trace.traceId }} search={{}}>
              <code className="break-anywhere">{trace.traceId}</code>
            </Link>{" "}
            {trace.rootService} <span dir="auto">{trace.rootName}</span>{" "}
            <span className="muted">
              {formatAbsolute(nanoToMs(trace.startTimeUnixNano))},{" "}
              {formatDuration(trace.durationUnknown === true ? undefined : Number(trace.durationNano))}
            </span>
          </li>
        ))}
      </ul>
      {found.length > LISTED && <p>and {counted(found.length - LISTED, "more trace")}</p>}
      {!complete && <p className="muted">Only the newest {counted(seen, "trace")} were looked at.</p>}
    </>
  );
}
