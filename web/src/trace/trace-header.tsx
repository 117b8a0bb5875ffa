import { formatDuration } from "../../../src/model/duration-text.ts";
import { traceDuration } from "../../../src/query/ui/columns-format.ts";
import { useTraceOrigin } from "../api/local-source.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatAbsolute, formatRelative, nanoToMs } from "../format/time.ts";
import { Chip } from "../ui/chip.tsx";
import { classNames } from "../ui/class-names.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Fact } from "../ui/fact.tsx";
import { Icon } from "../ui/icon.tsx";
import { ServiceChips } from "../ui/service-chips.tsx";
import { DownloadMenu } from "./download-menu.tsx";
import { operationOf, serviceOfRow, type TraceModel } from "./model/trace-model.ts";
import { LinkedFromMenu } from "./span/linked-from.tsx";
import styles from "./trace-header.module.css";

const SERVICES = 8;

/** What the trace is: root, time, sizes, services, and what is wrong with it as a whole. */
export function TraceHeader({ model }: { readonly model: TraceModel }) {
  const { columns, layout, services } = model;
  const chips = services.map((entry) => ({ ...entry, look: model.looks[entry.service]! }));
  const startMs = nanoToMs(columns.baseStartNano);
  const origin = useTraceOrigin(columns.traceId);
  return (
    <header className={styles.header}>
      <div className={styles.title}>
        <h1 title={`${serviceOfRow(columns, 0)} ${operationOf(columns, 0)}`}>
          <span className={styles.service}>{serviceOfRow(columns, 0)}</span>{" "}
          <span dir="auto">{operationOf(columns, 0)}</span>
        </h1>
        <span className={classNames("mono", styles.id)} title={columns.traceId}>
          {columns.traceId}
        </span>
        <CopyButton text={columns.traceId} label="Copy the trace id" />
        <div className={styles.actions}>
          <LinkedFromMenu traceId={columns.traceId} />
          {origin === "store" && (
            <CopyButton text={() => location.href} label="Copy a link to this view" caption="Copy link" />
          )}
          <DownloadMenu traceId={columns.traceId} />
        </div>
      </div>
      <dl className={styles.facts} data-part="trace-facts">
        <Fact name="Duration" value={formatDuration(traceDuration(columns))} />
        <Fact name="Start" value={formatAbsolute(startMs)} extra={formatRelative(startMs, Date.now())} />
        <Fact name="Spans" value={formatCount(columns.count)} />
        <Fact name="Errors" value={formatCount(model.errorRows.length)} error={model.errorRows.length > 0} />
        <Fact name="Services" value={String(services.length)} />
        <Fact name="Depth" value={String(layout.maxDepth + 1)} />
        <div className={styles.services}>
          <dt className="visually-hidden">Spans per service</dt>
          <dd>
            <ServiceChips services={chips} shown={SERVICES} />
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
          </dd>
        </div>
      </dl>
    </header>
  );
}
