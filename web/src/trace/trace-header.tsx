import { apiUrl } from "../api/client.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatDuration } from "../format/duration.ts";
import { formatAbsolute, formatRelative, nanoToMs } from "../format/time.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";
import { ServiceSwatch } from "../ui/service-swatch.tsx";
import type { TraceModel } from "./model/trace-model.ts";
import { LinkedFromMenu } from "./span/linked-from.tsx";

const SERVICES = 8;

/** What the trace is: root, time, sizes, services, and what is wrong with it as a whole. */
export function TraceHeader({ model }: { readonly model: TraceModel }) {
  const { columns, layout, services } = model;
  const startMs = nanoToMs(columns.baseStartNano);
  const download = (format: string) => apiUrl(`api/ui/traces/${columns.traceId}/download`, { format });
  return (
    <header className="trace-header">
      <div className="trace-title">
        <h1 title={`${columns.services[columns.service[0]!]} ${columns.names[columns.name[0]!]}`}>
          <span className="trace-service">{columns.services[columns.service[0]!]}</span>{" "}
          <span dir="auto">{columns.names[columns.name[0]!]}</span>
        </h1>
        <span className="trace-id mono" title={columns.traceId}>
          {columns.traceId}
        </span>
        <CopyButton text={columns.traceId} label="Copy the trace id" />
        <div className="trace-actions">
          <LinkedFromMenu traceId={columns.traceId} />
          <CopyButton text={() => location.href} label="Copy a link to this view" caption="Copy link" />
          <Menu label="Download the trace" caption="Download">
            <a href={download("otlp")} download>
              <Icon name="download" /> OTLP JSON
            </a>
            <a href={download("jaeger")} download>
              <Icon name="download" /> Jaeger JSON
            </a>
          </Menu>
        </div>
      </div>
      <dl className="trace-facts">
        <Fact name="Duration" value={formatDuration(columns.durationNano)} />
        <Fact name="Start" value={formatAbsolute(startMs)} extra={formatRelative(startMs, Date.now())} />
        <Fact name="Spans" value={formatCount(columns.count)} />
        <Fact name="Errors" value={formatCount(model.errorRows.length)} error={model.errorRows.length > 0} />
        <Fact name="Services" value={String(services.length)} />
        <Fact name="Depth" value={String(layout.maxDepth + 1)} />
        <div className="trace-services">
          <dt className="visually-hidden">Spans per service</dt>
          <dd>
            {services.slice(0, SERVICES).map((entry) => (
              <span key={entry.service} className="chip">
                <ServiceSwatch look={model.looks[entry.service]!} />
                <span className="chip-text">{entry.name}</span> <b>{formatCount(entry.spans)}</b>
                {entry.errors > 0 && (
                  <span className="error-text chip-errors">
                    <Icon name="error" label="errors" />
                    {formatCount(entry.errors)}
                  </span>
                )}
              </span>
            ))}
            {services.length > SERVICES && (
              <span
                className="chip"
                title={services
                  .slice(SERVICES)
                  .map((entry) => entry.name)
                  .join(", ")}
              >
                +{services.length - SERVICES} more
              </span>
            )}
            {model.rootMissing && (
              <span className="chip" data-tone="warning" title="No span without a parent has arrived">
                <Icon name="broken" /> incomplete: no root
              </span>
            )}
            {model.orphans > 0 && (
              <span className="chip" data-tone="warning" title="Their parents have not arrived; shown as roots">
                <Icon name="broken" /> {counted(model.orphans, "orphan span")}
              </span>
            )}
            {columns.collapsedDuplicates > 0 && (
              <span
                className="chip"
                data-tone="warning"
                title="Spans of the same id and kind; the open span lists them all"
              >
                <Icon name="warning" /> {counted(columns.collapsedDuplicates, "duplicate")}
              </span>
            )}
          </dd>
        </div>
      </dl>
    </header>
  );
}

function Fact({
  name,
  value,
  extra,
  error = false,
}: {
  readonly name: string;
  readonly value: string;
  readonly extra?: string;
  readonly error?: boolean;
}) {
  return (
    <div className="fact" data-error={error}>
      <dt>{name}</dt>
      <dd>
        {value} {extra !== undefined && <span className="muted">{extra}</span>}
      </dd>
    </div>
  );
}
