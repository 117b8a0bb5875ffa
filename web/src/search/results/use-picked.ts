import { type RefObject, useCallback, useEffect, useState } from "react";
import { isShortcut } from "../../shell/shortcuts.ts";

/**
 * The traces of a list that are picked to be compared, the first one first: two at most, a third takes the place of the
 * second. c picks the one with the focus, and lets go of it.
 */
export function usePicked(list: RefObject<HTMLElement | null>) {
  const [picked, setPicked] = useState<readonly string[]>([]);
  const pick = useCallback((traceId: string) => setPicked((before) => withPicked(before, traceId)), []);
  const clear = useCallback(() => setPicked([]), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const row = document.activeElement?.closest<HTMLElement>("li[data-trace]");
      if (!isShortcut(event, "c") || row == null || list.current?.contains(row) !== true) return;
      event.preventDefault();
      pick(row.dataset.trace!);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [list, pick]);
  return { picked, pick, clear };
}

/** With one more picked, or without it where it was. */
export function withPicked(picked: readonly string[], traceId: string): readonly string[] {
  return picked.includes(traceId) ? picked.filter((one) => one !== traceId) : [...picked.slice(0, 1), traceId];
}
