import { LOOKBACKS } from "../format/lookback.ts";
import styles from "./lookback-select.module.css";

/** How far back a page looks. */
export function LookbackSelect({
  value,
  longestMs = Number.POSITIVE_INFINITY,
  onChange,
}: {
  readonly value: string;
  /** Longer ranges are not offered. */
  readonly longestMs?: number;
  readonly onChange: (value: string) => void;
}) {
  return (
    <label className={styles.lookback}>
      <span className="visually-hidden">Look-back</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <LookbackOptions value={value} longestMs={longestMs} />
      </select>
    </label>
  );
}

/** The options of such a choice; one more for a value that is none of them. */
export function LookbackOptions({
  value,
  longestMs = Number.POSITIVE_INFINITY,
}: {
  readonly value: string;
  readonly longestMs?: number;
}) {
  return (
    <>
      {LOOKBACKS.filter((entry) => entry.ms <= longestMs).map((entry) => (
        <option key={entry.value} value={entry.value}>
          {entry.label}
        </option>
      ))}
      {!LOOKBACKS.some((entry) => entry.value === value) && <option value={value}>Last {value}</option>}
    </>
  );
}
