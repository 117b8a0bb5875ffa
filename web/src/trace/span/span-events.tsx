import { formatDuration } from "../../../../src/model/duration-text.ts";
import { makesDuration } from "../../../../src/model/span-times.ts";
import type { UiEvent, UiSpanDetail } from "../../../../src/query/ui/api-types.ts";
import { AttributeTable } from "./attribute-table.tsx";
import { Dropped } from "./dropped.tsx";
import { readException } from "./exception.ts";
import styles from "./span-events.module.css";

/** Of an exception, what its card tells. */
const TOLD = ["exception.type", "exception.message", "exception.stacktrace"];

/** The span's events by time; the stacks of exceptions stand above. */
export function SpanEvents({ span }: { readonly span: UiSpanDetail }) {
  const start = BigInt(span.startTimeUnixNano);
  return (
    <ol>
      {span.events.map((event, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events may be equal in all they have
        <li key={index} className={styles.event}>
          <div className={styles.head}>
            <span className={styles.time}>{offsetText(start, BigInt(event.timeUnixNano))}</span>
            <bdi>{event.name}</bdi>
          </div>
          <EventBody event={event} />
        </li>
      ))}
      <Dropped count={span.droppedEventsCount} as="li" />
    </ol>
  );
}

/** A dash where start and event are not times of one clock. */
function offsetText(start: bigint, time: bigint): string {
  return makesDuration(start, time) ? `+${formatDuration(Number(time - start))}` : formatDuration(undefined);
}

function EventBody({ event }: { readonly event: UiEvent }) {
  const exception = readException(event);
  // Its stack stands above.
  const shown = exception === undefined ? event.attributes : event.attributes.filter((a) => !TOLD.includes(a.key));
  return (
    <>
      {exception !== undefined && (
        <p className={styles.told}>
          <bdi>{[exception.type, exception.message].filter((part) => part !== "").join(": ")}</bdi>
        </p>
      )}
      {(shown.length > 0 || event.droppedAttributesCount > 0) && (
        <AttributeTable attributes={shown} dropped={event.droppedAttributesCount} />
      )}
    </>
  );
}
