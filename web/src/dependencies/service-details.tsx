import { Link } from "@tanstack/react-router";
import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiRedSeries } from "../../../src/query/ui/api-types.ts";
import { formatRate, type RateUnit } from "../format/rate.ts";
import { formatShare } from "../format/share.ts";
import { tagsToJson } from "../format/tags.ts";
import { buttonClass } from "../ui/button.tsx";
import { Fact } from "../ui/fact.tsx";
import { reachedNano } from "./call-traces.ts";
import { Calls } from "./calls.tsx";
import styles from "./map-panel.module.css";
import { withShown } from "./map-params.ts";
import type { MapLink } from "./model/map-figures.ts";

/** A service: its figures, who calls it and what it calls, and where that leads. */
export function ServiceDetails({
  name,
  links,
  red,
  unit,
  lookback,
}: {
  readonly name: string;
  readonly links: readonly MapLink[];
  readonly red: UiRedSeries | undefined;
  readonly unit: RateUnit;
  readonly lookback: string;
}) {
  const slow = red?.p95Nano == null ? 0 : reachedNano(red.p95Nano);
  return (
    <>
      {red === undefined ? (
        <p className="muted">The store has no figures of its own spans in this range.</p>
      ) : (
        <dl className={styles.facts}>
          <Fact name="Rate" value={formatRate(red.ratePerSecond, unit)} />
          <Fact name="Failed" value={formatShare(red.errorRatio)} error={red.errorRatio > 0} />
          <Fact name="p50" value={formatDuration(red.p50Nano)} />
          <Fact name="p95" value={formatDuration(red.p95Nano)} />
          <Fact name="p99" value={formatDuration(red.p99Nano)} />
        </dl>
      )}
      <div className={styles.ways}>
        <Link to="/search" search={{ service: name, lookback }} className={buttonClass}>
          Search traces
        </Link>
        {red !== undefined && red.errors > 0 && (
          <Link
            to="/search"
            search={{ service: name, tags: tagsToJson([["error", "true"]]), lookback }}
            className={buttonClass}
          >
            Failing traces
          </Link>
        )}
        {slow > 0 && (
          <Link
            to="/search"
            search={{ service: name, minDuration: `${slow / 1000}us`, lookback }}
            className={buttonClass}
            title={`Spans of at least ${formatDuration(slow)}`}
          >
            Slow traces
          </Link>
        )}
        <Link to="/services/$name" params={{ name }} search={{ lookback }} className={buttonClass}>
          Service page
        </Link>
        <Link
          from="/dependencies"
          to="/dependencies"
          search={(before) => withShown(before, { ...(before.lookback && { lookback: before.lookback }), near: name })}
          className={buttonClass}
        >
          Only its neighbours
        </Link>
      </div>
      <Calls title="Called by" calls={links.filter((link) => link.child === name)} shown="parent" />
      <Calls title="Calls" calls={links.filter((link) => link.parent === name)} shown="child" />
    </>
  );
}
