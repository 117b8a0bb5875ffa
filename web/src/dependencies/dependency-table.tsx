import { Link } from "@tanstack/react-router";
import type { UiDependenciesResponse } from "../../../src/query/ui/api-types.ts";
import { formatCount } from "../format/count.ts";
import { formatDuration } from "../format/duration.ts";
import { preferredHue } from "../format/service-look.ts";
import { ServiceSwatch } from "../ui/service-swatch.tsx";
import { errorShare } from "./error-share.ts";

/** The calls between services, most first. */
export function DependencyTable({ links }: { readonly links: UiDependenciesResponse["links"] }) {
  const sorted = [...links].sort((a, b) => b.callCount - a.callCount || (a.parent < b.parent ? -1 : 1));
  return (
    <table className="data-table">
      <thead>
        <tr>
          <th scope="col">Caller</th>
          <th scope="col">Called</th>
          <th scope="col" className="number">
            Calls
          </th>
          <th scope="col" className="number spare">
            Errors
          </th>
          <th scope="col" className="number">
            Error share
          </th>
          <th scope="col" className="number spare">
            p50
          </th>
          <th scope="col" className="number">
            p99
          </th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((link) => (
          <tr key={`${link.parent} ${link.child}`}>
            <ServiceCell name={link.parent} />
            <ServiceCell name={link.child} />
            <td className="number">{formatCount(link.callCount)}</td>
            <td className={link.errorCount > 0 ? "number spare error-text" : "number spare"}>
              {formatCount(link.errorCount)}
            </td>
            <td className={link.errorCount > 0 ? "number error-text" : "number"}>
              {errorShare(link.callCount, link.errorCount)}
            </td>
            <td className="number spare">{durationText(link.p50Nano)}</td>
            <td className="number">{durationText(link.p99Nano)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function durationText(nano: number | undefined): string {
  return nano === undefined ? "–" : formatDuration(nano);
}

function ServiceCell({ name }: { readonly name: string }) {
  return (
    <td>
      <Link to="/search" search={{ service: name }} className="service-link">
        <ServiceSwatch look={{ hue: preferredHue(name), pattern: 0 }} />
        {name}
      </Link>
    </td>
  );
}
