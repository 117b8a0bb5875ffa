import { type KeyboardEvent, type MouseEvent, type PointerEvent, type RefObject, useEffect, useRef } from "react";

interface Moves {
  pan(dx: number, dy: number): void;
  zoom(factor: number, x?: number, y?: number): void;
  fit(): void;
}

/** A press that moves less than this is a click, px. */
const STILL = 4;
const KEY_PAN = 80;
export const ZOOM_STEP = 1.3;
/** Pixels of a line and a page, for wheels that count in these. */
const WHEEL_UNITS = [1, 16, 400];

/** Drag pans, wheel and pinch zoom, arrows pan, + − 0 zoom and fit: handlers for the element that is the screen. */
export function useGestures(screen: RefObject<HTMLElement | null>, moves: Moves) {
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const dragged = useRef(false);
  const zoom = moves.zoom;
  useEffect(() => {
    const node = screen.current!;
    // By hand, as React listens passively and the page must not scroll.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = node.getBoundingClientRect();
      const pixels = event.deltaY * (WHEEL_UNITS[event.deltaMode] ?? 1);
      const speed = event.ctrlKey ? 0.01 : 0.0018;
      zoom(Math.exp(-Math.max(-300, Math.min(300, pixels)) * speed), event.clientX - box.left, event.clientY - box.top);
    };
    node.addEventListener("wheel", onWheel, { passive: false });
    return () => node.removeEventListener("wheel", onWheel);
  }, [screen, zoom]);

  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0 || (event.target as Element).closest("button") !== null) return;
      if (pointers.current.size === 0) dragged.current = false;
      pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const before = pointers.current.get(event.pointerId);
      if (before === undefined) return;
      const now = { x: event.clientX, y: event.clientY };
      const [dx, dy] = [now.x - before.x, now.y - before.y];
      if (!dragged.current && Math.hypot(dx, dy) < STILL) return;
      // Not earlier: a captured press would not be a click of what it began on.
      if (!dragged.current) event.currentTarget.setPointerCapture(event.pointerId);
      dragged.current = true;
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
      pointers.current.set(event.pointerId, now);
      if (other === undefined) return moves.pan(dx, dy);
      const box = event.currentTarget.getBoundingClientRect();
      const apart = (one: { x: number; y: number }) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
      moves.zoom(apart(now) / apart(before), (now.x + other.x) / 2 - box.left, (now.y + other.y) / 2 - box.top);
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => void pointers.current.delete(event.pointerId),
    onPointerCancel: (event: PointerEvent<HTMLElement>) => void pointers.current.delete(event.pointerId),
    onClickCapture: (event: MouseEvent<HTMLElement>) => {
      if (!dragged.current || event.detail === 0) return;
      dragged.current = false;
      event.preventDefault();
      event.stopPropagation();
    },
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "ArrowLeft") moves.pan(KEY_PAN, 0);
      else if (event.key === "ArrowRight") moves.pan(-KEY_PAN, 0);
      else if (event.key === "ArrowUp") moves.pan(0, KEY_PAN);
      else if (event.key === "ArrowDown") moves.pan(0, -KEY_PAN);
      else if (event.key === "+" || event.key === "=") moves.zoom(ZOOM_STEP);
      else if (event.key === "-" || event.key === "−") moves.zoom(1 / ZOOM_STEP);
      else if (event.key === "0") moves.fit();
      else return;
      event.preventDefault();
    },
  };
}
