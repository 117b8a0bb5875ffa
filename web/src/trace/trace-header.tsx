import { formatDuration } from "../../../src/model/duration-text.ts";
import { traceDuration } from "../../../src/query/ui/columns-format.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatAbsolute, formatRelative, nanoToMs } from "../format/time.ts";
import { ToggleButton } from "../ui/button.tsx";
import { Chip } from "../ui/chip.tsx";
import { Icon } from "../ui/icon.tsx";
import { CompareLink } from "./compare-link.tsx";
import { CopyMenu } from "./copy-menu.tsx";
import { DownloadMenu } from "./download-menu.tsx";
import { shownOperation, shownService, type TraceModel } from "./model/trace-model.ts";
import { LinkedFromMenu } from "./span/linked-from.tsx";
import styles from "./trace-header.module.css";

/** In one line: what the trace is, its root, time and sizes, and what is wrong with it as a whole. */
export function TraceHeader({
  model,
  growing,
  spanMissing,
  skewNano,
  corrected,
  onCorrected,
}: {
  readonly model: TraceModel;
  /** Spans have just come, and more may. */
  readonly growing: boolean;
  /** The address opens a span that is not in the trace. */
  readonly spanMissing: boolean;
  /** By how much the clocks of its services differ, ns. */
  readonly skewNano: number | undefined;
  readonly corrected: boolean;
  readonly onCorrected: (corrected: boolean) => void;
}) {
  const { columns, times } = model;
  const startMs = nanoToMs(columns.baseStartNano);
  const duration = traceDuration(columns);
  const root = times.root;
  const rootEnd = root === undefined ? undefined : columns.start[root]! + columns.duration[root]!;
  const after = duration === undefined || rootEnd === undefined ? 0 : model.extent - rootEnd;
  const rootTitle = `Root duration; trace duration, from the first start to the last end: ${formatDuration(duration)}`;
  const errors = model.errorRows.length;
  const [service, operation] = [shownService(columns, root ?? 0), shownOperation(columns, root ?? 0)];
  return (
    <header className={styles.header}>
      <h1 title={`${service} ${operation}`}>
        <span className={styles.service}>{service}</span> <span dir="auto">{operation}</span>
      </h1>
      <div className={styles.facts} data-part="trace-facts">
        <b title={root === undefined ? `Trace duration: ${formatDuration(duration)}` : rootTitle}>
          {formatDuration(root === undefined ? duration : columns.duration[root]!)}
        </b>
        {after > 0 && formatDuration(after) !== formatDuration(0) && (
          <span className="muted" title={rootTitle}>
            +{formatDuration(after)} after the root
          </span>
        )}
        <span>
          <span>{formatCount(columns.count)}</span> {columns.count === 1 ? "span" : "spans"}
        </span>
        <span className={errors > 0 ? "error-text" : undefined}>{counted(errors, "error")}</span>
        <time className="muted" dateTime={new Date(startMs).toISOString()} title={columns.traceId}>
          {formatAbsolute(startMs)} <span className={styles.ago}>{formatRelative(startMs, Date.now())}</span>
        </time>
      </div>
      <Warnings model={model} growing={growing} />
      {spanMissing && (
        <Chip tone="warning" title="The address names a span that is not among those stored">
          <Icon name="broken" /> the linked span has not arrived
        </Chip>
      )}
      {skewNano !== undefined && <ClockButton skewNano={skewNano} corrected={corrected} onCorrected={onCorrected} />}
      <div className={styles.actions}>
        <CompareLink traceId={columns.traceId} />
        <LinkedFromMenu traceId={columns.traceId} />
        <CopyMenu model={model} />
        <DownloadMenu traceId={columns.traceId} />
      </div>
    </header>
  );
}

/** By how much the clocks differ; a press shows the times without that, and with it again. */
function ClockButton({
  skewNano,
  corrected,
  onCorrected,
}: {
  readonly skewNano: number;
  readonly corrected: boolean;
  readonly onCorrected: (corrected: boolean) => void;
}) {
  return (
    <ToggleButton
      className={styles.clocks}
      pressed={corrected}
      title="Spans of a server that begin before their client's, or end after it. Pressed: times are shown without it"
      onPress={() => onCorrected(!corrected)}
    >
      <Icon name="warning" /> clocks differ by about {formatDuration(skewNano)}
      {corrected ? ", corrected" : ""}
    </ToggleButton>
  );
}

/** What of the trace may be missing. */
function Warnings({ model, growing }: { readonly model: TraceModel; readonly growing: boolean }) {
  const { columns } = model;
  return (
    <>
      {growing && (
        <Chip title="Spans came a moment ago; the page shows more as they come">spans are still arriving</Chip>
      )}
      {model.rootMissing && (
        <Chip tone="warning" title="No span without a parent has arrived">
          <Icon name="broken" /> incomplete: no root
        </Chip>
      )}
      {model.orphans > 0 && (
        <Chip tone="warning" title="Their parents have not arrived; shown as roots">
          <Icon name="broken" /> {counted(model.orphans, "orphan span")}
        </Chip>
      )}
      {columns.collapsedDuplicates > 0 && (
        <Chip tone="warning" title="Spans of the same id and kind; the open span lists them all">
          <Icon name="warning" /> {counted(columns.collapsedDuplicates, "duplicate")}
        </Chip>
      )}
    </>
  );
}
