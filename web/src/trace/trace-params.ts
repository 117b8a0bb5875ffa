import type { TimeWindow } from "../format/time-scale.ts";
import { foldBaseText, parseFoldBase } from "./model/folding.ts";
import { openGroupsText, parseOpenGroups } from "./model/group-folding.ts";
import { OPERATION_ORDERS, type OperationOrder } from "./model/operations.ts";

const OTHER_VIEWS = ["flame", "table", "map", "raw"] as const;
type TraceView = (typeof OTHER_VIEWS)[number];

/** The address of the trace page. `uiFind` is Jaeger UI's; the rest restores what is open, zoomed and folded. */
export interface TraceParams {
  readonly uiFind?: string;
  /** The open span: 16 hex digits, `.` and the digit of its kind where the id alone would not tell. */
  readonly span?: string;
  /** Zoom, `from-to` in ns after the start of the trace. */
  readonly zoom?: string;
  /** What is folded before single spans are flipped: `all`, `service`, `d3`. */
  readonly fold?: string;
  /** Span ids, parted by dots, whose fold differs from `fold`. */
  readonly flip?: string;
  /** Groups of equal siblings that are open: span ids of their first, or `all` and those that are not. */
  readonly groups?: string;
  /** `merged`: a server's span stands in the row of its client. */
  readonly pairs?: "merged";
  /** `corrected`: times are shown without what the clocks of services differ by. */
  readonly clocks?: "corrected";
  /** The service whose rows alone are shown. */
  readonly only?: string;
  /** Services whose rows are not. */
  readonly hide?: readonly string[];
  /** How the trace is looked at; absent for the timeline. */
  readonly view?: TraceView;
  /** What the table is sorted by; absent for self time. */
  readonly order?: OperationOrder;
  /** The span, as in `span`, whose box has the whole width of the flame graph. */
  readonly focus?: string;
}

const SPAN_ID = /^[0-9a-f]{16}$/;
const SPAN_KEY = /^[0-9a-f]{16}(?:\.[0-5])?$/;

/** Typed state of an address; parts that do not parse fall away. */
export function readTraceParams(raw: Readonly<Record<string, unknown>>): TraceParams {
  const text = (key: string): string | undefined => {
    const value = raw[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const span = text("span")?.toLowerCase();
  const fold = foldBaseText(parseFoldBase(text("fold")));
  const flip = text("flip")
    ?.split(".")
    .filter((id) => SPAN_ID.test(id))
    .join(".");
  const zoom = parseZoom(text("zoom"));
  const view = OTHER_VIEWS.find((one) => one === raw.view);
  const order = OPERATION_ORDERS.find((one) => one === raw.order);
  const focus = text("focus")?.toLowerCase();
  const hide = [raw.hide].flat().filter((name) => typeof name === "string" && name !== "") as string[];
  const groups = openGroupsText(parseOpenGroups(text("groups")));
  return {
    ...(text("uiFind") !== undefined && { uiFind: text("uiFind")! }),
    ...(span !== undefined && SPAN_KEY.test(span) && { span }),
    ...(zoom !== undefined && { zoom: formatZoom(zoom) }),
    ...(fold !== undefined && { fold }),
    ...(flip !== undefined && flip !== "" && { flip }),
    ...(groups !== undefined && { groups }),
    ...(raw.pairs === "merged" && { pairs: "merged" }),
    ...(raw.clocks === "corrected" && { clocks: "corrected" }),
    ...(text("only") !== undefined && { only: text("only")! }),
    ...(hide.length > 0 && { hide }),
    ...(view !== undefined && { view }),
    ...(order !== undefined && order !== "self" && { order }),
    ...(focus !== undefined && SPAN_KEY.test(focus) && { focus }),
  };
}

export function parseZoom(text: string | undefined): TimeWindow | undefined {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "");
  if (match === null) return undefined;
  const window = { from: Number(match[1]), to: Number(match[2]) };
  return window.from < window.to ? window : undefined;
}

/** Whole ns, or to the thousandth where the window is narrower than a few ns. */
export function formatZoom(window: TimeWindow): string {
  const digits = window.to - window.from < 10 ? 3 : 0;
  return `${Number(window.from.toFixed(digits))}-${Number(window.to.toFixed(digits))}`;
}
