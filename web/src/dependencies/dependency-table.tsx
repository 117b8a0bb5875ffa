import { Link } from "@tanstack/react-router";
import { useContext } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import { formatCount } from "../format/count.ts";
import { formatShare } from "../format/share.ts";
import { iconButtonClass } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { DataTable, numberClass, spareNumberClass } from "../ui/data-table.tsx";
import { Icon } from "../ui/icon.tsx";
import { ServiceLink } from "../ui/service/service-link.tsx";
import { ExternalMark } from "./external-mark.tsx";
import { ExternalsOfPage } from "./externals.ts";
import { linkKey } from "./graph/graph-layers.ts";
import { withOpen } from "./map-params.ts";
import { errorShare, type MapLink } from "./model/map-figures.ts";

/** The calls between services, most first; with `found` only those in which one of these takes part. */
export function DependencyTable({
  links,
  found,
  lookback,
}: {
  readonly links: readonly MapLink[];
  readonly found: readonly string[] | undefined;
  readonly lookback: string;
}) {
  const kept = new Set(found);
  const shown = found === undefined ? links : links.filter(({ parent, child }) => kept.has(parent) || kept.has(child));
  const sorted = shown.toSorted((a, b) => b.callCount - a.callCount || (a.parent < b.parent ? -1 : 1));
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
          <th scope="col" className={spareNumberClass}>
            p99
          </th>
          <th scope="col">
            <span className="visually-hidden">Traces</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((link) => (
          <CallRow key={linkKey(link)} link={link} lookback={lookback} />
        ))}
      </tbody>
    </DataTable>
  );
}

function CallRow({ link, lookback }: { readonly link: MapLink; readonly lookback: string }) {
  const failed = link.errorCount > 0 ? "error-text" : undefined;
  return (
    <tr>
      <td>
        <End name={link.parent} lookback={lookback} />
      </td>
      <td>
        <End name={link.child} lookback={lookback} />
      </td>
      <td className={numberClass}>{formatCount(link.callCount)}</td>
      <td className={classNames(spareNumberClass, failed)}>{formatCount(link.errorCount)}</td>
      <td className={classNames(numberClass, failed)}>{formatShare(errorShare(link))}</td>
      <td className={spareNumberClass}>{formatDuration(link.p50Nano)}</td>
      <td className={spareNumberClass}>{formatDuration(link.p99Nano)}</td>
      <td className={numberClass}>
        <Link
          from="/dependencies"
          to="/dependencies"
          search={(before) => withOpen(before, { from: link.parent, to: link.child })}
          className={iconButtonClass}
          aria-label={`Traces of calls from ${link.parent} to ${link.child}`}
          title="Failing and slow traces"
        >
          <Icon name="chevronRight" />
        </Link>
      </td>
    </tr>
  );
}

/** A service by its link; something else by what it is. */
function End({ name, lookback }: { readonly name: string; readonly lookback: string }) {
  const external = useContext(ExternalsOfPage).get(name);
  if (external === undefined) return <ServiceLink name={name} lookback={lookback} />;
  return (
    <>
      <ExternalMark kind={external.kind} /> <bdi>{name}</bdi>
    </>
  );
}
