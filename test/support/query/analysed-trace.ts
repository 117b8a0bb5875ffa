import { SPAN_KIND, type SpanKind, STATUS_CODE } from "../../../src/model/span.ts";
import type { AnalysedTrace } from "../../../src/query/analysis/analysed-trace.ts";

/** A span for `analysedTrace`; times in ms. */
export interface PlainSpan {
  /** `service operation`. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly kind?: SpanKind;
  readonly failed?: boolean;
  readonly marks?: number;
  /** Names a parent that has not arrived. */
  readonly orphan?: boolean;
  readonly children?: readonly PlainSpan[];
}

/** Trees of spans as the analysis takes them; children by start. */
export function analysedTrace(...roots: readonly PlainSpan[]): AnalysedTrace {
  const rows: { readonly span: PlainSpan; readonly parent: number }[] = [];
  const walk = (spans: readonly PlainSpan[], parent: number): void => {
    for (const span of spans.toSorted((a, b) => a.start - b.start)) {
      rows.push({ span, parent });
      walk(span.children ?? [], rows.length - 1);
    }
  };
  walk(roots, -1);
  const services = [...new Set(rows.map(({ span }) => serviceOf(span)))];
  const names = [...new Set(rows.map(({ span }) => operationOf(span)))];
  const of = <Column>(make: (span: PlainSpan, parent: number) => Column) =>
    rows.map(({ span, parent }) => make(span, parent));
  return {
    count: rows.length,
    parent: Int32Array.from(of((span, parent) => (span.orphan === true ? -2 : parent))),
    missingRows: rows.flatMap(({ span }, row) => (span.orphan === true ? [row] : [])),
    start: Float64Array.from(of(({ start }) => start * 1e6)),
    duration: Float64Array.from(of(({ start, end }) => (end - start) * 1e6)),
    status: Uint8Array.from(of(({ failed }) => (failed === true ? STATUS_CODE.error : STATUS_CODE.unset))),
    kind: Uint8Array.from(of(({ kind }) => kind ?? SPAN_KIND.internal)),
    marks: Uint8Array.from(of(({ marks }) => marks ?? 0)),
    service: Uint32Array.from(of((span) => services.indexOf(serviceOf(span)))),
    name: Uint32Array.from(of((span) => names.indexOf(operationOf(span)))),
    services,
    names,
  };
}

function serviceOf({ name }: PlainSpan): string {
  return name.slice(0, name.indexOf(" "));
}

function operationOf({ name }: PlainSpan): string {
  return name.slice(name.indexOf(" ") + 1);
}
