import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { dependenciesQuery, servicesQuery } from "../api/queries.ts";
import { errorShare } from "../dependencies/error-share.ts";
import { lookbackMs } from "../search/search-params.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { preferredHue } from "../trace/service-look.ts";
import { LookbackSelect } from "../ui/lookback-select.tsx";
import { Notice } from "../ui/notice.tsx";
import { ServiceSwatch } from "../ui/service-swatch.tsx";
import { type ServiceRow, serviceRows } from "./service-rows.ts";

/** Every service that has sent spans: its operations, who calls it and how often that fails. */
export function ServicesPage() {
  usePageTitle("Services");
  const [lookback, setLookback] = useState("24h");
  const [filter, setFilter] = useState("");
  const services = useQuery(servicesQuery);
  const calls = useQuery(dependenciesQuery(lookbackMs(lookback) ?? 86_400_000));
  const needle = filter.trim().toLowerCase();
  const rows = serviceRows(services.data?.services ?? [], calls.data?.links ?? []).filter(
    (row) =>
      row.name.toLowerCase().includes(needle) || row.operations.some((o) => o.name.toLowerCase().includes(needle)),
  );
  return (
    <div className="page wide">
      <div className="page-head">
        <h1>Services</h1>
        <input
          type="text"
          className="page-filter"
          aria-label="Filter services and operations"
          placeholder="Filter services and operations"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <LookbackSelect value={lookback} onChange={setLookback} />
      </div>
      {(services.isError || calls.isError) && (
        <Notice tone="error" title="The services could not be loaded">
          {(services.error ?? calls.error)?.message}
        </Notice>
      )}
      {services.isPending && <div className="skeleton page-skeleton" role="status" aria-label="Loading" />}
      {services.data !== undefined && rows.length === 0 && (
        <div className="no-match">
          <p>{needle === "" ? "No service has sent a span yet." : "No service or operation matches."}</p>
        </div>
      )}
      {rows.length > 0 && (
        <ul className="service-list">
          {rows.map((row) => (
            <Service key={row.name} row={row} needle={needle} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Service({ row, needle }: { readonly row: ServiceRow; readonly needle: string }) {
  const named = row.name.toLowerCase().includes(needle);
  const operations = named ? row.operations : row.operations.filter((o) => o.name.toLowerCase().includes(needle));
  const [open, setOpen] = useState(false);
  return (
    <li className="service-card">
      <div className="service-head">
        <h2>
          <Link to="/search" search={{ service: row.name }} className="service-link">
            <ServiceSwatch look={{ hue: preferredHue(row.name), pattern: 0 }} />
            {row.name}
          </Link>
        </h2>
        <dl className="span-facts">
          <Fact name="Calls in" value={row.calls.toLocaleString("en")} />
          <Fact
            name="Failed"
            value={row.errors === 0 ? "0" : `${row.errors.toLocaleString("en")} (${errorShare(row.calls, row.errors)})`}
            error={row.errors > 0}
          />
          <Fact name="Called by" value={row.callers.length === 0 ? "none" : row.callers.join(", ")} />
          <Fact name="Calls" value={row.callees.length === 0 ? "none" : row.callees.join(", ")} />
        </dl>
      </div>
      <details
        className="section"
        open={open || (needle !== "" && !named)}
        onToggle={(event) => setOpen(event.currentTarget.open)}
      >
        <summary>
          <span className="section-title">Operations</span>
          <span className="section-count">{operations.length.toLocaleString("en")}</span>
        </summary>
        <ul className="operation-list">
          {operations.map((operation) => (
            <li key={`${operation.name} ${operation.kind}`}>
              <Link to="/search" search={{ service: row.name, operation: operation.name }} dir="auto">
                {operation.name}
              </Link>
              <span className="muted">{operation.kind}</span>
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

function Fact({
  name,
  value,
  error = false,
}: {
  readonly name: string;
  readonly value: string;
  readonly error?: boolean;
}) {
  return (
    <div className="fact" data-error={error}>
      <dt>{name}</dt>
      <dd title={value}>{value}</dd>
    </div>
  );
}
