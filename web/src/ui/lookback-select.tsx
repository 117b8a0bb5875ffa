import { LOOKBACKS } from "../search/search-params.ts";

/** How far back a page looks. */
export function LookbackSelect({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  return (
    <label className="lookback">
      <span className="visually-hidden">Look-back</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {LOOKBACKS.map((entry) => (
          <option key={entry.value} value={entry.value}>
            {entry.label}
          </option>
        ))}
        {!LOOKBACKS.some((entry) => entry.value === value) && <option value={value}>Last {value}</option>}
      </select>
    </label>
  );
}
