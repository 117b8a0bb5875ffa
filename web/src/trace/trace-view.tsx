import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { zoomAround } from "../format/time-scale.ts";
import { Segmented } from "../ui/segmented.tsx";
import { Splitter } from "../ui/split/splitter.tsx";
import { ErrorStrip } from "./error-strip.tsx";
import { FindBar } from "./find-bar.tsx";
import { FoldMenu } from "./fold-menu.tsx";
import { foldLevel } from "./model/folding.ts";
import { closedGroupAt } from "./model/group-folding.ts";
import { rootWindow } from "./model/root-span.ts";
import { rowOfSpan, spanKey, stepThrough, type TraceModel } from "./model/trace-model.ts";
import { SelfTimeHint } from "./self-time-hint.tsx";
import { ServiceLegend } from "./service-legend.tsx";
import { GroupPanel } from "./span/group-panel.tsx";
import { SpanPanel } from "./span/span-panel.tsx";
import { Minimap } from "./timeline/minimap.tsx";
import { Timeline, type TimelineHandle } from "./timeline/timeline.tsx";
import { LEAST_NAME_WIDTH, useNameWidth } from "./timeline/use-name-width.ts";
import { TraceHeader } from "./trace-header.tsx";
import type { TraceParams } from "./trace-params.ts";
import styles from "./trace-view.module.css";
import { useClocks } from "./use-clocks.ts";
import { useFind } from "./use-find.ts";
import { useFolding, useSelectedRow } from "./use-timeline-state.ts";
import { useTraceKeys } from "./use-trace-keys.ts";
import { useVerdict } from "./use-verdict.ts";
import { panned, useZoom } from "./use-zoom.ts";
import { VerdictLine } from "./verdict-line.tsx";
import { WholeTrace } from "./whole-trace.tsx";

const VIEWS = [
  { value: "timeline", title: "Timeline" },
  { value: "flame", title: "Flame" },
  { value: "table", title: "Table" },
  { value: "map", title: "Map" },
  { value: "raw", title: "Raw" },
] as const;

const route = getRouteApi("/trace/$traceId");

/** The trace page once the trace is here: header, find, minimap, timeline and the open span. */
export function TraceView({ model: sent }: { readonly model: TraceModel }) {
  const params = route.useSearch();
  const { model, skewNano } = useClocks(sent, params.clocks === "corrected");
  const navigate = route.useNavigate();
  const timeline = useRef<TimelineHandle>(null);
  const findField = useRef<HTMLInputElement>(null);
  const [nameWidth, setNameWidth] = useNameWidth();

  const go = useCallback((next: TraceParams, replace = true) => void navigate({ search: next, replace }), [navigate]);
  const folding = useFolding(model, params);
  const selected = useSelectedRow(model, params.span);
  // The head of a closed group stands for all of it.
  const group = closedGroupAt(model.groups, folding.closed, selected);
  const find = useFind(model, params, go);
  const { verdict, usual } = useVerdict(model);
  const [window, zoom] = useZoom(model, params, go);
  const rootSpan = useMemo(() => rootWindow(model.columns, model.layout, model.extent), [model]);

  const open = (row: number) => go({ ...params, span: spanKey(model.columns, row) }, params.span !== undefined);
  const close = () => {
    const { span: _span, ...rest } = params;
    go(rest);
    timeline.current?.focus();
  };
  /** Shows a row in the timeline, out of its folds and filters; `opened`: in the panel too. */
  const reveal = (row: number | undefined, opened = false) => {
    if (row === undefined || row < 0) return;
    const unfolded = folding.show(row);
    const { view, ...next } = unfolded ?? params;
    // In another view the open span is what says where the timeline begins.
    const opens = opened || params.span !== undefined || view !== undefined;
    const adds = opens && (view !== undefined || params.span === undefined);
    if (unfolded !== undefined || opens) go(opens ? { ...next, span: spanKey(model.columns, row) } : next, !adds);
    timeline.current?.reveal(row);
  };
  const step = (rows: Int32Array, direction: 1 | -1) =>
    reveal(stepThrough(rows, timeline.current?.activeRow() ?? -1, direction));

  // An opened link shows its span, however deep it is folded.
  const opened = useRef(false);
  useEffect(() => {
    if (params.view !== undefined) opened.current = false;
    if (opened.current || selected < 0 || params.view !== undefined) return;
    opened.current = true;
    const next = folding.show(selected);
    if (next !== undefined) go(next);
    timeline.current?.reveal(selected);
  });

  const keys: Readonly<Record<string, () => void>> = {
    "/": () => findField.current?.focus(),
    e: () => step(model.errorRows, 1),
    // biome-ignore lint/correctness/noComponentHookFactories: a key, not a component
    E: () => step(model.errorRows, -1),
    f: () => step(find.rows, 1),
    b: () => step(find.rows, -1),
    "[": () => go(folding.withBase({ kind: "none" })),
    "]": () => go(folding.withBase({ kind: "all" })),
    o: () => go(folding.withBase(foldLevel(folding.base, model.layout.maxDepth, 1))),
    p: () => go(folding.withBase(foldLevel(folding.base, model.layout.maxDepth, -1))),
    a: () => zoom(panned(window, -0.15, model.extent)),
    d: () => zoom(panned(window, 0.15, model.extent)),
    "+": () => zoom(zoomAround(window, (window.from + window.to) / 2, 0.6, model.extent)),
    "=": () => zoom(zoomAround(window, (window.from + window.to) / 2, 0.6, model.extent)),
    "-": () => zoom(zoomAround(window, (window.from + window.to) / 2, 1.6, model.extent)),
    "0": () => zoom({ from: 0, to: model.extent }),
    r: () => rootSpan !== undefined && zoom(rootSpan),
  };
  useTraceKeys(keys, findField);

  return (
    <div className={styles.page} data-page="window">
      <TraceHeader
        model={model}
        growing={verdict?.growing === true}
        spanMissing={params.span !== undefined && selected < 0}
        skewNano={skewNano}
        corrected={params.clocks === "corrected"}
        onCorrected={(corrected) => {
          // Times of a zoom are by the clocks that it was made with.
          const { clocks: _clocks, zoom: _zoom, ...rest } = params;
          go(corrected ? { ...rest, clocks: "corrected" } : rest);
        }}
      />
      <VerdictLine verdict={verdict} onShow={(spanId) => reveal(rowOfSpan(model.columns, spanId))} />
      <div className={styles.bar}>
        <Segmented
          label="View"
          options={VIEWS}
          chosen={params.view ?? "timeline"}
          onChoose={(view) => {
            const { view: _view, ...rest } = params;
            go(view === "timeline" ? rest : { ...rest, view }, false);
          }}
        />
        <FindBar
          ref={findField}
          text={find.text}
          rows={find.rows}
          searching={find.searching}
          activeRow={() => timeline.current?.activeRow() ?? -1}
          onText={find.setText}
          onStep={(direction) => step(find.rows, direction)}
          onLeave={() => timeline.current?.focus()}
        />
        {params.view === undefined && (
          <FoldMenu
            base={folding.base}
            maxDepth={model.layout.maxDepth}
            onBase={(base) => go(folding.withBase(base))}
            groups={model.groups.list.length === 0 ? undefined : folding.allGroupsOpen ? "open" : "closed"}
            onGroups={(open) => go(folding.withGroups(open))}
            merged={model.servers.some((row) => row >= 0) ? folding.merged !== undefined : undefined}
            onMerged={(merged) => {
              const { pairs: _pairs, ...rest } = params;
              go(merged ? { ...rest, pairs: "merged" } : rest);
            }}
          />
        )}
        <SelfTimeHint model={model} onShow={(row) => reveal(row, true)} />
        {model.errorRows.length > 0 && (
          <ErrorStrip model={model} onShow={reveal} onStep={(direction) => step(model.errorRows, direction)} />
        )}
      </div>
      <div className={styles.body}>
        <section
          className={styles.main}
          aria-label={VIEWS.find(({ value }) => value === (params.view ?? "timeline"))?.title}
        >
          {params.view === undefined ? (
            <>
              <ServiceLegend
                model={model}
                usualKnown={usual !== undefined}
                filter={{ only: params.only, hidden: params.hide ?? [] }}
                onFilter={({ only, hidden }) => {
                  const { only: _only, hide: _hide, ...rest } = params;
                  go({ ...rest, ...(only !== undefined && { only }), ...(hidden.length > 0 && { hide: hidden }) });
                }}
              />
              <Minimap model={model} window={window} rootWindow={rootSpan} onWindow={zoom} />
              <div className={styles.frame}>
                <Timeline
                  ref={timeline}
                  state={{
                    model,
                    visible: folding.visible,
                    folded: folding.folded,
                    closed: folding.closed,
                    merged: folding.merged,
                    window,
                    selected,
                    matches: find.rows,
                    usual,
                    nameWidth,
                  }}
                  events={{
                    open,
                    close,
                    zoom,
                    toggle: (row) => go(folding.flip(row)),
                    toggleGroup: (head) => go(folding.flipGroup(head)),
                  }}
                />
                <Splitter
                  label="Width of the names"
                  size={nameWidth}
                  least={LEAST_NAME_WIDTH}
                  most={1200}
                  grows="right"
                  style={{ left: nameWidth - 4 }}
                  onSize={setNameWidth}
                />
              </div>
            </>
          ) : (
            <WholeTrace model={model} params={params} go={go} onShow={reveal} />
          )}
        </section>
        {group !== undefined ? (
          <GroupPanel
            key={group.head}
            model={model}
            group={group}
            onClose={close}
            onShow={(row) => {
              const { view: _view, ...open } = folding.flipGroup(group.head);
              go({ ...open, span: spanKey(model.columns, row) });
              timeline.current?.reveal(row);
            }}
          />
        ) : (
          selected >= 0 && <SpanPanel model={model} row={selected} usual={usual} onClose={close} onShow={reveal} />
        )}
      </div>
    </div>
  );
}
