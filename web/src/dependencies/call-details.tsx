import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useContext } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import { DAY_MS } from "../../../src/model/time.ts";
import type { UiTraceSummary } from "../../../src/query/ui/api-types.ts";
import { counted, formatCount } from "../format/count.ts";
import { lookbackMs, lookbackWords } from "../format/lookback.ts";
import { formatShare } from "../format/share.ts";
import { tagsToJson } from "../format/tags.ts";
import { formatRelative, nanoToMs } from "../format/time.ts";
import { Fact } from "../ui/fact.tsx";
import { CallSparklines } from "./call-sparklines.tsx";
import { failingCall, LISTED, reachedNano, slowCall, tracesQuery } from "./call-traces.ts";
import { ExternalsOfPage } from "./externals.ts";
import styles from "./map-panel.module.css";
import { withOpen } from "./map-params.ts";
import { errorShare, type MapLink } from "./model/map-figures.ts";
import { PanelPart } from "./panel-part.tsx";

/** A call from one service to another: its figures, and traces in which it failed or was slow. */
export function CallDetails({
  from,
  to,
  link,
  lookback,
}: {
  readonly from: string;
  readonly to: string;
  /** Absent where there was no such call in the range. */
  readonly link: MapLink | undefined;
  readonly lookback: string;
}) {
  const externals = useContext(ExternalsOfPage);
  if (link === undefined) {
    return (
      <p>
        {from} did not call {to} {lookbackWords(lookback)}.
      </p>
    );
  }
  const least = link.p99Nano === undefined ? 0 : reachedNano(link.p99Nano);
  const failed = failingCall({ from, to }, externals);
  const isService = !externals.has(from) && !externals.has(to);
  const failing = isService
    ? { service: to, tags: tagsToJson([["error", "true"]]), lookback }
    : { q: failed, lookback };
  return (
    <>
      <CallFacts link={link} isService={isService} />
      <CallSparklines {...{ from, to, externals, lookback }} />
      {link.errorCount > 0 && (
        <PanelPart title="Newest in which this call failed">
          <Traces q={failed} lookback={lookback} />
          <Link to="/search" search={failing}>
            {isService ? `Search all failures of ${to}` : "Search all that failed"}
          </Link>
        </PanelPart>
      )}
      {least > 0 && (
        <PanelPart title={`Newest in which it took ${formatDuration(least)} or more`}>
          <Traces q={slowCall({ from, to }, least)} lookback={lookback} />
          <Link to="/search" search={{ service: to, minDuration: `${least / 1000}us`, lookback }}>
            Search all spans of {to} this slow
          </Link>
        </PanelPart>
      )}
      <p className={styles.ends}>
        {[from, to].map((name) => (
          <Link
            key={name}
            from="/dependencies"
            to="/dependencies"
            search={(before) => withOpen(before, { service: name })}
          >
            About {name}
          </Link>
        ))}
      </p>
    </>
  );
}

/** `isService`: both ends are, and durations are known. */
function CallFacts({ link, isService }: { readonly link: MapLink; readonly isService: boolean }) {
  return (
    <dl className={styles.facts}>
      <Fact name="Calls" value={formatCount(link.callCount)} />
      <Fact
        name="Failed"
        value={formatCount(link.errorCount)}
        extra={formatShare(errorShare(link))}
        error={link.errorCount > 0}
      />
      {isService && (
        <>
          <Fact name="p50" value={formatDuration(link.p50Nano)} />
          <Fact name="p99" value={formatDuration(link.p99Nano)} />
        </>
      )}
    </dl>
  );
}

function Traces({ q, lookback }: { readonly q: string; readonly lookback: string }) {
  const found = useQuery(tracesQuery(q, lookbackMs(lookback) ?? DAY_MS));
  if (found.isPending) return <p className="muted">Searching…</p>;
  if (found.isError) return <p className="error-text">{found.error.message}</p>;
  const { traces, next, complete, reason } = found.data;
  return (
    <>
      {traces.length === 0 && complete && <p className="muted">No trace that is stored now shows one.</p>}
      <ul className={styles.traces}>
        {traces.map((trace) => (
          <TraceEntry key={trace.traceId} trace={trace} />
        ))}
      </ul>
      {next !== undefined && <p className="muted">The newest {LISTED}; there are more.</p>}
      {!complete && <p className="muted">There may be more: {reason ?? "the search took too long"}.</p>}
    </>
  );
}

function TraceEntry({ trace }: { readonly trace: UiTraceSummary }) {
  const [span] = trace.matchedSpans;
  return (
    <li>
      <Link to="/trace/$traceId" params={{ traceId: trace.traceId }} search={span === undefined ? {} : { span }}>
        <bdi>{`${trace.rootService} ${trace.rootName}`}</bdi>
      </Link>
      <span className="muted">
        {formatDuration(Number(trace.durationNano))}, {counted(trace.spanCount, "span")},{" "}
        {formatRelative(nanoToMs(trace.startTimeUnixNano), Date.now())}
      </span>
    </li>
  );
}
