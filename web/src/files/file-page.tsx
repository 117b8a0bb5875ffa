import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import type { LocalTraceSummary } from "../../../src/query/local/local-traces.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatAbsolute, nanoToMs } from "../format/time.ts";
import { DataTable, numberClass, spareNumberClass } from "../ui/data-table.tsx";
import { Field } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { Page } from "../ui/page.tsx";
import styles from "./file-page.module.css";
import { useFiles } from "./use-files.ts";

/** Rows on screen; the field finds the others. */
const LISTED = 500;

/** The traces of the files that are open in this tab. */
export function FilePage() {
  const { state } = useFiles();
  const [text, setText] = useState("");
  const traces = state.kind === "open" ? state.opened.traces : [];
  const found = useMemo(() => traces.filter((trace) => holds(trace, text.trim().toLowerCase())), [traces, text]);
  if (state.kind !== "open") {
    return (
      <Page>
        <h1>No file is open</h1>
        <p>
          Drop a file on this page, or choose one with the button at the top: OTLP as JSON, JSON Lines or protobuf, or
          the JSON of Jaeger or Zipkin, also as <code>.gz</code>. It is read in this tab alone, and forgotten with it.
        </p>
      </Page>
    );
  }
  return (
    <Page>
      <h1>
        {counted(traces.length, "trace")} <span className="muted">with {counted(state.opened.spans, "span")}</span>
      </h1>
      {traces.length > 1 && (
        <Field id="file-find" label="Find by service, operation or trace id">
          <input
            id="file-find"
            type="search"
            spellCheck={false}
            autoComplete="off"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </Field>
      )}
      <DataTable className={styles.traces}>
        <thead>
          <tr>
            <th scope="col">Trace</th>
            <th scope="col" className={numberClass}>
              Duration
            </th>
            <th scope="col" className={spareNumberClass}>
              Spans
            </th>
            <th scope="col" className={spareNumberClass}>
              Errors
            </th>
            <th scope="col" className={spareNumberClass}>
              Start
            </th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, LISTED).map((trace) => (
            <TraceRow key={trace.traceId} trace={trace} />
          ))}
        </tbody>
      </DataTable>
      {found.length === 0 && <p className="muted">No trace has that text.</p>}
      {found.length > LISTED && (
        <p className="muted">
          The newest {LISTED} of {formatCount(found.length)} are listed.
        </p>
      )}
    </Page>
  );
}

function TraceRow({ trace }: { readonly trace: LocalTraceSummary }) {
  return (
    <tr>
      <td>
        <Link to="/trace/$traceId" params={{ traceId: trace.traceId }} search={{}}>
          <b>{trace.rootService}</b> <bdi>{trace.rootName}</bdi>
        </Link>
      </td>
      <td className={numberClass}>{formatDuration(trace.durationNano)}</td>
      <td className={spareNumberClass}>{formatCount(trace.spans)}</td>
      <td className={spareNumberClass}>
        {trace.errors > 0 ? (
          <span className="error-text">
            <Icon name="error" label="errors" /> {formatCount(trace.errors)}
          </span>
        ) : (
          "0"
        )}
      </td>
      <td className={spareNumberClass}>{formatAbsolute(nanoToMs(trace.startTimeUnixNano))}</td>
    </tr>
  );
}

function holds({ traceId, rootName, rootService, services }: LocalTraceSummary, wanted: string): boolean {
  if (wanted === "") return true;
  return [traceId, rootName, rootService, ...services].some((text) => text.toLowerCase().includes(wanted));
}
