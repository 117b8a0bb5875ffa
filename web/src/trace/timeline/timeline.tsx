import { type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef } from "react";
import { onThemeChange } from "../../shell/theme.ts";
import styles from "./timeline.module.css";
import type { TimelineEvents, TimelineState } from "./timeline-state.ts";
import { TimelineView } from "./timeline-view.ts";

export interface TimelineHandle {
  reveal(row: number): void;
  focus(): void;
  activeRow(): number;
}

/** React's hold on the framework-free timeline: creates it, hands it each new state, takes it down. */
export function Timeline({
  ref,
  state,
  events,
}: {
  readonly ref: Ref<TimelineHandle>;
  readonly state: TimelineState;
  readonly events: TimelineEvents;
}) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<TimelineView>(null);
  const latest = useRef(events);
  useLayoutEffect(() => {
    latest.current = events;
  });
  useLayoutEffect(() => {
    const created = new TimelineView(host.current!, {
      open: (row) => latest.current.open(row),
      close: () => latest.current.close(),
      toggle: (row) => latest.current.toggle(row),
      toggleGroup: (head) => latest.current.toggleGroup(head),
      zoom: (window) => latest.current.zoom(window),
    });
    view.current = created;
    return () => {
      created.destroy();
      view.current = null;
    };
  }, []);
  useLayoutEffect(() => {
    view.current?.update(state);
  });
  useEffect(() => onThemeChange(() => view.current?.repaint()), []);
  useImperativeHandle(ref, () => ({
    // After the state that unfolds the row has been handed over.
    reveal: (row) => requestAnimationFrame(() => view.current?.reveal(row)),
    focus: () => view.current?.focus(),
    activeRow: () => view.current?.activeRow ?? -1,
  }));
  return <div ref={host} className={styles.timeline} />;
}
