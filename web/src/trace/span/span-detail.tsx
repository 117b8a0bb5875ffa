import { type ReactNode, useMemo } from "react";
import type { UiSpanDetail } from "../../../../src/query/ui/api-types.ts";
import { formatAbsolute, nanoToMs } from "../../format/time.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Notice } from "../../ui/notice.tsx";
import type { TraceModel } from "../model/trace-model.ts";
import { AttributeTable } from "./attribute-table.tsx";
import { Cause } from "./cause.tsx";
import { Section } from "./section.tsx";
import { SemanticCard } from "./semantic-card.tsx";
import { semanticCard } from "./semantic-rows.ts";
import styles from "./span-detail.module.css";
import { SpanEvents } from "./span-events.tsx";
import { SpanLinks } from "./span-links.tsx";
import { valueText } from "./value-text.ts";

/** Everything one span carries, the cause of its failure first. `timing` is said after what it did. */
export function SpanDetail({
  span,
  model,
  heading,
  timing,
}: {
  readonly span: UiSpanDetail;
  readonly model: TraceModel;
  readonly heading: string | undefined;
  readonly timing: ReactNode;
}) {
  const card = useMemo(() => {
    const values = new Map(span.attributes.map((attribute) => [attribute.key, attribute]));
    return semanticCard((key) => {
      const value = values.get(key);
      return value === undefined ? undefined : valueText(value);
    });
  }, [span]);
  return (
    <>
      {heading !== undefined && (
        <h3 className={styles.heading}>
          {heading} <span className="muted">{span.kind}</span>
        </h3>
      )}
      <Cause span={span} />
      {card !== undefined && <SemanticCard card={card} />}
      {timing}
      {span.marks.length > 0 && (
        <Notice tone="warning" title="The collector found" className={styles.marks}>
          <ul className={styles.list}>
            {span.marks.map((mark) => (
              <li key={mark}>{mark}</li>
            ))}
          </ul>
        </Notice>
      )}
      <SpanParts span={span} model={model} />
    </>
  );
}

function SpanParts({ span, model }: { readonly span: UiSpanDetail; readonly model: TraceModel }) {
  const filter = filterOf(span);
  return (
    <>
      <Section title="Attributes" count={span.attributes.length} open>
        <AttributeTable
          attributes={span.attributes}
          dropped={span.droppedAttributesCount}
          filter={{ ...filter, scope: "span" }}
        />
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
      <Origin span={span} />
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

function filterOf({ traceId, service, startTimeUnixNano }: UiSpanDetail) {
  return { traceId, service, startNano: startTimeUnixNano };
}

/** Who made the span. */
function Origin({ span }: { readonly span: UiSpanDetail }) {
  const { resource, scope } = span;
  const filter = filterOf(span);
  const scopeName = scope.version === "" ? scope.name : `${scope.name} ${scope.version}`;
  return (
    <>
      <Section title="Resource" count={resource.attributes.length} open={false}>
        <AttributeTable
          attributes={resource.attributes}
          dropped={resource.droppedAttributesCount}
          filter={{ ...filter, scope: "resource" }}
        />
        {resource.schemaUrl !== "" && <p className="muted break-anywhere">Schema {resource.schemaUrl}</p>}
      </Section>
      <Section title="Scope" note={scopeName === "" ? "unnamed" : scopeName} open={false}>
        <AttributeTable
          attributes={scope.attributes}
          dropped={scope.droppedAttributesCount}
          filter={{ ...filter, scope: "instrumentation" }}
        />
        {scope.schemaUrl !== "" && <p className="muted break-anywhere">Schema {scope.schemaUrl}</p>}
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
