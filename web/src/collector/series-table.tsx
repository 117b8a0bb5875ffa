import type { UiCountedSeries } from "../../../src/query/ui/status-types.ts";
import { formatBytes } from "../format/bytes.ts";
import { formatCount } from "../format/count.ts";
import { DataTable, numberClass } from "../ui/data-table.tsx";
import { rateText } from "./rate-text.ts";
import { seriesKey } from "./use-rates.ts";

/** Of counters whose names do not say it all. */
const SERIES_WORDS: Readonly<Record<string, string>> = {
  own_accepted_spans: "spans that no sender sent",
  red_left_out_spans: "spans that begin at no possible time, or far from their receipt",
  red_overflow_spans: "spans under (other operations) or (other services)",
  dependencies_left_out_calls: "calls that begin at no possible time, or far from their receipt",
  dependencies_overflow_calls: "calls between (other services)",
  aggregate_shrinks: "times that the oldest were removed early, for their space",
};

/** Counters with something in them, and how fast they grow. */
export function SeriesTable({
  series,
  rates,
  empty,
}: {
  readonly series: readonly UiCountedSeries[];
  readonly rates: ReadonlyMap<string, number>;
  readonly empty: string;
}) {
  const shown = series.filter((entry) => entry.value > 0);
  if (shown.length === 0) return <p className="muted">{empty}</p>;
  return (
    <DataTable plain>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col" className={numberClass}>
            Since the start
          </th>
          <th scope="col" className={numberClass}>
            Per second
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map((entry) => {
          const key = seriesKey(entry);
          const rate = rates.get(key);
          return (
            <tr key={key}>
              <td>
                {SERIES_WORDS[entry.name] ?? entry.name.replace(/^(receiver|sampling)_/, "").replaceAll("_", " ")}{" "}
                <span className="muted">{Object.values(entry.labels).join(", ")}</span>
              </td>
              <td className={numberClass}>
                {entry.name.endsWith("_bytes") ? formatBytes(entry.value) : formatCount(entry.value)}
              </td>
              <td className={numberClass}>
                {entry.name.endsWith("_bytes") && rate !== undefined ? formatBytes(rate) : rateText(rate)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </DataTable>
  );
}
