import { Link } from "@tanstack/react-router";
import { formatCount } from "../format/count.ts";
import { formatShare } from "../format/share.ts";
import { linkKey } from "./graph/graph-layers.ts";
import styles from "./map-panel.module.css";
import { withOpen } from "./map-params.ts";
import { errorShare, type MapLink } from "./model/map-figures.ts";
import { PanelPart } from "./panel-part.tsx";

/** Calls on one side of what is open, the most first; each opens. */
export function Calls({
  title,
  calls,
  shown,
}: {
  readonly title: string;
  readonly calls: readonly MapLink[];
  /** Which of the two ends is named. */
  readonly shown: "parent" | "child" | "both";
}) {
  if (calls.length === 0) return null;
  return (
    <PanelPart title={title}>
      <ul className={styles.calls}>
        {calls
          .toSorted((a, b) => b.callCount - a.callCount)
          .map((link) => (
            <li key={linkKey(link)}>
              <Link
                from="/dependencies"
                to="/dependencies"
                search={(before) => withOpen(before, { from: link.parent, to: link.child })}
              >
                <bdi>{shown === "both" ? `${link.parent} → ${link.child}` : link[shown]}</bdi>
              </Link>
              <span className="muted">{formatCount(link.callCount)}</span>
              <span className={link.errorCount > 0 ? "error-text" : "muted"}>
                {link.errorCount > 0 ? `${formatShare(errorShare(link))} failed` : "none failed"}
              </span>
            </li>
          ))}
      </ul>
    </PanelPart>
  );
}
