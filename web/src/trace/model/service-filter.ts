import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";

/** Which services' rows are shown: one alone, or all but some. */
export interface ServiceFilter {
  readonly only: string | undefined;
  readonly hidden: readonly string[];
}

/** The rows of services that are shown; the same list where all are. */
export function rowsOfServices(
  { services, service }: Pick<TraceColumns, "services" | "service">,
  visible: Int32Array,
  { only, hidden }: ServiceFilter,
): Int32Array {
  // A name that is not in the trace, as an old address may have, hides nothing.
  const alone = only !== undefined && services.includes(only) ? only : undefined;
  if (alone === undefined && !services.some((name) => hidden.includes(name))) return visible;
  const shown = services.map((name) => (alone === undefined ? !hidden.includes(name) : name === alone));
  const rows = visible.filter((row) => shown[service[row]!] === true);
  return rows.length === 0 ? visible : rows;
}
