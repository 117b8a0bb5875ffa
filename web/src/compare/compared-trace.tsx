import { Link } from "@tanstack/react-router";
import { formatDuration, otherThanRoot } from "../../../src/model/duration-text.ts";
import type { UiComparedTrace } from "../../../src/query/ui/comparison/comparison-types.ts";
import { counted } from "../format/count.ts";
import { formatAbsolute, nanoToMs } from "../format/time.ts";
import { shortTraceId } from "../format/trace-id.ts";
import { Chip } from "../ui/chip.tsx";
import { Icon } from "../ui/icon.tsx";
import { useServiceLooks } from "../ui/service/service-looks.ts";
import { ServiceSwatch } from "../ui/service/service-swatch.tsx";
import styles from "./compared-trace.module.css";

/** One of two traces: its letter, what it was, how long it took. The name leads to it. */
export function ComparedTrace({ letter, trace }: { readonly letter: "A" | "B"; readonly trace: UiComparedTrace }) {
  const { traceId, root, spanCount, errorCount, orphanCount, startTimeUnixNano, traceDurationNano } = trace;
  const lookOf = useServiceLooks();
  const startMs = nanoToMs(startTimeUnixNano);
  const whole = otherThanRoot(root?.durationNano, traceDurationNano);
  return (
    <article className={styles.trace} aria-label={`Trace ${letter}`}>
      <span className={styles.letter} aria-hidden="true">
        {letter}
      </span>
      <div className={styles.what}>
        <h2 className={styles.title}>
          {root !== undefined && <ServiceSwatch look={lookOf(root.service)} />}
          <Link to="/trace/$traceId" params={{ traceId }} search={{}} dir="auto">
            {root === undefined ? "Trace without a root" : `${root.service} ${root.name}`}
          </Link>
        </h2>
        <p className={styles.facts}>
          <span className="mono" title={traceId}>
            {shortTraceId(traceId)}
          </span>
          {startMs > 0 && <time dateTime={new Date(startMs).toISOString()}>{formatAbsolute(startMs)}</time>}
          {whole !== undefined && (
            <span title="From the first start to the last end of its spans">trace duration {whole}</span>
          )}
          <span>{counted(spanCount, "span")}</span>
          {errorCount > 0 && (
            <Chip tone="error">
              <Icon name="error" /> {counted(errorCount, "error")}
            </Chip>
          )}
          {orphanCount > 0 && (
            <Chip tone="warning" title="Spans whose parent has not arrived stand on top of the tree">
              <Icon name="broken" /> {counted(orphanCount, "orphan")}
            </Chip>
          )}
        </p>
      </div>
      <strong className={styles.duration} title="Root duration">
        {formatDuration(root?.durationNano)}
      </strong>
    </article>
  );
}
