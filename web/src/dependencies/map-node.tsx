import { Link } from "@tanstack/react-router";
import { memo, useContext } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiRedSeries } from "../../../src/query/ui/api-types.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatRate, type RateUnit } from "../format/rate.ts";
import { formatShare } from "../format/share.ts";
import { Icon } from "../ui/icon.tsx";
import { useServiceLooks } from "../ui/service/service-looks.ts";
import { ServiceSwatch } from "../ui/service/service-swatch.tsx";
import { EXTERNAL_WORDS, ExternalMark } from "./external-mark.tsx";
import { ExternalsOfPage } from "./externals.ts";
import { withOpen } from "./map-params.ts";
import { GroupsOfPage } from "./model/groups-of-page.ts";
import { errorLevel } from "./model/map-figures.ts";
import styles from "./service-map.module.css";

/**
 * A service as a card: its name, how often it is called, how much of that fails, and its p95; or what else is called,
 * and where that is.
 */
export const MapNode = memo(function MapNode({
  name,
  x,
  y,
  red,
  unit,
  current,
  dim,
}: {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** Absent where the store has no figures of it. */
  readonly red: UiRedSeries | undefined;
  readonly unit: RateUnit;
  readonly current: boolean;
  readonly dim: boolean;
}) {
  const lookOf = useServiceLooks();
  const external = useContext(ExternalsOfPage).get(name);
  const group = useContext(GroupsOfPage).get(name);
  const share = red?.errorRatio ?? 0;
  return (
    <Link
      from="/dependencies"
      to="/dependencies"
      search={(before) => withOpen(before, { service: name })}
      className={styles.card}
      style={{ left: x, top: y }}
      draggable={false}
      data-service={name}
      data-external={external?.kind}
      data-group={group === undefined ? undefined : ""}
      data-level={errorLevel(share)}
      data-dim={dim}
      aria-current={current ? "true" : undefined}
      title={group?.members.join("\n") ?? name}
    >
      <span className={styles.name}>
        {group !== undefined ? (
          <Icon name="copy" label="group of services" />
        ) : external === undefined ? (
          <ServiceSwatch look={lookOf(name)} />
        ) : (
          <ExternalMark kind={external.kind} />
        )}
        <bdi>{external?.name ?? name}</bdi>
        {group !== undefined && <span className={styles.size}>{formatCount(group.members.length)}</span>}
      </span>
      <span className={styles.figures}>
        {group !== undefined ? (
          counted(group.members.length, "service")
        ) : external !== undefined ? (
          <bdi>{external.address ?? EXTERNAL_WORDS[external.kind]}</bdi>
        ) : red === undefined ? (
          "no figures of its own"
        ) : (
          <>
            <span>{formatRate(red.ratePerSecond, unit)}</span>
            <span className={styles.share}>
              {formatShare(share)} <span className={styles.word}>failed</span>
            </span>
            <span>p95 {formatDuration(red.p95Nano)}</span>
          </>
        )}
      </span>
    </Link>
  );
});
