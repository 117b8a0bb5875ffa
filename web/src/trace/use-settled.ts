import { useEffect, useRef } from "react";

/**
 * Calls `settle` with a draft once that has stood still for `restMs`; undefined is no draft. It is always the latest
 * `settle` that is called, so that it may use what was rendered last.
 */
export function useSettled<T>(draft: T | undefined, restMs: number, settle: (draft: T) => void): void {
  const latest = useRef(settle);
  useEffect(() => {
    latest.current = settle;
  });
  useEffect(() => {
    if (draft === undefined) return;
    const timer = setTimeout(() => latest.current(draft), restMs);
    return () => clearTimeout(timer);
  }, [draft, restMs]);
}
