import { type KeyboardEvent, type MouseEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import { counted } from "../../format/count.ts";
import { formatShare } from "../../format/share.ts";
import { onThemeChange } from "../../shell/theme.ts";
import { Button } from "../../ui/button.tsx";
import { useWidth } from "../../ui/use-width.ts";
import { type FlameBox, type FlameTree, flameBoxes, flameTree } from "../model/flame-tree.ts";
import { shownOperation, shownService, type TraceModel } from "../model/trace-model.ts";
import { readPalette } from "../timeline/palette.ts";
import styles from "./flame-graph.module.css";
import { type FlameScene, LEVEL_HEIGHT, paintFlame } from "./flame-painter.ts";

/**
 * The trace as a flame graph: calls of one operation below the same ones are one box, as wide as the time that they and
 * all below them took by themselves. A press, or Enter, makes a box the whole width.
 */
export function FlameGraph({
  model,
  focusRow,
  onFocus,
  onShow,
}: {
  readonly model: TraceModel;
  /** A row of the box that has the whole width, −1 for the trace. */
  readonly focusRow: number;
  readonly onFocus: (row: number) => void;
  readonly onShow: (row: number) => void;
}) {
  const tree = useMemo(() => flameTree(model.columns, model.times.self), [model]);
  const focus = focusRow < 0 ? 0 : tree.nodeOfRow[focusRow]!;
  const scroll = useRef<HTMLDivElement>(null);
  const width = useWidth(scroll);
  const [chosen, setChosen] = useState<number>();
  const [pointed, setPointed] = useState<number>();
  const active = chosen ?? focus;
  const boxes = useFlameCanvas(scroll, { model, tree, focus, active, width });

  const choose = (node: number) => {
    setChosen(node);
    reveal(scroll.current!, tree.depth[node]!);
  };
  const zoom = (node: number) => {
    setChosen(undefined);
    onFocus(node <= 0 ? -1 : tree.row[node]!);
  };
  const at = (event: PointerEvent | MouseEvent) => nodeAt(boxes.current, scroll.current!, event);
  const onKey = (event: KeyboardEvent) => {
    const next = nodeForKey(event.key, tree, active);
    if (next !== undefined) choose(next);
    else if (event.key === "Enter") zoom(active);
    else if (event.key === "Escape") zoom(0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section className={styles.flame} aria-label="Flame graph">
      <Bar
        model={model}
        tree={tree}
        told={pointed ?? active}
        onShow={active > 0 ? () => onShow(tree.row[active]!) : undefined}
        onWhole={focus > 0 ? () => zoom(0) : undefined}
      />
      {/* biome-ignore lint/a11y/useSemanticElements: a widget that arrows move in; the line above says where */}
      <div
        ref={scroll}
        className={styles.scroll}
        role="group"
        aria-label="Boxes of the flame graph: arrows move, Enter zooms, Escape shows the whole trace"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes keys
        tabIndex={0}
        onKeyDown={onKey}
        onPointerMove={(event) => setPointed(at(event))}
        onPointerLeave={() => setPointed(undefined)}
        onClick={(event) => {
          const node = at(event);
          if (node !== undefined) zoom(node);
        }}
      >
        <canvas className={styles.canvas} />
        <div style={{ height: (tree.maxDepth + 1) * LEVEL_HEIGHT }} />
      </div>
    </section>
  );
}

/** What the box under the pointer, or the one that the keys are at, stands for. */
function Bar({
  model,
  tree,
  told,
  onShow,
  onWhole,
}: {
  readonly model: TraceModel;
  readonly tree: FlameTree;
  readonly told: number;
  readonly onShow: (() => void) | undefined;
  readonly onWhole: (() => void) | undefined;
}) {
  return (
    <div className={styles.told}>
      <p role="status">
        <Told model={model} tree={tree} node={told} />
      </p>
      {onShow !== undefined && <Button onClick={onShow}>Show in the timeline</Button>}
      {onWhole !== undefined && <Button onClick={onWhole}>Whole trace</Button>}
    </div>
  );
}

function nodeAt(
  boxes: readonly FlameBox[],
  host: HTMLElement,
  { clientX, clientY }: { readonly clientX: number; readonly clientY: number },
): number | undefined {
  const frame = host.getBoundingClientRect();
  const level = Math.floor((clientY - frame.top + host.scrollTop) / LEVEL_HEIGHT);
  const x = clientX - frame.left;
  const found = boxes.find((box) => box.level === level && x >= box.x && x < box.x + box.width);
  return found === undefined || found.node < 0 ? undefined : found.node;
}

/** Draws on the canvas in the scrolling element, at each scroll too; gives the boxes that are on screen. */
function useFlameCanvas(
  scroll: React.RefObject<HTMLDivElement | null>,
  { model, tree, focus, active, width }: Omit<FlameScene, "boxes" | "scrollTop" | "height">,
) {
  const boxes = useRef<readonly FlameBox[]>([]);
  useEffect(() => {
    const host = scroll.current!;
    const canvas = host.querySelector("canvas")!;
    let palette = readPalette(host);
    let frame = 0;
    const paint = () => {
      frame = 0;
      const { scrollTop, clientHeight: height } = host;
      const from = Math.floor(scrollTop / LEVEL_HEIGHT);
      const levels = { from, to: from + Math.ceil(height / LEVEL_HEIGHT) + 1 };
      boxes.current = flameBoxes(tree, focus, width, levels);
      paintFlame(canvas, palette, { model, tree, focus, active, width, boxes: boxes.current, scrollTop, height });
      canvas.style.height = `${height}px`;
    };
    const schedule = () => {
      frame ||= requestAnimationFrame(paint);
    };
    schedule();
    host.addEventListener("scroll", schedule, { passive: true });
    const observer = new ResizeObserver(schedule);
    observer.observe(host);
    const unwatch = onThemeChange(() => {
      palette = readPalette(host);
      schedule();
    });
    return () => {
      cancelAnimationFrame(frame);
      host.removeEventListener("scroll", schedule);
      observer.disconnect();
      unwatch();
    };
  }, [scroll, model, tree, focus, active, width]);
  return boxes;
}

function Told({ model, tree, node }: { readonly model: TraceModel; readonly tree: FlameTree; readonly node: number }) {
  const whole = tree.whole[node]!;
  const times = `${formatDuration(whole)}, ${formatShare(tree.whole[0]! > 0 ? whole / tree.whole[0]! : 0)}`;
  if (node === 0) return <>The whole trace: {times}</>;
  const row = tree.row[node]!;
  const errors = tree.errors[node]!;
  return (
    <>
      <b>{shownService(model.columns, row)}</b> <bdi>{shownOperation(model.columns, row)}</bdi> ·{" "}
      {counted(tree.spans[node]!, "span")} · {times} · {formatDuration(tree.self[node]!)} by itself
      {errors > 0 && ` · ${counted(errors, "error")}`}
    </>
  );
}

/** Where an arrow leads: to the box above, to the widest below, to the one beside. */
function nodeForKey(key: string, tree: FlameTree, node: number): number | undefined {
  const above = tree.parent[node]!;
  switch (key) {
    case "ArrowUp":
      return Math.max(0, above);
    case "ArrowDown":
      return tree.children(node)[0] ?? node;
    case "ArrowLeft":
    case "ArrowRight": {
      if (above < 0) return node;
      const beside = tree.children(above);
      return beside[beside.indexOf(node) + (key === "ArrowLeft" ? -1 : 1)] ?? node;
    }
    default:
      return undefined;
  }
}

function reveal(host: HTMLElement, level: number): void {
  const top = level * LEVEL_HEIGHT;
  if (top < host.scrollTop) host.scrollTop = top;
  else if (top + LEVEL_HEIGHT > host.scrollTop + host.clientHeight)
    host.scrollTop = top + LEVEL_HEIGHT - host.clientHeight;
}
