import type { UiTraceSummary } from "../../../../src/query/ui/api-types.ts";
import { useServiceLooks } from "../../ui/service/service-looks.ts";
import { ServiceSwatch } from "../../ui/service/service-swatch.tsx";
import styles from "./row-services.module.css";

const SHOWN = 6;

/** The services of a trace as marks, those of most spans first, with their names where a row has the room. */
export function RowServices({
  services,
  named,
}: {
  readonly services: UiTraceSummary["services"];
  /** Whether there may be room for names. */
  readonly named: boolean;
}) {
  const lookOf = useServiceLooks();
  const sorted = services.toSorted((a, b) => b.spanCount - a.spanCount);
  const rest = sorted.slice(SHOWN);
  return (
    <ul className={styles.services} aria-label="Services" data-named={named}>
      {sorted.slice(0, SHOWN).map(({ name }) => (
        <li key={name}>
          <ServiceSwatch look={lookOf(name)} />
          <bdi className={styles.name}>{name}</bdi>
        </li>
      ))}
      {rest.length > 0 && (
        <li>
          +{rest.length}
          <span className="visually-hidden"> more</span>
        </li>
      )}
    </ul>
  );
}
