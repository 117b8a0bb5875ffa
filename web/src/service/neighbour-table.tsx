import { Link } from "@tanstack/react-router";
import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiDependenciesResponse } from "../../../src/query/ui/api-types.ts";
import { formatCount } from "../format/count.ts";
import { formatShare } from "../format/share.ts";
import { DataTable, numberClass } from "../ui/data-table.tsx";
import { ServiceLink } from "../ui/service/service-link.tsx";

type Call = UiDependenciesResponse["links"][number];

/** Who calls a service, or whom it calls; each call leads to its place on the map. */
export function NeighbourTable({
  title,
  calls,
  shown,
  lookback,
}: {
  readonly title: string;
  readonly calls: readonly Call[];
  /** Which end of a call is the neighbour. */
  readonly shown: "parent" | "child";
  readonly lookback: string;
}) {
  if (calls.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <DataTable>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col" className={numberClass}>
              Calls
            </th>
            <th scope="col" className={numberClass}>
              Failed
            </th>
            <th scope="col" className={numberClass}>
              p99
            </th>
          </tr>
        </thead>
        <tbody>
          {calls
            .toSorted((a, b) => b.callCount - a.callCount)
            .map((call) => (
              <tr key={call[shown]}>
                <td>
                  <ServiceLink name={call[shown]} lookback={lookback} />
                </td>
                <td className={numberClass}>
                  <Link
                    to="/dependencies"
                    search={{ from: call.parent, to: call.child, lookback }}
                    title={`${call.parent} calls ${call.child}, on the map`}
                  >
                    {formatCount(call.callCount)}
                  </Link>
                </td>
                <td className={numberClass} data-error={call.errorCount > 0}>
                  {formatShare(call.callCount === 0 ? 0 : call.errorCount / call.callCount)}
                </td>
                <td className={numberClass}>{formatDuration(call.p99Nano)}</td>
              </tr>
            ))}
        </tbody>
      </DataTable>
    </section>
  );
}
