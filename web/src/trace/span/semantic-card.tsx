import { CopyButton } from "../../ui/copy-button.tsx";
import styles from "./semantic-card.module.css";
import type { SpanCard } from "./semantic-rows.ts";

/** What the span did, by its protocol. */
export function SemanticCard({ card }: { readonly card: SpanCard }) {
  const { title, summary, outcome, rows, code } = card;
  return (
    <div className={styles.card} data-part="semantics">
      <div className={styles.head}>
        <span className={styles.title}>{title}</span>
        <bdi className={styles.summary}>{summary}</bdi>
        {outcome !== undefined && (
          <span className={styles.outcome} data-bad={outcome.bad}>
            {outcome.text}
          </span>
        )}
      </div>
      {code !== "" && (
        <div className={styles.code}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
          <pre tabIndex={0}>{code}</pre>
          <CopyButton text={code} label="Copy the statement" />
        </div>
      )}
      {rows.length > 0 && (
        <dl className={styles.rows}>
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd dir="auto">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
