import { useSyncExternalStore } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import { serverClock } from "../api/server-clock.ts";
import { Notice } from "../ui/notice.tsx";
import styles from "./incomplete-notice.module.css";

/** Says that look-backs, which end now by the clock of the browser, end at another moment. */
export function ClockNotice() {
  const ahead = useSyncExternalStore(serverClock.subscribe, () => serverClock.aheadMs);
  if (ahead === 0) return null;
  const by = formatDuration(Math.abs(ahead) * 1e6);
  return (
    <Notice
      className={styles.notice}
      tone="warning"
      title={`The clock of this browser is ${by} ${ahead > 0 ? "ahead of" : "behind"} the collector's`}
    >
      <p>
        Look-backs such as “last hour” end {by} too{" "}
        {ahead > 0 ? "late: the newest traces fill less of them" : "early: newer traces are left out"}, and ages are
        wrong by as much.
      </p>
    </Notice>
  );
}
