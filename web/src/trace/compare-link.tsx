import { Link } from "@tanstack/react-router";
import { useTraceOrigin } from "../api/local-source.ts";
import { buttonClass } from "../ui/button.tsx";

/** The way to how a trace differs from a typical one; none where no collector has the trace. */
export function CompareLink({ traceId }: { readonly traceId: string }) {
  if (useTraceOrigin(traceId) !== "store") return null;
  return (
    <Link
      to="/trace/$traceId"
      params={{ traceId: `typical...${traceId}` }}
      search={{}}
      className={buttonClass}
      title="Compare with a request of the same operation that took as long as most do"
    >
      Compare with typical
    </Link>
  );
}
