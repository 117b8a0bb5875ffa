import { useMemo, useState } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiComparison, UiPlaceInBoth } from "../../../src/query/ui/comparison/comparison-types.ts";
import { counted, formatCount } from "../format/count.ts";
import { DataTable, numberClass, spareNumberClass } from "../ui/data-table.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { useServiceLooks } from "../ui/service/service-looks.ts";
import { ServiceSwatch } from "../ui/service/service-swatch.tsx";
import { differingPlaces } from "./differing-places.ts";
import styles from "./place-table.module.css";

/** Deeper places are not indented further. */
const MOST_INDENT = 12;

/** Both as one tree: what calls what, how often and for how long. All of it, or what differs and what is above. */
export function PlaceTable({ comparison }: { readonly comparison: UiComparison }) {
  const { places, morePlaces } = comparison;
  const differing = useMemo(() => differingPlaces(comparison), [comparison]);
  const different = useMemo(() => new Set(comparison.differences.map(({ place }) => place)), [comparison]);
  const [all, setAll] = useState(differing.size === 0);
  const shown = places.map((place, at) => ({ place, at })).filter(({ at }) => all || differing.has(at));
  return (
    <section className={styles.section} aria-labelledby="structure-title">
      <div className={styles.head}>
        <h2 id="structure-title">Structure</h2>
        {differing.size > 0 && (
          <Segmented
            label="Which calls"
            chosen={all ? "all" : "different"}
            options={[
              { value: "different", title: "What differs" },
              { value: "all", title: `All ${formatCount(places.length)}` },
            ]}
            onChoose={(value) => setAll(value === "all")}
          />
        )}
      </div>
      <div className={styles.scroll}>
        <DataTable>
          <thead>
            <tr>
              <th scope="col">Service and operation</th>
              <th scope="col" className={numberClass}>
                Calls
              </th>
              <th scope="col" className={spareNumberClass}>
                Time A
              </th>
              <th scope="col" className={spareNumberClass}>
                Time B
              </th>
              <th scope="col" className={numberClass} title="Time in which nothing below ran, of B less that of A">
                Own time
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ place, at }) => (
              <PlaceRow key={at} place={place} differs={different.has(at)} />
            ))}
          </tbody>
        </DataTable>
      </div>
      {morePlaces > 0 && (
        <p className="muted">{counted(morePlaces, "more operation")} of these large traces are not shown.</p>
      )}
    </section>
  );
}

function PlaceRow({ place, differs }: { readonly place: UiPlaceInBoth; readonly differs: boolean }) {
  const lookOf = useServiceLooks();
  const { a, b, service, name, depth } = place;
  const words = changeText(place);
  return (
    <tr data-differs={differs}>
      <th scope="row" style={{ ["--depth" as string]: Math.min(depth, MOST_INDENT) }}>
        <span className={styles.name}>
          <ServiceSwatch look={lookOf(service)} />
          {depth > MOST_INDENT && <span className="muted">{depth + 1}</span>}
          <span>
            <b>{service}</b> <span dir="auto">{name}</span>
            {words !== "" && <span className={styles.words}>{words}</span>}
          </span>
        </span>
      </th>
      <td className={numberClass}>{callsText(place)}</td>
      <td className={spareNumberClass}>{formatDuration(a?.nano)}</td>
      <td className={spareNumberClass}>{formatDuration(b?.nano)}</td>
      <td className={numberClass}>{signed((b?.selfNano ?? 0) - (a?.selfNano ?? 0))}</td>
    </tr>
  );
}

function callsText({ a, b }: UiPlaceInBoth): string {
  const [before, after] = [a?.calls ?? 0, b?.calls ?? 0];
  return before === after ? formatCount(after) : `${formatCount(before)} → ${formatCount(after)}`;
}

function signed(nano: number): string {
  if (Math.abs(nano) < 1_000) return "=";
  return `${nano < 0 ? "−" : "+"}${formatDuration(Math.abs(nano))}`;
}

/** In words, so that no colour is needed. */
function changeText({ a, b }: UiPlaceInBoth): string {
  const words: string[] = [];
  if (a === undefined) words.push("only in B");
  if (b === undefined) words.push("only in A");
  const [failedA, failedB] = [a?.failed ?? 0, b?.failed ?? 0];
  if (failedA !== failedB) words.push(`failed ${formatCount(failedA)} → ${formatCount(failedB)}`);
  return words.join(", ");
}
