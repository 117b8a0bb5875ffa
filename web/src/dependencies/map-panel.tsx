import { Link, useNavigate } from "@tanstack/react-router";
import { useContext, useEffect } from "react";
import type { UiRedSeries } from "../../../src/query/ui/api-types.ts";
import type { RateUnit } from "../format/rate.ts";
import { iconButtonClass } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { CallDetails } from "./call-details.tsx";
import { ExternalDetails } from "./external-details.tsx";
import { ExternalsOfPage } from "./externals.ts";
import { GroupCalls, GroupDetails } from "./group-details.tsx";
import type { MapThing } from "./map-marks.ts";
import styles from "./map-panel.module.css";
import { withOpen } from "./map-params.ts";
import { GroupsOfPage } from "./model/groups-of-page.ts";
import type { MapLink } from "./model/map-figures.ts";
import { ServiceDetails } from "./service-details.tsx";

/** What is known of the open service or call, and where that leads. */
export function MapPanel({
  open,
  links,
  red,
  unit,
  lookback,
  beside,
}: {
  readonly open: MapThing;
  readonly links: readonly MapLink[];
  readonly red: ReadonlyMap<string, UiRedSeries>;
  readonly unit: RateUnit;
  readonly lookback: string;
  /** Lies over the map where there is room; else it has its own. */
  readonly beside: "map" | "table";
}) {
  const called = open.service === undefined;
  const external = useContext(ExternalsOfPage).get(open.service ?? "");
  const groups = useContext(GroupsOfPage);
  const group = groups.get(open.service ?? "");
  return (
    <aside
      className={styles.panel}
      data-beside={beside}
      aria-label={
        called ? "Call" : group !== undefined ? "Group" : external === undefined ? "Service" : "External system"
      }
    >
      <PanelHead title={called ? `${open.from} → ${open.to}` : open.service} />
      {called && (groups.has(open.from) || groups.has(open.to)) ? (
        <GroupCalls from={open.from} to={open.to} links={links} />
      ) : called ? (
        <CallDetails
          // Lists of another call are other lists.
          key={`${open.from} ${open.to}`}
          from={open.from}
          to={open.to}
          link={links.find((link) => link.parent === open.from && link.child === open.to)}
          lookback={lookback}
        />
      ) : group !== undefined ? (
        <GroupDetails group={group} links={links} />
      ) : external !== undefined ? (
        <ExternalDetails node={external} links={links} lookback={lookback} />
      ) : (
        <ServiceDetails name={open.service} links={links} red={red.get(open.service)} unit={unit} lookback={lookback} />
      )}
    </aside>
  );
}

function PanelHead({ title }: { readonly title: string }) {
  const navigate = useNavigate({ from: "/dependencies" });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
      void navigate({ search: (before) => withOpen(before, {}) });
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate]);
  return (
    <div className={styles.head}>
      <h2 dir="auto">{title}</h2>
      <Link
        from="/dependencies"
        to="/dependencies"
        search={(before) => withOpen(before, {})}
        className={iconButtonClass}
        aria-label="Close"
      >
        <Icon name="close" />
      </Link>
    </div>
  );
}
