import { type PointerEvent, type RefObject, useState } from "react";
import type { Box } from "./heat-selection.ts";

/** A box that a pointer draws, relative to a place in the frame, and where the pointer is. A click is an empty box. */
export function useBox(
  frame: RefObject<HTMLElement | null>,
  origin: { readonly x: number; readonly y: number },
  onBox: (box: Box) => void,
) {
  const [box, setBox] = useState<Box>();
  const [over, setOver] = useState<{ readonly x: number; readonly y: number }>();
  const at = (event: PointerEvent) => {
    const bounds = frame.current!.getBoundingClientRect();
    return { x: event.clientX - bounds.left - origin.x, y: event.clientY - bounds.top - origin.y };
  };
  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const { x, y } = at(event);
      setBox({ x0: x, y0: y, x1: x, y1: y });
    },
    onPointerMove: (event: PointerEvent) => {
      const { x, y } = at(event);
      if (box !== undefined) setBox({ ...box, x1: x, y1: y });
      setOver({ x, y });
    },
    onPointerUp: () => {
      setBox(undefined);
      if (box !== undefined) onBox(box);
    },
    onPointerCancel: () => setBox(undefined),
    onPointerLeave: () => setOver(undefined),
  };
  return { box, over, handlers };
}
