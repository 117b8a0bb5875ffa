import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { UiTraceSummary } from "../../../../src/query/ui/api-types.ts";
import { isShortcut } from "../../shell/shortcuts.ts";
import { useNow } from "../../shell/use-now.ts";
import { CompareBar } from "./compare-bar.tsx";
import { ResultHeads } from "./result-heads.tsx";
import { ResultRow, type RowsShared, resultLink } from "./result-row.tsx";
import styles from "./result-rows.module.css";
import { usePicked } from "./use-picked.ts";

/** Shorter lists stay whole, so that the browser finds text in them. */
const WHOLE = 300;
const ROW_HEIGHT = 32;
const AGE_MS = 10_000;

/**
 * The traces of the results, in order; of a long list those on screen. j and k go through them, the space bar shows the
 * one with the focus at a glance, and c picks it to be compared with another one.
 */
export function ResultRows({
  traces,
  columns,
}: {
  readonly traces: readonly UiTraceSummary[];
  /** Fields that the columns of the traces are of. */
  readonly columns: readonly string[];
}) {
  const list = useRef<HTMLUListElement>(null);
  const [peeked, setPeeked] = useState<string>();
  useRowKeys(list, setPeeked);
  const { picked, pick, clear } = usePicked(list);
  const nowMs = useNow(AGE_MS);
  const longestNano = traces.reduce((most, trace) => Math.max(most, Number(trace.durationNano)), 1);
  const shared: RowsShared = { longestNano, nowMs, columns, peeked, picked, onPick: pick };
  return (
    <div className={styles.results}>
      <ResultHeads columns={columns} />
      {traces.length > WHOLE ? (
        <LongList list={list} traces={traces} {...shared} />
      ) : (
        <ul ref={list} id="results" tabIndex={-1} className={styles.list} aria-label="Traces">
          {traces.map((trace) => (
            <ResultRow key={trace.traceId} trace={trace} {...shared} />
          ))}
        </ul>
      )}
      <CompareBar traces={traces} picked={picked} onClear={clear} />
    </div>
  );
}

function LongList({
  list,
  traces,
  ...shared
}: RowsShared & {
  readonly list: React.RefObject<HTMLUListElement | null>;
  readonly traces: readonly UiTraceSummary[];
}) {
  const [top, setTop] = useState(0);
  useEffect(() => {
    const place = () => setTop((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    place();
    const observer = new ResizeObserver(place);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [list]);
  const rows = useWindowVirtualizer({
    count: traces.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 6,
    scrollMargin: top,
    getItemKey: (index) => traces[index]!.traceId,
  });
  return (
    <ul
      ref={list}
      id="results"
      tabIndex={-1}
      className={styles.list}
      aria-label="Traces"
      style={{ height: rows.getTotalSize() }}
    >
      {rows.getVirtualItems().map(({ index, key, start }) => (
        <ResultRow
          key={key}
          trace={traces[index]!}
          place={{ index, of: traces.length, offset: start - top, measure: rows.measureElement }}
          {...shared}
        />
      ))}
    </ul>
  );
}

/**
 * j and k move the focus to the next and the previous trace; Enter then follows the link, as links do. The space bar
 * opens the trace with the focus below its row, and closes it; what is open goes along with j and k.
 */
function useRowKeys(
  list: React.RefObject<HTMLUListElement | null>,
  setPeeked: (change: (peeked: string | undefined) => string | undefined) => void,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const row = document.activeElement?.closest<HTMLElement>("li[data-trace]");
      if (isShortcut(event, " ") && row !== null && list.current?.contains(row ?? null)) {
        event.preventDefault();
        const trace = row?.dataset.trace;
        setPeeked((peeked) => (peeked === trace ? undefined : trace));
        return;
      }
      const step = isShortcut(event, "j") ? 1 : isShortcut(event, "k") ? -1 : 0;
      if (step === 0) return;
      const links = [...(list.current?.querySelectorAll<HTMLElement>(`[${resultLink}]`) ?? [])];
      const at = links.findIndex((link) => row?.contains(link) === true);
      const next = links[at < 0 ? 0 : at + step];
      if (next === undefined) return;
      event.preventDefault();
      next.focus();
      const entered = next.closest<HTMLElement>("li[data-trace]");
      entered?.scrollIntoView({ block: "nearest" });
      setPeeked((peeked) => (peeked === undefined ? undefined : entered?.dataset.trace));
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [list, setPeeked]);
}
