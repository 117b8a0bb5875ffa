import { useQuery } from "@tanstack/react-query";
import { SPAN_KIND_NAMES } from "../../../../src/model/span.ts";
import { PARENT_MISSING } from "../../../../src/query/ui/columns-format.ts";
import { spanQuery } from "../../api/queries.ts";
import { counted } from "../../format/count.ts";
import { formatDuration } from "../../format/duration.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Notice } from "../../ui/notice.tsx";
import { ServiceSwatch } from "../../ui/service-swatch.tsx";
import { spanIdOf, type TraceModel } from "../model/trace-model.ts";
import { LinkedFromSection } from "./linked-from.tsx";
import { SpanDetail } from "./span-detail.tsx";

/** The open span: what the columns know at once, its attributes, events and links as soon as they are fetched. */
export function SpanPanel({
  model,
  row,
  onClose,
  onShow,
}: {
  readonly model: TraceModel;
  readonly row: number;
  readonly onClose: () => void;
  readonly onShow: (row: number) => void;
}) {
  const { columns, layout } = model;
  const spanId = spanIdOf(columns, row);
  const detail = useQuery(spanQuery(columns.traceId, spanId, columns.kind[row]!));
  const service = columns.service[row]!;
  const parent = layout.parent[row]!;
  const error = columns.status[row] === 2;
  return (
    <aside
      className="span-panel"
      aria-label="Span"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <div className="span-head">
        <div className="span-head-row">
          <ServiceSwatch look={model.looks[service]!} />
          <span className="span-service">{columns.services[service]}</span>
          {error && (
            <span className="chip" data-tone="error">
              <Icon name="error" /> error
            </span>
          )}
          <div className="span-head-tools">
            <CopyButton text={() => location.href} label="Copy a link to this span" />
            <button type="button" className="icon-button" aria-label="Close the span (Esc)" onClick={onClose}>
              <Icon name="close" />
            </button>
          </div>
        </div>
        <h2 dir="auto">{columns.names[columns.name[row]!]}</h2>
        <dl className="span-facts">
          <Fact name="Duration" value={formatDuration(columns.duration[row]!)} />
          <Fact name="Starts at" value={formatDuration(columns.start[row]!)} />
          <Fact name="Kind" value={SPAN_KIND_NAMES[columns.kind[row]!] ?? "unspecified"} />
          <Fact name="Below it" value={counted(layout.size[row]! - 1, "span")} />
        </dl>
        <div className="span-ids">
          <span className="mono">{spanId}</span>
          <CopyButton text={spanId} label="Copy the span id" />
          {parent >= 0 && (
            <button type="button" className="button" onClick={() => onShow(parent)}>
              <Icon name="up" /> Parent
            </button>
          )}
        </div>
        {columns.parent[row] === PARENT_MISSING && (
          <Notice tone="warning" title="Its parent has not arrived">
            The span is shown as a root until it does.
          </Notice>
        )}
      </div>
      {detail.data !== undefined ? (
        detail.data.spans.map((span, index) => (
          <SpanDetail
            key={`${span.kind}-${span.startTimeUnixNano}-${span.service}`}
            span={span}
            model={model}
            heading={
              detail.data.spans.length > 1 ? `Span ${index + 1} of ${detail.data.spans.length} with this id` : undefined
            }
          />
        ))
      ) : detail.isError ? (
        <Notice
          tone="error"
          title="The span could not be loaded"
          action={
            <button type="button" className="button" onClick={() => void detail.refetch()}>
              Try again
            </button>
          }
        >
          {detail.error.message}
        </Notice>
      ) : (
        <div className="span-loading" role="status" aria-label="Loading the span">
          <div className="skeleton" />
          <div className="skeleton" />
        </div>
      )}
      <LinkedFromSection traceId={columns.traceId} spanId={spanId} />
    </aside>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
