/** Which zone times are shown in: like the theme it is the document's. Local where there is no document. */
export type TimeZone = "local" | "utc";

export function shownZone(): TimeZone {
  return globalThis.document?.documentElement.dataset.zone === "utc" ? "utc" : "local";
}

/** A date whose UTC fields are those of a time in the shown zone. */
export function inShownZone(timeMs: number): Date {
  if (shownZone() === "utc") return new Date(timeMs);
  return new Date(timeMs - new Date(timeMs).getTimezoneOffset() * 60_000);
}

/** ms since the epoch of a date and time in the shown zone, `2026-03-04T15:06`; NaN where it is none. */
export function parseInShownZone(text: string): number {
  return new Date(shownZone() === "utc" ? `${text}Z` : text).getTime();
}

/** `UTC`, `UTC+02:00`: what the shown zone is at a time. */
export function zoneName(timeMs: number, zone: TimeZone = shownZone()): string {
  const minutes = zone === "utc" ? 0 : -new Date(timeMs).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  const pad = (value: number) => String(value).padStart(2, "0");
  return `UTC${minutes < 0 ? "−" : "+"}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}
