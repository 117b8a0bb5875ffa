import { lazy, Suspense } from "react";
import { Skeleton } from "../ui/skeleton.tsx";
import { rowOfSpan, spanKey, type TraceModel } from "./model/trace-model.ts";
import type { TraceParams } from "./trace-params.ts";
import styles from "./trace-view.module.css";

const FlameGraph = lazy(() => import("./whole/flame-graph.tsx").then((it) => ({ default: it.FlameGraph })));
const OperationsTable = lazy(() =>
  import("./whole/operations-table.tsx").then((it) => ({ default: it.OperationsTable })),
);
const RawTrace = lazy(() => import("./whole/raw-trace.tsx").then((it) => ({ default: it.RawTrace })));
const TraceMap = lazy(() => import("./whole/trace-map.tsx").then((it) => ({ default: it.TraceMap })));

/**
 * A trace as something else than its spans one by one: as a flame graph, a table of its operations, a map of its
 * services, or as it was sent. Loaded when it is first wanted.
 */
export function WholeTrace({
  model,
  params,
  go,
  onShow,
}: {
  readonly model: TraceModel;
  readonly params: TraceParams;
  readonly go: (params: TraceParams) => void;
  readonly onShow: (row: number) => void;
}) {
  return (
    <div className={styles.frame}>
      <Suspense fallback={<Skeleton />}>
        {params.view === "flame" ? (
          <FlameGraph
            model={model}
            focusRow={params.focus === undefined ? -1 : rowOfSpan(model.columns, params.focus)}
            onFocus={(row) => {
              const { focus: _focus, ...rest } = params;
              go(row < 0 ? rest : { ...rest, focus: spanKey(model.columns, row) });
            }}
            onShow={onShow}
          />
        ) : params.view === "raw" ? (
          <RawTrace model={model} />
        ) : params.view === "map" ? (
          <TraceMap model={model} onShow={onShow} />
        ) : (
          <OperationsTable
            model={model}
            order={params.order ?? "self"}
            onOrder={(order) => {
              const { order: _order, ...rest } = params;
              go(order === "self" ? rest : { ...rest, order });
            }}
            onShow={onShow}
          />
        )}
      </Suspense>
    </div>
  );
}
