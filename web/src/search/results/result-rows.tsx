import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { UiTraceSummary } from "../../../../src/query/ui/api-types.ts";
import { isShortcut } from "../../shell/shortcuts.ts";
import { useNow } from "../../shell/use-now.ts";
import { ResultRow, resultLink } from "./result-row.tsx";
import styles from "./result-rows.module.css";

/** Shorter lists stay whole, so that the browser finds text in them. */
const WHOLE = 300;
const ROW_HEIGHT = 82;
const AGE_MS = 10_000;

/** The traces of the results, in order; of a long list those on screen. j and k go through them. */
export function ResultRows({ traces }: { readonly traces: readonly UiTraceSummary[] }) {
  const list = useRef<HTMLUListElement>(null);
  useRowKeys(list);
  const nowMs = useNow(AGE_MS);
  const longestNano = traces.reduce((most, trace) => Math.max(most, Number(trace.durationNano)), 1);
  const shared = { longestNano, nowMs };
  if (traces.length > WHOLE) return <LongList list={list} traces={traces} {...shared} />;
  return (
    <ul ref={list} className={styles.list} aria-label="Traces">
      {traces.map((trace) => (
        <ResultRow key={trace.traceId} trace={trace} {...shared} />
      ))}
    </ul>
  );
}

function LongList({
  list,
  traces,
  ...shared
}: {
  readonly list: React.RefObject<HTMLUListElement | null>;
  readonly traces: readonly UiTraceSummary[];
  readonly longestNano: number;
  readonly nowMs: number;
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
    <ul ref={list} className={styles.list} aria-label="Traces" style={{ height: rows.getTotalSize() }}>
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

/** j and k move the focus to the next and the previous trace; Enter then follows the link, as links do. */
function useRowKeys(list: React.RefObject<HTMLUListElement | null>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const step = isShortcut(event, "j") ? 1 : isShortcut(event, "k") ? -1 : 0;
      if (step === 0) return;
      const links = [...(list.current?.querySelectorAll<HTMLElement>(`[${resultLink}]`) ?? [])];
      const row = document.activeElement?.closest("li[data-error]");
      const at = links.findIndex((link) => row?.contains(link) === true);
      const next = links[at < 0 ? 0 : at + step];
      if (next === undefined) return;
      event.preventDefault();
      next.focus();
      next.closest("li")?.scrollIntoView({ block: "nearest" });
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [list]);
}
