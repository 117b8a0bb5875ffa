import { PermanentError } from "../../../component/errors.ts";
import type { TraceReader, ViewResult } from "../../../component/read.ts";
import { SPAN_KIND_NAMES, STATUS_CODE } from "../../../model/span.ts";
import { type ComparedRoot, compareTraces, type TraceComparison } from "../../analysis/compare-traces.ts";
import { comparisonSentences, differenceSentence } from "../../analysis/comparison-sentences.ts";
import type { ComparedPlace, PlaceFigures } from "../../analysis/merged-places.ts";
import { Gaps } from "../../gaps.ts";
import { JSON_TYPE } from "../../jaeger/envelope.ts";
import { jsonBytes } from "../../json-writer.ts";
import { columnIdHex, type TraceColumns, traceDuration } from "../columns-format.ts";
import { readColumns } from "./analysed.ts";
import type { UiComparedTrace, UiComparison, UiPlaceFigures, UiPlaceInBoth } from "./comparison-types.ts";

/** Ids of both traces, 32 lower-case hex digits. */
export interface CompareParams {
  readonly a: string;
  readonly b: string;
}

const MAX_DIFFERENCES = 200;
const MAX_PLACES = 2_000;

/** `UiComparison`. Throws PermanentError `bad_request` for one trace twice, `not_found` with which is not stored. */
export async function compareView(
  reader: TraceReader,
  { a: first, b: second }: CompareParams,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const a = await readColumns(reader, first, signal, gaps);
  const b = await readColumns(reader, second, signal, gaps);
  if (a.traceId === b.traceId) {
    throw new PermanentError("bad_request", `both are trace ${a.traceId}; expected two different ones`);
  }
  const body = jsonBytes(comparisonAnswer(a, b));
  return { status: 200, contentType: JSON_TYPE, body, ...gaps.mark };
}

function comparisonAnswer(a: TraceColumns, b: TraceColumns): UiComparison {
  const comparison = compareTraces(a, b);
  const { sameOperation, places, differences } = comparison;
  const shown = differences.slice(0, MAX_DIFFERENCES);
  const kept = keptPlaces(
    places,
    shown.map(({ place }) => place),
  );
  const positions = new Map(kept.map((at, position) => [at, position]));
  return {
    a: comparedTrace(a, comparison.a),
    b: comparedTrace(b, comparison.b),
    sameOperation,
    sentences: comparisonSentences(comparison),
    differences: shown.map((difference) => {
      const { perParent: _, ...rest } = difference;
      const place = positions.get(difference.place) as number;
      return { ...rest, place, text: differenceSentence(comparison, difference) };
    }),
    moreDifferences: differences.length - shown.length,
    places: kept.map((at) => placeInBoth(comparison, at, positions, a, b)),
    morePlaces: places.length - kept.length,
  };
}

/** All, or as many as are shown: those with differences, what is above them, and others from the top; ascending. */
function keptPlaces(places: readonly ComparedPlace[], different: readonly number[]): number[] {
  if (places.length <= MAX_PLACES) return places.map((_, at) => at);
  const kept = new Set(different);
  for (const place of different) {
    for (let at = (places[place] as ComparedPlace).parent; at >= 0 && kept.size < MAX_PLACES; ) {
      kept.add(at);
      at = (places[at] as ComparedPlace).parent;
    }
  }
  for (let at = 0; kept.size < MAX_PLACES; at++) kept.add(at);
  return [...kept].sort((one, other) => one - other);
}

function placeInBoth(
  { places }: TraceComparison,
  at: number,
  positions: ReadonlyMap<number, number>,
  ofA: TraceColumns,
  ofB: TraceColumns,
): UiPlaceInBoth {
  const { operation, parent, depth, a, b } = places[at] as ComparedPlace;
  let above = parent;
  while (above >= 0 && !positions.has(above)) above = (places[above] as ComparedPlace).parent;
  return {
    service: operation.service,
    name: operation.name,
    kind: SPAN_KIND_NAMES[operation.kind],
    parent: above < 0 ? -1 : (positions.get(above) as number),
    depth,
    ...(a !== undefined && { a: figures(ofA, a) }),
    ...(b !== undefined && { b: figures(ofB, b) }),
  };
}

function figures({ spanIds }: TraceColumns, { row, ...rest }: PlaceFigures): UiPlaceFigures {
  return { ...rest, spanId: columnIdHex(spanIds, row * 8, 8) };
}

function comparedTrace(trace: TraceColumns, { row, operation, nano, failed }: ComparedRoot): UiComparedTrace {
  const { traceId, count, status, missingRows, baseStartNano, spanIds } = trace;
  const traceDurationNano = traceDuration(trace);
  return {
    traceId,
    ...(traceDurationNano !== undefined && { traceDurationNano }),
    startTimeUnixNano: baseStartNano.toString(),
    spanCount: count,
    errorCount: status.reduce((sum, code) => sum + (code === STATUS_CODE.error ? 1 : 0), 0),
    orphanCount: missingRows.length,
    ...(row !== undefined &&
      operation !== undefined && {
        root: {
          service: operation.service,
          name: operation.name,
          spanId: columnIdHex(spanIds, row * 8, 8),
          durationNano: nano,
          failed,
        },
      }),
  };
}
