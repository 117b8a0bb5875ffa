import { formatDuration } from "../../../src/model/duration-text.ts";
import { formatRate, rateUnit } from "../format/rate.ts";
import { formatShare } from "../format/share.ts";
import { formatAbsolute } from "../format/time.ts";
import { DataTable, numberClass, spareNumberClass } from "../ui/data-table.tsx";
import type { ChartFigures } from "./chart-figures.ts";

/** What the charts draw, as a table; times in which nothing was called are left out. */
export function FiguresTable({ figures }: { readonly figures: ChartFigures }) {
  const unit = rateUnit(Math.max(0, ...figures.rate));
  const shown = [...figures.times.keys()].filter((i) => figures.rate[i]! > 0);
  return (
    <DataTable>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col" className={numberClass}>
            Rate
          </th>
          <th scope="col" className={numberClass}>
            Failed
          </th>
          <th scope="col" className={spareNumberClass}>
            p50
          </th>
          <th scope="col" className={numberClass}>
            p95
          </th>
          <th scope="col" className={spareNumberClass}>
            p99
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map((i) => (
          <tr key={figures.times[i]}>
            <td>
              {formatAbsolute(figures.times[i]!).slice(0, 16)}
              {figures.seconds[i]! < figures.seconds[0]! && (
                <span className="muted"> so far, {formatDuration(figures.seconds[i]! * 1e9)}</span>
              )}
            </td>
            <td className={numberClass}>{formatRate(figures.rate[i]!, unit)}</td>
            <td className={numberClass}>{formatShare(figures.share[i] ?? 0)}</td>
            <td className={spareNumberClass}>{formatDuration(figures.p50[i])}</td>
            <td className={numberClass}>{formatDuration(figures.p95[i])}</td>
            <td className={spareNumberClass}>{formatDuration(figures.p99[i])}</td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
