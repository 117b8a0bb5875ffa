import { useCallback, useEffect, useRef, useState } from "react";
import {
  fitted,
  formatViewport,
  parseViewport,
  type Rect,
  revealed,
  type Size,
  shifted,
  type Viewport,
  zoomed,
} from "./graph/viewport.ts";

/** The address follows this long after the last move, so that a drag is no flood of entries. */
const SETTLED_MS = 250;

/**
 * What of the picture is seen: all of it until it is moved. `at` is the address's; `onAt` is told of moves. `covered`:
 * so many pixels at the right of the screen are hidden.
 */
export function useViewport(
  size: Size,
  picture: Size,
  covered: number,
  at: string | undefined,
  onAt: (at: string | undefined) => void,
) {
  const [moved, setMoved] = useState(() => parseViewport(at));
  const [fitCovered, setFitCovered] = useState(covered);
  const known = useRef(at);
  if (known.current !== at) {
    // Another page of the history, or another picture.
    known.current = at;
    setMoved(parseViewport(at));
  }
  useEffect(() => {
    const text = moved === undefined ? undefined : formatViewport(moved);
    if (text === known.current) return;
    const timer = setTimeout(() => {
      known.current = text;
      onAt(text);
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [moved, onAt]);

  const view = moved ?? fittedBeside(picture, size, fitCovered);
  const current = useRef({ view, picture, size });
  current.current = { view, picture, size };
  const change = useCallback((next: (now: { view: Viewport; picture: Size; size: Size }) => Viewport) => {
    const now = current.current;
    const changed = next(now);
    if (changed === now.view) return;
    current.current = { ...now, view: changed };
    setMoved(changed);
  }, []);
  return {
    view,
    pan: useCallback((dx: number, dy: number) => change((now) => shifted(now.view, dx, dy, now.picture)), [change]),
    /** Around a point of the screen, from its upper left corner; without one around its middle. */
    zoom: useCallback(
      (factor: number, x?: number, y?: number) =>
        change(({ view: before, size: { width, height } }) =>
          zoomed(before, factor, x === undefined ? 0 : x - width / 2, y === undefined ? 0 : y - height / 2),
        ),
      [change],
    ),
    /** All of the picture again. */
    fit: () => {
      setFitCovered(covered);
      setMoved(undefined);
    },
    reveal: useCallback(
      (rects: readonly (Rect | undefined)[], hidden: number) =>
        change((now) => revealed(now.view, rects, now.size, hidden)),
      [change],
    ),
  };
}

function fittedBeside(picture: Size, size: Size, covered: number): Viewport {
  const view = fitted(picture, { width: size.width - covered, height: size.height });
  return { ...view, x: view.x + covered / 2 / view.scale };
}
