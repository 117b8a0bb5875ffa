import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiDependenciesResponse } from "../../../src/query/ui/api-types.ts";
import { formatCount } from "../format/count.ts";
import { formatShare } from "../format/share.ts";
import { classNames } from "../ui/class-names.ts";
import { DataTable, numberClass, spareNumberClass } from "../ui/data-table.tsx";
import { ServiceLink } from "../ui/service-link.tsx";

/** The calls between services, most first. */
export function DependencyTable({ links }: { readonly links: UiDependenciesResponse["links"] }) {
  const sorted = [...links].sort((a, b) => b.callCount - a.callCount || (a.parent < b.parent ? -1 : 1));
  return (
    <DataTable>
      <thead>
        <tr>
          <th scope="col">Caller</th>
          <th scope="col">Called</th>
          <th scope="col" className={numberClass}>
            Calls
          </th>
          <th scope="col" className={spareNumberClass}>
            Errors
          </th>
          <th scope="col" className={numberClass}>
            Error share
          </th>
          <th scope="col" className={spareNumberClass}>
            p50
          </th>
          <th scope="col" className={numberClass}>
            p99
          </th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((link) => {
          const failed = link.errorCount > 0 ? "error-text" : undefined;
          return (
            <tr key={`${link.parent} ${link.child}`}>
              <td>
                <ServiceLink name={link.parent} />
              </td>
              <td>
                <ServiceLink name={link.child} />
              </td>
              <td className={numberClass}>{formatCount(link.callCount)}</td>
              <td className={classNames(spareNumberClass, failed)}>{formatCount(link.errorCount)}</td>
              <td className={classNames(numberClass, failed)}>{formatShare(link.errorCount / link.callCount)}</td>
              <td className={spareNumberClass}>{formatDuration(link.p50Nano)}</td>
              <td className={numberClass}>{formatDuration(link.p99Nano)}</td>
            </tr>
          );
        })}
      </tbody>
    </DataTable>
  );
}
