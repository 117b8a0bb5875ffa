import { shownZone, zoneName } from "../format/time-zone.ts";
import styles from "./app-shell.module.css";
import { applyZone, otherZone } from "./time-zone.ts";

/** Names the zone of all times on the page, and switches between the machine's and UTC. */
export function ZoneButton() {
  const now = Date.now();
  const names = { local: `local time, ${zoneName(now, "local")}`, utc: "UTC" };
  const label = `Times: ${names[shownZone()]}. Switch to ${names[otherZone()]}`;
  return (
    <button
      type="button"
      className={styles.zone}
      title={label}
      aria-label={label}
      onClick={() => applyZone(otherZone())}
    >
      {zoneName(now)}
    </button>
  );
}
