import { Link } from "@tanstack/react-router";
import { useContext } from "react";
import { counted } from "../format/count.ts";
import { buttonClass } from "../ui/button.tsx";
import { Calls } from "./calls.tsx";
import styles from "./map-panel.module.css";
import { withOpen, withShown } from "./map-params.ts";
import { GroupsOfPage } from "./model/groups-of-page.ts";
import type { MapLink } from "./model/map-figures.ts";
import { callsBetween, type ServiceGroup } from "./model/service-groups.ts";
import { PanelPart } from "./panel-part.tsx";

/** Services that share a card: who they are, and the calls from and to them that are not their own. */
export function GroupDetails({ group, links }: { readonly group: ServiceGroup; readonly links: readonly MapLink[] }) {
  const members = new Set(group.members);
  const [callers, called] = [
    links.filter(({ parent, child }) => members.has(child) && !members.has(parent)),
    links.filter(({ parent, child }) => members.has(parent) && !members.has(child)),
  ];
  return (
    <>
      <p className="muted">
        {counted(group.members.length, "service")} with fewer calls than those that have cards of their own.
      </p>
      <div className={styles.ways}>
        <Link
          from="/dependencies"
          to="/dependencies"
          search={(before) => withShown(withOpen(before, {}), { ...shownOf(before), expand: group.id })}
          className={buttonClass}
        >
          Draw each by itself
        </Link>
      </div>
      <PanelPart title="Services">
        <ul className={styles.members}>
          {group.members.map((name) => (
            <li key={name}>
              <Link from="/dependencies" to="/dependencies" search={(before) => withOpen(before, { service: name })}>
                <bdi>{name}</bdi>
              </Link>
            </li>
          ))}
        </ul>
      </PanelPart>
      <Calls title="Called by" calls={callers} shown="both" />
      <Calls title="Calls" calls={called} shown="both" />
    </>
  );
}

/** The calls that a line between cards stands for, of which one or both are groups. */
export function GroupCalls({
  from,
  to,
  links,
}: {
  readonly from: string;
  readonly to: string;
  readonly links: readonly MapLink[];
}) {
  const groups = useContext(GroupsOfPage);
  const calls = callsBetween(links, groups, from, to);
  return (
    <>
      <p className="muted">This line stands for {counted(calls.length, "connection")}.</p>
      <Calls title="Calls" calls={calls} shown="both" />
    </>
  );
}

function shownOf({ lookback }: { readonly lookback?: string }) {
  return lookback === undefined ? {} : { lookback };
}
