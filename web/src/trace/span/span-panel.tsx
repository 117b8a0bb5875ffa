import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { SPAN_KIND_NAMES, STATUS_CODE } from "../../../../src/model/span.ts";
import { PARENT_MISSING } from "../../../../src/query/ui/columns-format.ts";
import { useTraceOrigin } from "../../api/local-source.ts";
import { spanQuery } from "../../api/queries.ts";
import { counted } from "../../format/count.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Chip } from "../../ui/chip.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Notice } from "../../ui/notice.tsx";
import { ServiceSwatch } from "../../ui/service/service-swatch.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { shownOperation, shownService, spanIdOf, type TraceModel } from "../model/trace-model.ts";
import type { UsualOfRow } from "../model/usual-of-row.ts";
import { LinkedFromSection } from "./linked-from.tsx";
import { PanelFrame } from "./panel-frame.tsx";
import { SpanDetail } from "./span-detail.tsx";
import styles from "./span-panel.module.css";
import { Timing } from "./timing.tsx";

/** The open span: what the columns know at once, its attributes, events and links as soon as they are fetched. */
export function SpanPanel({
  model,
  row,
  usual,
  onClose,
  onShow,
}: {
  readonly model: TraceModel;
  readonly row: number;
  readonly usual: UsualOfRow | undefined;
  readonly onClose: () => void;
  readonly onShow: (row: number) => void;
}) {
  const { columns } = model;
  const spanId = spanIdOf(columns, row);
  const detail = useQuery(spanQuery(columns.traceId, spanId, columns.kind[row]!));
  const timing = <Timing model={model} row={row} usual={usual} />;
  return (
    <PanelFrame label="Span" onClose={onClose}>
      {(dockButton) => (
        <>
          <SpanHead model={model} row={row} dockButton={dockButton} onClose={onClose} onShow={onShow} />
          {detail.data !== undefined ? (
            detail.data.spans.map((span, index) => (
              <SpanDetail
                key={`${span.kind}-${span.startTimeUnixNano}-${span.service}`}
                span={span}
                model={model}
                timing={index === 0 && timing}
                heading={
                  detail.data.spans.length > 1
                    ? `Span ${index + 1} of ${detail.data.spans.length} with this id`
                    : undefined
                }
              />
            ))
          ) : detail.isError ? (
            <>
              {timing}
              <Notice
                tone="error"
                title="The span could not be loaded"
                className={styles.problem}
                action={<Button onClick={() => void detail.refetch()}>Try again</Button>}
              >
                {detail.error.message}
              </Notice>
            </>
          ) : (
            <>
              {timing}
              <div className={styles.loading} role="status" aria-label="Loading the span">
                <Skeleton />
                <Skeleton />
              </div>
            </>
          )}
          <LinkedFromSection traceId={columns.traceId} spanId={spanId} />
        </>
      )}
    </PanelFrame>
  );
}

/** Who did what, and the ways to close the panel, to put it elsewhere and to what is above the span. */
function SpanHead({
  model,
  row,
  dockButton,
  onClose,
  onShow,
}: {
  readonly model: TraceModel;
  readonly row: number;
  readonly dockButton: ReactNode;
  readonly onClose: () => void;
  readonly onShow: (row: number) => void;
}) {
  const { columns, layout } = model;
  const origin = useTraceOrigin(columns.traceId);
  const spanId = spanIdOf(columns, row);
  const parent = layout.parent[row]!;
  const below = layout.size[row]! - 1;
  return (
    <div className={styles.head}>
      <div className={styles.headRow}>
        <ServiceSwatch look={model.looks[columns.service[row]!]!} />
        <span className={styles.service}>{shownService(columns, row)}</span>
        {columns.status[row] === STATUS_CODE.error && (
          <Chip tone="error">
            <Icon name="error" /> error
          </Chip>
        )}
        <div className={styles.tools}>
          {origin === "store" && <CopyButton text={() => location.href} label="Copy a link to this span" />}
          {dockButton}
          <IconButton aria-label="Close the span (Esc)" onClick={onClose}>
            <Icon name="close" />
          </IconButton>
        </div>
      </div>
      <h2 dir="auto">{shownOperation(columns, row)}</h2>
      <div className={styles.ids}>
        <span className={styles.kind}>{SPAN_KIND_NAMES[columns.kind[row]!] ?? "unspecified"}</span>
        <span className="mono">{spanId}</span>
        <CopyButton text={spanId} label="Copy the span id" />
        {below > 0 && <span>{counted(below, "span")} below</span>}
        {parent >= 0 && (
          <Button className={styles.parent} onClick={() => onShow(parent)}>
            <Icon name="up" /> Parent
          </Button>
        )}
      </div>
      {columns.parent[row] === PARENT_MISSING && (
        <Notice tone="warning" title="Its parent has not arrived" className={styles.orphan}>
          The span is shown as a root until it does.
        </Notice>
      )}
    </div>
  );
}
