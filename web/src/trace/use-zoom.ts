import { useState } from "react";
import { clampWindow, type TimeWindow } from "../format/time-scale.ts";
import type { TraceModel } from "./model/trace-model.ts";
import { formatZoom, parseZoom, type TraceParams } from "./trace-params.ts";
import { useSettled } from "./use-settled.ts";

const ZOOM_SETTLES_MS = 180;

/** The zoom: at once on screen, in the address when it has come to rest. */
export function useZoom(
  model: TraceModel,
  params: TraceParams,
  go: (params: TraceParams) => void,
): readonly [TimeWindow, (window: TimeWindow) => void] {
  const [draft, setDraft] = useState<TimeWindow>();
  const whole = { from: 0, to: model.extent };
  useSettled(draft, ZOOM_SETTLES_MS, (window) => {
    const { zoom: _before, ...rest } = params;
    const all = window.from <= 0 && window.to >= model.extent;
    go(all ? rest : { ...rest, zoom: formatZoom(window) });
    setDraft(undefined);
  });
  const stored = parseZoom(params.zoom);
  return [draft ?? (stored === undefined ? whole : clampWindow(stored, model.extent)), setDraft];
}

/** The window moved by a share of its width, inside the trace. */
export function panned(window: TimeWindow, share: number, extent: number): TimeWindow {
  const shift = (window.to - window.from) * share;
  return clampWindow({ from: window.from + shift, to: window.to + shift }, extent);
}
