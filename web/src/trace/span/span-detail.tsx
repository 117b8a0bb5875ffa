import type { UiSpanDetail } from "../../../../src/query/ui/api-types.ts";
import { formatAbsolute, nanoToMs } from "../../format/time.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Notice } from "../../ui/notice.tsx";
import type { TraceModel } from "../model/trace-model.ts";
import { AttributeTable } from "./attribute-table.tsx";
import { Section } from "./section.tsx";
import styles from "./span-detail.module.css";
import { SpanEvents } from "./span-events.tsx";
import { SpanLinks } from "./span-links.tsx";

/** Everything one span carries. */
export function SpanDetail({
  span,
  model,
  heading,
}: {
  readonly span: UiSpanDetail;
  readonly model: TraceModel;
  readonly heading: string | undefined;
}) {
  const filter = { service: span.service, startNano: span.startTimeUnixNano };
  const scopeName = span.scope.version === "" ? span.scope.name : `${span.scope.name} ${span.scope.version}`;
  return (
    <>
      {heading !== undefined && (
        <h3 className={styles.heading}>
          {heading} <span className="muted">{span.kind}</span>
        </h3>
      )}
      {(span.status.code === "error" || span.status.message !== "") && (
        <div className={styles.status} data-code={span.status.code}>
          <strong>{span.status.code === "error" ? "Error" : `Status ${span.status.code}`}</strong>
          <bdi>{span.status.message || span.errorText || "no message"}</bdi>
        </div>
      )}
      {span.marks.length > 0 && (
        <Notice tone="warning" title="The collector found" className={styles.marks}>
          <ul className={styles.list}>
            {span.marks.map((mark) => (
              <li key={mark}>{mark}</li>
            ))}
          </ul>
        </Notice>
      )}
      <Section title="Attributes" count={span.attributes.length} open>
        <AttributeTable attributes={span.attributes} dropped={span.droppedAttributesCount} filter={filter} />
      </Section>
      {(span.events.length > 0 || span.droppedEventsCount > 0) && (
        <Section title="Events" count={span.events.length} open>
          <SpanEvents span={span} />
        </Section>
      )}
      {(span.links.length > 0 || span.droppedLinksCount > 0) && (
        <Section title="Links" count={span.links.length} open>
          <SpanLinks span={span} model={model} />
        </Section>
      )}
      <Section title="Resource" count={span.resource.attributes.length} open={false}>
        <AttributeTable
          attributes={span.resource.attributes}
          dropped={span.resource.droppedAttributesCount}
          filter={filter}
        />
        {span.resource.schemaUrl !== "" && <p className="muted break-anywhere">Schema {span.resource.schemaUrl}</p>}
      </Section>
      <Section title="Scope" note={scopeName === "" ? "unnamed" : scopeName} open={false}>
        <AttributeTable
          attributes={span.scope.attributes}
          dropped={span.scope.droppedAttributesCount}
          filter={filter}
        />
        {span.scope.schemaUrl !== "" && <p className="muted break-anywhere">Schema {span.scope.schemaUrl}</p>}
      </Section>
      <Section title="Times and context" open={false}>
        <dl className={styles.facts}>
          <PlainFact
            name="Start"
            value={formatAbsolute(nanoToMs(span.startTimeUnixNano))}
            extra={span.startTimeUnixNano}
          />
          <PlainFact name="End" value={formatAbsolute(nanoToMs(span.endTimeUnixNano))} extra={span.endTimeUnixNano} />
          <PlainFact name="Parent" value={span.parentSpanId === "" ? "none" : span.parentSpanId} />
          <PlainFact name="Flags" value={`0x${span.flags.toString(16)}`} />
          <PlainFact name="Trace state" value={span.traceState === "" ? "none" : span.traceState} />
        </dl>
      </Section>
      <Section title="Raw OTLP JSON" open={false}>
        <RawJson value={span.otlp} />
      </Section>
    </>
  );
}

function PlainFact({ name, value, extra }: { readonly name: string; readonly value: string; readonly extra?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="break-anywhere">
        {value} {extra !== undefined && <span className="muted mono">{extra}</span>}
      </dd>
    </div>
  );
}

function RawJson({ value }: { readonly value: unknown }) {
  const text = JSON.stringify(value, undefined, 2);
  return (
    <div className={styles.raw} data-part="raw-json">
      <CopyButton text={text} label="Copy the JSON" caption="Copy" />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}
