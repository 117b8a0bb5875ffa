import { Link } from "@tanstack/react-router";
import type { UiExternalNode } from "../../../src/query/ui/external-calls/external-types.ts";
import { buttonClass } from "../ui/button.tsx";
import { Fact } from "../ui/fact.tsx";
import { Calls } from "./calls.tsx";
import { EXTERNAL_WORDS } from "./external-mark.tsx";
import styles from "./map-panel.module.css";
import type { MapLink } from "./model/map-figures.ts";

/** A database, a queue or something else that sends no spans: what is known of it from those that call it. */
export function ExternalDetails({
  node,
  links,
  lookback,
}: {
  readonly node: UiExternalNode;
  readonly links: readonly MapLink[];
  readonly lookback: string;
}) {
  return (
    <>
      <dl className={styles.facts}>
        <Fact name="What it is" value={EXTERNAL_WORDS[node.kind]} />
        {node.address !== undefined && <Fact name="Address" value={node.address} />}
      </dl>
      <p className="muted">It sends no spans: this is what its callers' spans say.</p>
      <div className={styles.ways}>
        <Link to="/search" search={{ q: `{ ${node.condition} }`, lookback }} className={buttonClass}>
          Search traces
        </Link>
        <Link to="/search" search={{ q: `{ ${node.condition} && status = error }`, lookback }} className={buttonClass}>
          Failing calls
        </Link>
      </div>
      <Calls title="Called by" calls={links.filter((link) => link.child === node.id)} shown="parent" />
      <Calls title="Read by" calls={links.filter((link) => link.parent === node.id)} shown="child" />
    </>
  );
}
