import { STATUS_CODE } from "../../../../src/model/span.ts";
import { parseRowLabel, type RowLabel } from "../../../../src/query/analysis/row-label.ts";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import { operationOf, shownService, type TraceModel } from "./trace-model.ts";

/** What a row says beside service and operation: only what those do not say already. */
interface RowText {
  /** `→ inventory /reservations`. */
  readonly did: string;
  /** `200`, `HTTP 503`, `gRPC 14`. */
  readonly outcome: string;
  readonly bad: boolean;
}

const NOTHING: RowLabel = { verb: "", target: "", outcome: "" };

/** What a span did, by its own attributes and, for a call, those of the span that served it. */
export function rowText({ columns, servers }: TraceModel, row: number): RowText {
  const own = labelOf(columns, row);
  const server = servers[row]!;
  const served = server < 0 ? NOTHING : labelOf(columns, server);
  const name = operationOf(columns, row);
  const peer = server < 0 || columns.service[server] === columns.service[row] ? "" : shownService(columns, server);
  const said = (text: string) => text === "" || name.toLowerCase().includes(text.toLowerCase());
  const verb = own.verb || served.verb;
  const target = served.target || own.target;
  const words = [said(verb) ? "" : verb, peer === "" ? "" : `→ ${peer}`, said(target) ? "" : target];
  const outcome = own.outcome || served.outcome;
  const status = /^[1-5]\d\d$/.test(outcome) ? Number(outcome) : undefined;
  const bad = columns.status[row] === STATUS_CODE.error || (status !== undefined && status >= 500);
  return {
    did: words.filter((word) => word !== "").join(" "),
    outcome: status !== undefined && status >= 400 ? `HTTP ${outcome}` : outcome,
    bad: bad && outcome !== "",
  };
}

function labelOf(columns: TraceColumns, row: number): RowLabel {
  const label = columns.label[row]!;
  return label === 0 ? NOTHING : parseRowLabel(columns.labels[label - 1]!);
}
