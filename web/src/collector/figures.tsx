import type { UiStatusResponse } from "../../../src/query/ui/status-types.ts";
import { formatBytes } from "../format/bytes.ts";
import { formatCount } from "../format/count.ts";
import { formatAbsolute, formatRelative } from "../format/time.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import styles from "./figures.module.css";

/** Where senders and readers reach the collector. */
export function Endpoints({ listeners }: { readonly listeners: UiStatusResponse["listeners"] }) {
  return (
    <dl className={styles.figures}>
      {listeners.map(({ title, address, listensOn }, at) => (
        // Two receivers of one protocol have one title; what listens does not change while a collector runs.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <Endpoint key={at} name={title} value={address} real={listensOn} />
      ))}
    </dl>
  );
}

/** What is stored, and for how long. */
export function Storage({ status }: { readonly status: UiStatusResponse }) {
  const { storage } = status;
  const limits = [
    storage.retention.maxAgeHours === null ? undefined : ageText(storage.retention.maxAgeHours),
    storage.retention.maxMebibytes === null ? undefined : formatBytes(storage.retention.maxMebibytes * 1024 * 1024),
  ].filter((limit) => limit !== undefined);
  return (
    <dl className={styles.figures}>
      <Figure name="Kind" value={storage.kind} />
      {storage.path !== undefined && <Figure name="Folder" value={storage.path} />}
      <Figure name="Spans" value={formatCount(storage.spans)} />
      <Figure name="On disk" value={formatBytes(storage.diskBytes)} />
      <Figure name="Segments" value={formatCount(storage.segments)} />
      <Figure
        name="Oldest"
        value={
          storage.oldestMs === undefined
            ? "nothing stored"
            : `${formatAbsolute(storage.oldestMs).slice(0, 19)} (${formatRelative(storage.oldestMs, status.nowMs)})`
        }
      />
      <Figure name="Kept for" value={limits.length === 0 ? "ever" : limits.join(" or ")} />
    </dl>
  );
}

/** Whole days as days: `7 days`, `36 h`. */
function ageText(hours: number): string {
  return hours >= 48 && hours % 24 === 0 ? `${hours / 24} days` : `${hours} h`;
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="break-anywhere">{value}</dd>
    </div>
  );
}

function Endpoint({
  name,
  value,
  real,
}: {
  readonly name: string;
  readonly value: string | undefined;
  readonly real: string | undefined;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value === undefined ? <span className="muted">off</span> : <code className="break-anywhere">{value}</code>}
        {value !== undefined && real !== undefined && <span className="muted">listens on {real}</span>}
        {value !== undefined && <CopyButton text={value} label={`Copy the ${name} endpoint`} />}
      </dd>
    </div>
  );
}
