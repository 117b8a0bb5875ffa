import { SORT_KEYS } from "../services/service-rows.ts";

/** The address of a service's page. */
export interface ServiceParams {
  readonly lookback?: string;
  /** The operation whose figures are drawn, and its kind. */
  readonly operation?: string;
  readonly kind?: string;
  readonly view?: "table";
  /** A column of the operations; with `-` before it the greatest, or last, comes first. */
  readonly sort?: string;
}

export function readServiceParams(raw: Readonly<Record<string, unknown>>): ServiceParams {
  const text = (key: string) => (typeof raw[key] === "string" && raw[key] !== "" ? raw[key] : undefined);
  const [lookback, operation, kind, sort] = ["lookback", "operation", "kind", "sort"].map(text);
  const sorted = SORT_KEYS.some((key) => sort === key || sort === `-${key}`);
  return {
    ...(lookback !== undefined && { lookback }),
    ...(operation !== undefined && { operation }),
    ...(operation !== undefined && kind !== undefined && { kind }),
    ...(raw.view === "table" && { view: "table" as const }),
    ...(sort !== undefined && sorted && { sort }),
  };
}
