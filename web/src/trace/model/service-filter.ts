import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";

/** Which services' rows are shown: one alone, or all but some. */
export interface ServiceFilter {
  readonly only: string | undefined;
  readonly hidden: readonly string[];
}

/** What of a filter means services of a trace: names that are not in it, as an old address may have, hide nothing. */
export function filterWithin(services: readonly string[], { only, hidden }: ServiceFilter): ServiceFilter {
  const known = hidden.filter((name) => services.includes(name));
  return {
    only: only !== undefined && services.includes(only) ? only : undefined,
    hidden: known.length < services.length ? known : [],
  };
}

/** The rows of services that are shown; the same list where all are. */
export function rowsOfServices(
  { services, service }: Pick<TraceColumns, "services" | "service">,
  visible: Int32Array,
  filter: ServiceFilter,
): Int32Array {
  const { only, hidden } = filterWithin(services, filter);
  if (only === undefined && hidden.length === 0) return visible;
  const shown = services.map((name) => (only === undefined ? !hidden.includes(name) : name === only));
  const rows = visible.filter((row) => shown[service[row]!] === true);
  return rows.length === 0 ? visible : rows;
}
