import { useMemo, useState } from "react";
import type { UiAttribute } from "../../../../src/query/ui/api-types.ts";
import { formatCount } from "../../format/count.ts";
import { LinkButton } from "../../ui/button.tsx";
import styles from "./attribute-value.module.css";
import { jsonLayout, linkOf, valueText } from "./value-text.ts";

/** Longer values are cut until they are asked for, and then scroll. */
const LONG = 600;

/** One value: an address as a link, JSON laid out, what is long cut. */
export function AttributeValue({ attribute }: { readonly attribute: UiAttribute }) {
  const [whole, setWhole] = useState(false);
  const [asSent, setAsSent] = useState(false);
  const sent = valueText(attribute);
  const json = useMemo(() => (attribute.type === "string" ? jsonLayout(sent) : undefined), [attribute.type, sent]);
  if (attribute.type === "empty") return <span className="muted">empty</span>;
  const text = json === undefined || asSent ? sent : json;
  const long = text.length > LONG;
  const link = attribute.type === "string" ? linkOf(sent) : undefined;
  const shown = long && !whole ? text.slice(0, LONG) : text;
  return (
    <>
      {link !== undefined ? (
        <a className={styles.value} href={link} target="_blank" rel="noopener noreferrer">
          {shown}
        </a>
      ) : (
        <span className={styles.value} dir="auto" data-whole={long && whole} tabIndex={long && whole ? 0 : undefined}>
          {shown}
        </span>
      )}
      {attribute.type !== "string" && <span className={styles.type}>{attribute.type}</span>}
      {long && (
        <LinkButton onClick={() => setWhole(!whole)}>
          {whole ? "show less" : `… show all ${formatCount(text.length)} characters`}
        </LinkButton>
      )}
      {json !== undefined && json !== sent && (
        <LinkButton onClick={() => setAsSent(!asSent)}>{asSent ? "lay out" : "as sent"}</LinkButton>
      )}
    </>
  );
}
