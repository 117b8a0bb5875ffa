import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { rawTraceQuery } from "../../api/queries.ts";
import { formatBytes } from "../../format/bytes.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import type { TraceModel } from "../model/trace-model.ts";
import styles from "./raw-trace.module.css";

/** More is not shown: a trace of 100,000 spans has 80 MB of JSON. */
const MOST_BYTES = 1_000_000;

/** The trace as the collector has it, as OTLP JSON: laid out, or its beginning as it is where it is large. */
export function RawTrace({ model: { columns } }: { readonly model: TraceModel }) {
  const { data, isError, error, refetch } = useQuery(rawTraceQuery(columns.traceId, columns.count, MOST_BYTES));
  const text = useMemo(() => (data === undefined ? "" : data.whole ? laidOut(data.text) : data.text), [data]);
  if (isError) {
    return (
      <Notice
        tone="error"
        title="The trace could not be loaded"
        action={<Button onClick={() => void refetch()}>Try again</Button>}
      >
        {error.message}
      </Notice>
    );
  }
  if (data === undefined) return <Skeleton />;
  return (
    <div className={styles.raw}>
      <div className={styles.head}>
        <p className="muted">
          {data.whole ? "OTLP JSON" : `The first ${formatBytes(MOST_BYTES)} of its OTLP JSON; Download has all of it.`}
        </p>
        {data.whole && <CopyButton text={text} label="Copy the trace's JSON" caption="Copy" />}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre className={styles.text} tabIndex={0} data-part="raw-trace">
        {text}
      </pre>
    </div>
  );
}

function laidOut(json: string): string {
  return JSON.stringify(JSON.parse(json), undefined, 2);
}
