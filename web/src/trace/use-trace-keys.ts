import { type RefObject, useEffect, useRef } from "react";
import { isShortcut } from "../shell/shortcuts.ts";

/** Single keys do what `keys` says, the latest of it; Ctrl+F goes to the find field. */
export function useTraceKeys(
  keys: Readonly<Record<string, () => void>>,
  findField: RefObject<HTMLInputElement | null>,
): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === "f") {
        // The browser's own find sees only the rows on screen; pressed again in the field, it is the browser's.
        if (document.activeElement === findField.current) return;
        findField.current?.focus();
        findField.current?.select();
        event.preventDefault();
        return;
      }
      const action = latest.current[event.key];
      if (action === undefined || !isShortcut(event, event.key)) return;
      event.preventDefault();
      action();
    };
    globalThis.addEventListener("keydown", onKey);
    return () => globalThis.removeEventListener("keydown", onKey);
  }, [findField]);
}
