import { shownZone, type TimeZone } from "../format/time-zone.ts";
import { storeSetting } from "../ui/stored-setting.ts";

const SETTING = "zone";
const CHANGED = "zonechange";

/** Shows times in a zone from now on, and remembers it. Pages draw themselves anew. */
export function applyZone(zone: TimeZone): void {
  if (zone === "local") delete document.documentElement.dataset.zone;
  else document.documentElement.dataset.zone = zone;
  storeSetting(SETTING, zone === "local" ? undefined : zone);
  window.dispatchEvent(new Event(CHANGED));
}

export function otherZone(): TimeZone {
  return shownZone() === "utc" ? "local" : "utc";
}

/** Calls back when another zone is shown. Returns how to stop. */
export function onZoneChange(listener: () => void): () => void {
  window.addEventListener(CHANGED, listener);
  return () => window.removeEventListener(CHANGED, listener);
}
