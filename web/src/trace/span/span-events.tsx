import { useState } from "react";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import { makesDuration } from "../../../../src/model/span-times.ts";
import type { UiEvent, UiSpanDetail } from "../../../../src/query/ui/api-types.ts";
import { LinkButton } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { AttributeTable } from "./attribute-table.tsx";
import { Dropped } from "./dropped.tsx";
import { type ExceptionView, readException } from "./exception.ts";
import styles from "./span-events.module.css";

const SHOWN_FRAMES = 12;

/** The span's events by time, exceptions with their stacks read. */
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
  const rest =
    exception === undefined ? event.attributes : event.attributes.filter((a) => !a.key.startsWith("exception."));
  const escaped = event.attributes.filter((a) => a.key === "exception.escaped");
  const shown = [...rest, ...(exception === undefined ? [] : escaped)];
  return (
    <>
      {exception !== undefined && <Exception exception={exception} />}
      {(shown.length > 0 || event.droppedAttributesCount > 0) && (
        <AttributeTable attributes={shown} dropped={event.droppedAttributesCount} />
      )}
    </>
  );
}

function Exception({ exception }: { readonly exception: ExceptionView }) {
  const [whole, setWhole] = useState(false);
  const { stack } = exception;
  const shown = whole ? stack : stack.slice(0, SHOWN_FRAMES);
  return (
    <div className={styles.exception} data-part="exception">
      <div className={styles.exceptionHead}>
        <Icon name="error" />
        <div>
          <strong>{exception.type === "" ? "Exception" : exception.type}</strong>
          {exception.message !== "" && <p dir="auto">{exception.message}</p>}
        </div>
        {stack.length > 0 && (
          <CopyButton text={stack.map((line) => line.text).join("\n")} label="Copy the stack trace" />
        )}
      </div>
      {stack.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <pre className={styles.stack} tabIndex={0}>
          {shown.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines of a fixed text
            <span key={index} data-kind={line.kind}>
              {line.text}
              {"\n"}
            </span>
          ))}
        </pre>
      )}
      {stack.length > SHOWN_FRAMES && (
        <LinkButton onClick={() => setWhole(!whole)}>{whole ? "show less" : `all ${stack.length} lines`}</LinkButton>
      )}
    </div>
  );
}
