import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import { DAY_MS } from "../../../src/model/time.ts";
import { callSeriesQuery } from "../api/queries.ts";
import { formatCount } from "../format/count.ts";
import { lookbackMs, lookbackWords } from "../format/lookback.ts";
import { Sparkline } from "../ui/sparkline.tsx";
import { largest } from "../ui/sparkline-path.ts";
import { anyCall } from "./call-traces.ts";
import type { Externals } from "./externals.ts";
import styles from "./map-panel.module.css";

/** How often a call was made, failed and how long it took, over the chosen time. */
export function CallSparklines({
  from,
  to,
  externals,
  lookback,
}: {
  readonly from: string;
  readonly to: string;
  readonly externals: Externals;
  readonly lookback: string;
}) {
  const link = externals.has(from) || externals.has(to) ? undefined : { parent: from, child: to };
  const found = useQuery(callSeriesQuery(lookbackMs(lookback) ?? DAY_MS, anyCall({ from, to }, externals), link));
  if (found.isPending) return <p className="muted">Counting over time…</p>;
  if (found.isError) return <p className="error-text">Calls over time could not be loaded: {found.error.message}</p>;
  const { calls, errors, p99Nano, stepMs, complete, reason } = found.data;
  const step = formatDuration(stepMs * 1e6);
  const [most, failed, slowest] = [calls, errors, p99Nano].map(largest) as [number, number, number];
  return (
    <>
      <dl className={styles.series}>
        <Series name="Calls" most={`${formatCount(most)} in ${step}`}>
          <Sparkline
            label={`Calls ${lookbackWords(lookback)}: at most ${formatCount(most)} in ${step}`}
            values={calls}
          />
        </Series>
        <Series name="Failed" most={failed === 0 ? undefined : `${formatCount(failed)} in ${step}`}>
          <Sparkline
            label={`Failed calls ${lookbackWords(lookback)}: at most ${formatCount(failed)} in ${step}`}
            values={errors}
            marked={errors}
          />
        </Series>
        <Series name="p99" most={slowest === 0 ? undefined : formatDuration(slowest)}>
          <Sparkline label={`p99 ${lookbackWords(lookback)}: at most ${formatDuration(slowest)}`} values={p99Nano} />
        </Series>
      </dl>
      {!complete && <p className="muted">Not all calls were counted: {reason}.</p>}
    </>
  );
}

/** A figure over time, and the largest of it, under its name. */
function Series({
  name,
  most,
  children,
}: {
  readonly name: string;
  /** Absent where it was never above zero. */
  readonly most: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        <span className="muted">{most === undefined ? "none" : `at most ${most}`}</span>
      </dd>
    </div>
  );
}
