import { SORT_KEYS, type Sort, type SortKey } from "./service-rows.ts";

/** The address of the services' page. */
export interface ServicesParams {
  readonly lookback?: string;
  /** Jaeger UI's name of a service: its page is shown instead. */
  readonly service?: string;
  readonly filter?: string;
  /** A column; with `-` before it the greatest, or last, comes first. */
  readonly sort?: string;
  /** Services that are opened or closed by hand. */
  readonly toggled?: readonly string[];
}

const DEFAULT_SORT = "-rate";

export function readServicesParams(raw: Readonly<Record<string, unknown>>): ServicesParams {
  const text = (key: string) => (typeof raw[key] === "string" && raw[key] !== "" ? raw[key] : undefined);
  const [lookback, service, filter, sort] = ["lookback", "service", "filter", "sort"].map(text);
  const toggled = (Array.isArray(raw.toggled) ? raw.toggled : [raw.toggled]).filter((name) => typeof name === "string");
  return {
    ...(lookback !== undefined && { lookback }),
    ...(service !== undefined && { service }),
    ...(filter !== undefined && { filter }),
    ...(sort !== undefined && sort !== DEFAULT_SORT && isSort(sort) && { sort }),
    ...(toggled.length > 0 && { toggled }),
  };
}

export function sortOf({ sort = DEFAULT_SORT }: ServicesParams): Sort {
  return { key: sort.replace("-", "") as SortKey, descending: sort.startsWith("-") };
}

export function withSort(params: ServicesParams, { key, descending }: Sort): ServicesParams {
  return readServicesParams({ ...params, sort: `${descending ? "-" : ""}${key}` });
}

export function withFilter(params: ServicesParams, filter: string): ServicesParams {
  return readServicesParams({ ...params, filter });
}

export function withFlipped(params: ServicesParams, name: string): ServicesParams {
  const { toggled = [], ...rest } = params;
  const others = toggled.filter((other) => other !== name);
  return readServicesParams({ ...rest, toggled: others.length < toggled.length ? others : [...toggled, name] });
}

function isSort(text: string): boolean {
  return SORT_KEYS.some((key) => text === key || text === `-${key}`);
}
