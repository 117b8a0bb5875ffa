import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { HOUR_MS } from "../../../../src/model/time.ts";
import type { UiAttribute } from "../../../../src/query/ui/api-types.ts";
import { formatCount } from "../../format/count.ts";
import { tagsToJson } from "../../format/tags.ts";
import { iconButtonClass, LinkButton } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Icon } from "../../ui/icon.tsx";
import styles from "./attribute-table.module.css";
import { Dropped } from "./dropped.tsx";
import { tagText, valueText } from "./value-text.ts";

const LONG = 600;
const HOUR_MICROS = BigInt(HOUR_MS) * 1000n;

interface AttributeFilter {
  readonly service: string;
  readonly startNano: string;
}

/** Attributes as a table: key, typed value, copy, and a search for spans with the same value around that time. */
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
  const [whole, setWhole] = useState(false);
  const text = valueText(attribute);
  const long = text.length > LONG;
  const tag = tagText(attribute);
  return (
    <tr>
      <th scope="row">{breakable(attribute.key)}</th>
      <td>
        {attribute.type === "empty" ? (
          <span className="muted">empty</span>
        ) : (
          <span className={styles.value} data-type={attribute.type} dir="auto">
            {long && !whole ? text.slice(0, LONG) : text}
          </span>
        )}
        {long && (
          <LinkButton onClick={() => setWhole(!whole)}>
            {whole ? "show less" : `… all ${formatCount(text.length)} characters`}
          </LinkButton>
        )}
        {attribute.type !== "string" && attribute.type !== "empty" && (
          <span className={styles.type}>{attribute.type}</span>
        )}
      </td>
      <td className={styles.actions}>
        <CopyButton text={text} label={`Copy ${attribute.key}`} />
        {filter !== undefined && tag !== undefined && (
          <Link
            to="/search"
            search={{ service: filter.service, tags: tagsToJson([[attribute.key, tag]]), ...around(filter.startNano) }}
            className={iconButtonClass}
            title={`Search spans with this ${attribute.key}`}
            aria-label={`Search spans with this ${attribute.key}`}
          >
            <Icon name="filter" />
          </Link>
        )}
      </td>
    </tr>
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
