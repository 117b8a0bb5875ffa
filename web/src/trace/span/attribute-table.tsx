import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { HOUR_MS } from "../../../../src/model/time.ts";
import type { UiAttribute } from "../../../../src/query/ui/api-types.ts";
import { printField } from "../../../../src/traceql/print-field.ts";
import { useTraceOrigin } from "../../api/local-source.ts";
import { type Tag, tagsToAddress } from "../../format/tags.ts";
import { iconButtonClass } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Icon } from "../../ui/icon.tsx";
import styles from "./attribute-table.module.css";
import { AttributeValue } from "./attribute-value.tsx";
import { Dropped } from "./dropped.tsx";
import { tagText, valueText } from "./value-text.ts";

/** Longer values make no address, characters. */
const MOST_SEARCHED = 500;
const HOUR_MICROS = BigInt(HOUR_MS) * 1000n;

interface AttributeFilter {
  /** The trace that the attributes are of. */
  readonly traceId: string;
  readonly service: string;
  readonly startNano: string;
  /** What has the attributes, as TraceQL calls it. */
  readonly scope: "span" | "resource" | "instrumentation";
}

/**
 * Attributes as a table: key, typed value, copy, and searches around that time for this value, or another. Of a trace
 * that is not of the store, whose search would find others, what holds the value within the trace.
 */
export function AttributeTable({
  attributes,
  dropped,
  filter,
}: {
  readonly attributes: readonly UiAttribute[];
  readonly dropped: number;
  readonly filter?: AttributeFilter;
}) {
  return (
    <>
      {attributes.length > 0 && (
        <table className={styles.table}>
          <colgroup>
            <col className={styles.keys} />
            <col />
            <col className={styles.tools} />
          </colgroup>
          <thead className="visually-hidden">
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Value</th>
              <th scope="col">Actions</th>
            </tr>
          </thead>
          <tbody>
            {attributes.map((attribute, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: keys may repeat and the list never changes
              <AttributeRow key={`${index}-${attribute.key}`} attribute={attribute} filter={filter} />
            ))}
          </tbody>
        </table>
      )}
      {attributes.length === 0 && dropped === 0 && <p className="muted">None</p>}
      <Dropped count={dropped} as="p" />
    </>
  );
}

function AttributeRow({
  attribute,
  filter,
}: {
  readonly attribute: UiAttribute;
  readonly filter: AttributeFilter | undefined;
}) {
  const { key } = attribute;
  const tag = tagText(attribute);
  return (
    <tr>
      <th scope="row">{breakable(key)}</th>
      <td>
        <AttributeValue attribute={attribute} />
      </td>
      <td className={styles.actions}>
        {filter !== undefined && tag !== undefined && tag.length <= MOST_SEARCHED && (
          <Filters filter={filter} name={key} value={tag} />
        )}
        <CopyButton text={() => valueText(attribute)} label={`Copy ${key}`} />
      </td>
    </tr>
  );
}

function Filters({
  filter,
  name,
  value,
}: {
  readonly filter: AttributeFilter;
  readonly name: string;
  readonly value: string;
}) {
  const origin = useTraceOrigin(filter.traceId);
  if (origin !== "store") {
    const label = `Find the value of ${name} in this trace`;
    return (
      <Link
        to="/trace/$traceId"
        params={{ traceId: filter.traceId }}
        search={(before) => ({ ...before, uiFind: value })}
        className={iconButtonClass}
        title={label}
        aria-label={label}
      >
        <Icon name="search" />
      </Link>
    );
  }
  return (
    <>
      <SearchLink filter={filter} more={tagged([name, value])} label={`Search spans with this ${name}`}>
        <Icon name="plus" />
      </SearchLink>
      <SearchLink filter={filter} more={tagged([name, value, "!="])} label={`Search spans with another ${name}`}>
        <Icon name="minus" />
      </SearchLink>
      <SearchLink
        filter={filter}
        more={{ columns: printField({ scope: filter.scope, key: name }) }}
        label={`Search the traces of ${filter.service} with a column of ${name}`}
      >
        <Icon name="column" />
      </SearchLink>
    </>
  );
}

function tagged(tag: Tag): { readonly tags: string } {
  return { tags: tagsToAddress([tag]) };
}

function SearchLink({
  filter,
  more,
  label,
  children,
}: {
  readonly filter: AttributeFilter;
  /** What the search asks beside service and time. */
  readonly more: { readonly tags: string } | { readonly columns: string };
  readonly label: string;
  readonly children: ReactNode;
}) {
  return (
    <Link
      to="/search"
      search={{ service: filter.service, ...more, ...around(filter.startNano) }}
      className={iconButtonClass}
      title={label}
      aria-label={label}
    >
      {children}
    </Link>
  );
}

/** A key that may break after its dots and underscores. */
function breakable(key: string): ReactNode[] {
  return key.split(/(?<=[._/-])/).flatMap((part, index) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a fixed text
    return index === 0 ? [part] : [<wbr key={index} />, part];
  });
}

/** An hour before and after the span, so that the search finds at least the trace it came from. */
function around(startNano: string): { lookback: string; start: string; end: string } {
  const micros = BigInt(startNano) / 1000n;
  return { lookback: "custom", start: String(micros - HOUR_MICROS), end: String(micros + HOUR_MICROS) };
}
