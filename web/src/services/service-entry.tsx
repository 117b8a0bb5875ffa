import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import { redQuery } from "../api/queries.ts";
import type { RateUnit } from "../format/rate.ts";
import { IconButton } from "../ui/button.tsx";
import { Chip } from "../ui/chip.tsx";
import { Icon } from "../ui/icon.tsx";
import { ServiceLink } from "../ui/service/service-link.tsx";
import type { Change } from "./changes.ts";
import { InstanceList } from "./instance-list.tsx";
import { RedCells } from "./red-cells.tsx";
import styles from "./red-table.module.css";
import { operationRows, type ServiceRow, type Sort, sortFigures } from "./service-rows.ts";

const COLUMNS = 8;

/** A service's row of the table; below it, when open, its operations, its neighbours and its instances. */
export function ServiceEntry({
  row,
  changes,
  open,
  onToggle,
  needle,
  sort,
  lookback,
  lookbackMs,
  stepMs,
  unit,
  nowMs,
}: {
  readonly row: ServiceRow;
  /** Against the period before. */
  readonly changes: readonly Change[];
  readonly open: boolean;
  readonly onToggle: () => void;
  /** Lower-case text of the filter: only operations with it are listed, unless the service itself has it. */
  readonly needle: string;
  readonly sort: Sort;
  readonly lookback: string;
  readonly lookbackMs: number;
  readonly stepMs: number;
  readonly unit: RateUnit;
  /** The registry's clock. */
  readonly nowMs: number;
}) {
  return (
    <tbody data-open={open}>
      <tr>
        <th scope="row">
          <span className={styles.name}>
            <IconButton aria-expanded={open} aria-label={`Operations of ${row.name}`} onClick={onToggle}>
              <Icon name={open ? "chevronDown" : "chevronRight"} />
            </IconButton>
            <ServiceLink name={row.name} lookback={lookback} />
            <InstanceSummary row={row} />
          </span>
        </th>
        <RedCells row={row} changes={changes} unknown={row.source === "none"} stepMs={stepMs} unit={unit} />
      </tr>
      {open && <Operations {...{ row, needle, sort, lookback, lookbackMs, stepMs, unit }} />}
      {open && (row.callers.length > 0 || row.callees.length > 0 || row.instances.length > 0) && (
        <tr className={styles.about}>
          <td colSpan={COLUMNS}>
            {row.callers.length > 0 && (
              <p>
                <span className="muted">Called by</span> <Neighbours names={row.callers} lookback={lookback} />
              </p>
            )}
            {row.callees.length > 0 && (
              <p>
                <span className="muted">Calls</span> <Neighbours names={row.callees} lookback={lookback} />
              </p>
            )}
            {row.instances.length > 0 && <InstanceList instances={row.instances} nowMs={nowMs} />}
          </td>
        </tr>
      )}
    </tbody>
  );
}

function Operations({
  row,
  needle,
  sort,
  lookback,
  lookbackMs,
  stepMs,
  unit,
}: {
  readonly row: ServiceRow;
  readonly needle: string;
  readonly sort: Sort;
  readonly lookback: string;
  readonly lookbackMs: number;
  readonly stepMs: number;
  readonly unit: RateUnit;
}) {
  const red = useQuery(redQuery(lookbackMs, row.name));
  const all = operationRows(row.operations, red.data?.operations ?? []);
  const named = row.name.toLowerCase().includes(needle);
  const shown = named ? all : all.filter((operation) => operation.name.toLowerCase().includes(needle));
  return sortFigures(shown, sort).map((operation) => (
    <tr key={`${operation.kind} ${operation.name}`} className={styles.operation}>
      <th scope="row">
        <Link to="/search" search={{ service: row.name, operation: operation.name, lookback }} dir="auto">
          {operation.name}
        </Link>{" "}
        <span className="muted">{operation.kind}</span>
      </th>
      <RedCells row={operation} unknown={operation.source === "none"} stepMs={stepMs} unit={unit} />
    </tr>
  ));
}

function Neighbours({ names, lookback }: { readonly names: readonly string[]; readonly lookback: string }) {
  return names.map((name, index) => (
    <Fragment key={name}>
      {index > 0 && ", "}
      <Link to="/services/$name" params={{ name }} search={{ lookback }}>
        <bdi>{name}</bdi>
      </Link>
    </Fragment>
  ));
}

function InstanceSummary({ row: { instances } }: { readonly row: ServiceRow }) {
  if (instances.length === 0) return null;
  const bad = instances.filter((instance) => instance.health !== "healthy").length;
  return (
    <Chip tone={bad > 0 ? "warning" : "ok"} title="Registered instances that are healthy">
      <Icon name={bad > 0 ? "warning" : "check"} /> {instances.length - bad}/{instances.length}
      <span className="visually-hidden"> instances healthy</span>
    </Chip>
  );
}
