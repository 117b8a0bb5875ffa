import type { MouseEvent } from "react";
import { counted, formatCount } from "../format/count.ts";
import { shownName } from "../format/shown-name.ts";
import { classNames } from "../ui/class-names.ts";
import { Icon } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";
import { ServiceSwatch } from "../ui/service/service-swatch.tsx";
import { filterWithin, type ServiceFilter } from "./model/service-filter.ts";
import type { TraceModel } from "./model/trace-model.ts";
import styles from "./service-legend.module.css";

/** Those after these are in a menu. */
const SHOWN = 8;

/** The services of a trace with their colours; a press shows one alone, with Alt it hides it. */
export function ServiceLegend({
  model,
  filter: asked,
  usualKnown,
  onFilter,
}: {
  readonly model: TraceModel;
  readonly filter: ServiceFilter;
  /** Bars have a tick at what is usual for their operation. */
  readonly usualKnown: boolean;
  readonly onFilter: (filter: ServiceFilter) => void;
}) {
  const { services } = model;
  if (services.length < 2) {
    return usualKnown ? (
      <div className={styles.legend}>
        <UsualKey />
      </div>
    ) : null;
  }
  const filter = filterWithin(model.columns.services, asked);
  const entry = (service: TraceModel["services"][number]) => (
    <Entry key={service.service} model={model} service={service} filter={filter} onFilter={onFilter} />
  );
  const filtered = filter.only !== undefined || filter.hidden.length > 0;
  return (
    <fieldset className={styles.legend}>
      <legend className="visually-hidden">Services: press for one alone, with Alt to hide it</legend>
      {services.slice(0, SHOWN).map(entry)}
      {services.length > SHOWN && (
        <Menu label="More services" caption={`+${services.length - SHOWN}`}>
          {services.slice(SHOWN).map(entry)}
        </Menu>
      )}
      {filtered && (
        <button type="button" className={styles.all} onClick={() => onFilter({ only: undefined, hidden: [] })}>
          all services
        </button>
      )}
      {usualKnown && <UsualKey />}
    </fieldset>
  );
}

/** What the tick on a bar says. */
function UsualKey() {
  return (
    <span
      className={styles.usual}
      title="Of the operation's spans in the 24 hours before this trace, 95 of 100 ended by the tick; ×3 says three times the median"
    >
      <span className={styles.tick} aria-hidden="true" /> usual p95
    </span>
  );
}

function Entry({
  model,
  service,
  filter,
  onFilter,
}: {
  readonly model: TraceModel;
  readonly service: TraceModel["services"][number];
  readonly filter: ServiceFilter;
  readonly onFilter: (filter: ServiceFilter) => void;
}) {
  const { name, spans, errors } = service;
  const hidden = filter.only === undefined ? filter.hidden.includes(name) : filter.only !== name;
  const press = ({ altKey }: MouseEvent) => {
    if (!altKey) onFilter({ only: filter.only === name ? undefined : name, hidden: [] });
    else if (filter.only !== undefined) onFilter({ only: undefined, hidden: [name] });
    else onFilter({ only: undefined, hidden: toggled(filter.hidden, name) });
  };
  const failed = errors === 0 ? "" : `, ${counted(errors, "error")}`;
  return (
    <button
      type="button"
      className={classNames(styles.entry)}
      data-hidden={hidden}
      aria-pressed={filter.only === name}
      title={`${shownName(name)}: ${counted(spans, "span")}${failed}. Press for it alone, with Alt to ${hidden ? "show" : "hide"} it`}
      onClick={press}
    >
      <ServiceSwatch look={model.looks[service.service]!} />
      <bdi className={styles.name}>{shownName(name)}</bdi> <b>{formatCount(spans)}</b>
      {errors > 0 && (
        <span className={classNames("error-text", styles.errors)}>
          <Icon name="error" label="errors" />
          {formatCount(errors)}
        </span>
      )}
    </button>
  );
}

function toggled(names: readonly string[], name: string): readonly string[] {
  return names.includes(name) ? names.filter((one) => one !== name) : [...names, name];
}
