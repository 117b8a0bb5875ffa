import { formatViewport, parseViewport } from "./graph/viewport.ts";

/** The address of the map. Jaeger UI's has none of these. */
export interface MapParams {
  readonly lookback?: string;
  readonly view?: "table";
  /** The open service, or the open call. */
  readonly service?: string;
  readonly from?: string;
  readonly to?: string;
  /** Text of the services that are looked for. */
  readonly find?: string;
  /** Only this service and its neighbours are shown. */
  readonly near?: string;
  /** The group of services that is drawn as its members. */
  readonly expand?: string;
  /** All services, however many. */
  readonly all?: "true";
  /** Only services, without databases, queues and others. */
  readonly external?: "hide";
  /** What of the picture is seen, see `parseViewport`; without it all. */
  readonly at?: string;
}

/** Typed state of an address; parts that do not parse fall away, and half a call is none. */
export function readMapParams(raw: Readonly<Record<string, unknown>>): MapParams {
  const text = (key: string) => (typeof raw[key] === "string" && raw[key] !== "" ? (raw[key] as string) : undefined);
  const [lookback, service, from, to] = ["lookback", "service", "from", "to"].map(text);
  const [find, near, expand] = ["find", "near", "expand"].map(text);
  const at = parseViewport(text("at"));
  const call = from !== undefined && to !== undefined;
  return {
    ...(lookback !== undefined && { lookback }),
    ...(raw.view === "table" && { view: "table" as const }),
    ...(service !== undefined && !call && { service }),
    ...(call && { from, to }),
    ...(find !== undefined && { find }),
    ...(near !== undefined && { near }),
    ...(expand !== undefined && { expand }),
    ...(raw.all === "true" && { all: "true" as const }),
    ...(raw.external === "hide" && { external: "hide" as const }),
    ...(at !== undefined && { at: formatViewport(at) }),
  };
}

/** The address with that open, and nothing else. */
export function withOpen(before: MapParams, open: Pick<MapParams, "service" | "from" | "to">): MapParams {
  const { service: _service, from: _from, to: _to, ...rest } = before;
  return { ...rest, ...open };
}

/** The address after what is shown has changed: seen as a whole again. */
export function withShown(
  before: MapParams,
  shown: Pick<MapParams, "lookback" | "near" | "all" | "expand">,
): MapParams {
  const { at: _at, near: _near, all: _all, expand: _expand, ...rest } = before;
  return { ...rest, ...shown };
}
