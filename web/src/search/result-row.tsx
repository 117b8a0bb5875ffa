import { Link } from "@tanstack/react-router";
import type { UiTraceSummary } from "../../../src/query/ui/api-types.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatDuration } from "../format/duration.ts";
import { preferredHue } from "../format/service-look.ts";
import { formatAbsolute, formatMoment, formatRelative, nanoToMs } from "../format/time.ts";
import { Icon } from "../ui/icon.tsx";

const CHIPS = 6;

/** One trace of the results: what it was, how long, when, and what is wrong with it. */
export function ResultRow({ trace, longestNano }: { readonly trace: UiTraceSummary; readonly longestNano: number }) {
  const duration = Number(trace.durationNano);
  const startMs = nanoToMs(trace.startTimeUnixNano);
  const nowMs = Date.now();
  const services = [...trace.services].sort((a, b) => b.spanCount - a.spanCount);
  const matched = trace.matchedCount < trace.spanCount ? trace.matchedSpans[0] : undefined;
  return (
    <li className="result" data-error={trace.errorCount > 0}>
      <div className="result-head">
        <h3 className="result-title">
          <Link to="/trace/$traceId" params={{ traceId: trace.traceId }} search={{}}>
            <span className="result-service">{trace.rootService}</span> <span dir="auto">{trace.rootName}</span>
          </Link>
          {!trace.hasRoot && (
            <span className="chip" data-tone="warning" title="No span without a parent has arrived">
              <Icon name="broken" /> no root
            </span>
          )}
        </h3>
        <span className="result-id mono muted" title={trace.traceId}>
          {trace.traceId.slice(0, 8)}
        </span>
        <span className="result-duration">{formatDuration(duration)}</span>
      </div>
      <div className="result-bar" aria-hidden="true">
        <span
          data-hue={preferredHue(trace.rootService)}
          style={{ width: `${Math.max(0.4, (duration / longestNano) * 100)}%` }}
        />
      </div>
      {trace.firstError !== undefined && (
        <p className="result-error">
          <Link to="/trace/$traceId" params={{ traceId: trace.traceId }} search={{ span: trace.firstError.spanId }}>
            <span className="result-service">{trace.firstError.service}</span>{" "}
            <span dir="auto">{trace.firstError.name}</span>
          </Link>
          {trace.firstError.text !== "" && (
            <span className="error-text" dir="auto">
              {trace.firstError.text}
            </span>
          )}
        </p>
      )}
      <div className="result-facts">
        <time dateTime={new Date(startMs).toISOString()} title={formatAbsolute(startMs)}>
          {formatRelative(startMs, nowMs)} <span className="muted">{formatMoment(startMs, nowMs)}</span>
        </time>
        <span>{counted(trace.spanCount, "span")}</span>
        {trace.errorCount > 0 && (
          <span className="chip" data-tone="error">
            <Icon name="error" /> {counted(trace.errorCount, "error")}
          </span>
        )}
        {trace.orphanCount > 0 && (
          <span className="chip" data-tone="warning" title="Spans whose parent has not arrived">
            <Icon name="broken" /> {formatCount(trace.orphanCount)} orphaned
          </span>
        )}
        {matched !== undefined && (
          <Link
            className="chip"
            to="/trace/$traceId"
            params={{ traceId: trace.traceId }}
            search={{ span: matched }}
            title="Open the first matching span"
          >
            {formatCount(trace.matchedCount)} matching
          </Link>
        )}
        <ul className="result-services" aria-label="Services">
          {services.slice(0, CHIPS).map((service) => (
            <li key={service.name} className="chip">
              <span className="swatch" data-hue={preferredHue(service.name)} aria-hidden="true" />
              <span className="chip-text">{service.name}</span> <b>{formatCount(service.spanCount)}</b>
              {service.errorCount > 0 && (
                <span className="error-text chip-errors" title={`${service.errorCount} with errors`}>
                  <Icon name="error" label="errors" />
                  {formatCount(service.errorCount)}
                </span>
              )}
            </li>
          ))}
          {services.length > CHIPS && (
            <li
              className="chip"
              title={services
                .slice(CHIPS)
                .map((service) => service.name)
                .join(", ")}
            >
              +{services.length - CHIPS} more
            </li>
          )}
        </ul>
      </div>
    </li>
  );
}
