import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { nanoToMs } from "../format/time.ts";
import { usePageTitle, useRecentTrace } from "../shell/use-page-title.ts";
import { Button, buttonClass } from "../ui/button.tsx";
import { ButtonRow } from "../ui/button-row.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page } from "../ui/page.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Waiting } from "../ui/waiting.tsx";
import { shownOperation, shownService, type TraceModel } from "./model/trace-model.ts";
import styles from "./trace-page.module.css";
import { traceQuery } from "./trace-query.ts";
import { TraceView } from "./trace-view.tsx";
import { TracesByDigits } from "./traces-by-digits.tsx";

const route = getRouteApi("/trace/$traceId");
const REFRESH_MS = 5_000;
const SETTLED_MS = 60_000;

/** One trace: loading, unknown, failed, or the trace itself; asked for again while spans may still arrive. */
export function TracePage() {
  const { traceId: asked } = route.useParams();
  const traceId = asked.toLowerCase().padStart(32, "0");
  const valid = /^[0-9a-f]{32}$/.test(traceId);
  const trace = useQuery({
    ...traceQuery(traceId),
    enabled: valid,
    refetchInterval: ({ state: { data } }) =>
      data === null || (data !== undefined && (mayGrow(data) || data.incomplete !== undefined)) ? REFRESH_MS : false,
  });
  const model = trace.data ?? undefined;
  const title = model === undefined ? undefined : titleOf(model);
  usePageTitle(title ?? "Trace");
  useRecentTrace(traceId, title);

  if (model !== undefined && model.columns.count > 0) return <TraceView key={traceId} model={model} />;
  if (trace.isPending && valid) {
    return (
      <div className={styles.loading} role="status" aria-label="Loading the trace">
        <Skeleton />
        <Skeleton />
        <Skeleton />
      </div>
    );
  }
  if (valid && trace.isError) {
    return (
      <Unavailable title="The trace could not be loaded">
        <Notice
          tone="error"
          title="The collector could not answer"
          action={<Button onClick={() => void trace.refetch()}>Try again</Button>}
        >
          {trace.error.message}
        </Notice>
      </Unavailable>
    );
  }
  if (valid && asked.length < 32) {
    return (
      <Unavailable title={`Traces whose id begins with ${asked.toLowerCase()}`}>
        <TracesByDigits digits={asked.toLowerCase()} />
      </Unavailable>
    );
  }
  return (
    <Unavailable title="No such trace">
      <p>
        {valid ? "No span of this trace is stored: " : "This is no trace id: "}
        <code className="break-anywhere">{asked}</code>
      </p>
      <p className="muted">
        {valid
          ? "It may not have arrived yet, may not have been sampled, or may be older than the retention keeps."
          : "Expected 1 to 32 hex digits."}
      </p>
      {valid && <Waiting text="Waiting for its spans" />}
    </Unavailable>
  );
}

function Unavailable({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Page>
      <h1>{title}</h1>
      {children}
      <ButtonRow>
        <Link to="/search" className={buttonClass}>
          Go to search
        </Link>
      </ButtonRow>
    </Page>
  );
}

/** A trace that lacks parents or ended a moment ago. */
function mayGrow(model: TraceModel): boolean {
  const endMs = nanoToMs(model.columns.baseStartNano) + model.columns.durationNano / 1e6;
  const age = Date.now() - endMs;
  return age < SETTLED_MS || ((model.orphans > 0 || model.rootMissing) && age < 10 * SETTLED_MS);
}

function titleOf(model: TraceModel): string {
  const { columns } = model;
  if (columns.count === 0) return "Trace";
  return `${shownService(columns, 0)}: ${shownOperation(columns, 0)}`;
}
