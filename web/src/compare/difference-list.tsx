import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import type {
  UiComparison,
  UiDifference,
  UiPlaceFigures,
  UiPlaceInBoth,
} from "../../../src/query/ui/comparison/comparison-types.ts";
import { formatCount } from "../format/count.ts";
import { Button } from "../ui/button.tsx";
import { Chip } from "../ui/chip.tsx";
import { Icon } from "../ui/icon.tsx";
import { useServiceLooks } from "../ui/service/service-looks.ts";
import { ServiceSwatch } from "../ui/service/service-swatch.tsx";
import styles from "./difference-list.module.css";

const FIRST = 12;

/** Where the traces differ, in the order of the answer; what fails in one of them only is marked. */
export function DifferenceList({ comparison }: { readonly comparison: UiComparison }) {
  const { differences, places } = comparison;
  const [all, setAll] = useState(false);
  const shown = all ? differences : differences.slice(0, FIRST);
  const longest = differences.reduce((most, { place }) => {
    const { a, b } = places[place]!;
    return Math.max(most, a?.selfNano ?? 0, b?.selfNano ?? 0);
  }, 1);
  return (
    <>
      <ol className={styles.list}>
        {shown.map((difference) => (
          <DifferenceRow key={difference.place} difference={difference} comparison={comparison} longest={longest} />
        ))}
      </ol>
      {differences.length > shown.length && (
        <Button className={styles.more} onClick={() => setAll(true)}>
          {formatCount(differences.length - shown.length)} more
        </Button>
      )}
    </>
  );
}

function DifferenceRow({
  difference,
  comparison: { a, b, places },
  longest,
}: {
  readonly difference: UiDifference;
  readonly comparison: UiComparison;
  readonly longest: number;
}) {
  const lookOf = useServiceLooks();
  const place = places[difference.place]!;
  const path = pathOf(places, place);
  return (
    <li className={styles.row}>
      <div className={styles.what}>
        <h3 className={styles.name} dir="auto">
          <ServiceSwatch look={lookOf(place.service)} />
          <span>
            <b>{place.service}</b> <span dir="auto">{place.name}</span>
          </span>
          {difference.failed !== 0 && (
            <Chip tone="error">
              <Icon name="error" /> {difference.failed > 0 ? "B fails" : "A fails"}
            </Chip>
          )}
        </h3>
        {path !== "" && (
          <p className={styles.path} dir="auto" title={path}>
            below {path}
          </p>
        )}
      </div>
      <p className={styles.text}>{difference.text}</p>
      <div className={styles.bars}>
        <Bar letter="A" traceId={a.traceId} figures={place.a} longest={longest} />
        <Bar letter="B" traceId={b.traceId} figures={place.b} longest={longest} />
      </div>
    </li>
  );
}

/** The time of one side as a bar; a press opens the longest of its calls. */
function Bar({
  letter,
  traceId,
  figures,
  longest,
}: {
  readonly letter: "A" | "B";
  readonly traceId: string;
  readonly figures: UiPlaceFigures | undefined;
  readonly longest: number;
}) {
  return (
    <div className={styles.side}>
      {figures === undefined ? (
        <span className={styles.letter}>{letter}</span>
      ) : (
        <Link
          to="/trace/$traceId"
          params={{ traceId }}
          search={{ span: figures.spanId }}
          className={styles.letter}
          title={`Open the span in trace ${letter}`}
        >
          {letter}
          <span className="visually-hidden"> open the span</span>
        </Link>
      )}
      <span className={styles.track} aria-hidden="true">
        {figures !== undefined && (
          <span data-side={letter} style={{ width: `${Math.max(0.5, (100 * figures.selfNano) / longest)}%` }} />
        )}
      </span>
      <span className={styles.time}>{figures === undefined ? "not called" : formatDuration(figures.selfNano)}</span>
    </div>
  );
}

/** The places above, the nearest last. */
function pathOf(places: readonly UiPlaceInBoth[], place: UiPlaceInBoth): string {
  const names: string[] = [];
  for (let at = place.parent; at >= 0 && names.length < 2; at = places[at]!.parent) {
    names.unshift(`${places[at]!.service} ${places[at]!.name}`);
  }
  return `${place.depth > names.length && names.length > 0 ? "… › " : ""}${names.join(" › ")}`;
}
