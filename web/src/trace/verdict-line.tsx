import type { UiVerdict } from "../../../src/query/ui/api-types.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./verdict-line.module.css";

interface Part {
  readonly tone: "error" | "warning" | "calm" | "waiting";
  readonly text: string;
  readonly spanId?: string;
}

/**
 * Whether this is normal, in a sentence or three; each shows its span. What is still to come is told; nothing where
 * there is nothing to say.
 */
export function VerdictLine({
  verdict,
  onShow,
}: {
  readonly verdict: UiVerdict | undefined;
  readonly onShow: (spanId: string) => void;
}) {
  const parts = verdict === undefined ? [] : partsOf(verdict);
  if (parts.length === 0) return null;
  return (
    <ul className={styles.verdict} aria-label="Verdict">
      {parts.map(({ tone, text, spanId }) => (
        <li key={text} data-tone={tone} className={styles.part}>
          {tone !== "waiting" && <Icon name={tone === "error" ? "error" : "warning"} />}
          <bdi className={styles.text} title={text}>
            {text}
          </bdi>
          {spanId !== undefined && (
            <Button className={styles.show} aria-label={`Show the span: ${text}`} onClick={() => onShow(spanId)}>
              show
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

const WAITS = {
  spans: "Whether it is slow is not known yet: its spans came a moment ago",
  usual: "Whether it is slow is not known yet: fewer than 50 requests of its kind are counted so far",
} as const;

function partsOf({ slow, failed, repeated, waits }: UiVerdict): Part[] {
  const parts: Part[] = [];
  if (failed !== undefined) {
    parts.push({ tone: failed.recovered ? "calm" : "error", text: failed.text, spanId: failed.spanId });
  }
  const blame = slow?.blame;
  if (slow !== undefined) {
    const text = blame === undefined ? slow.text : `${slow.text} ▸ ${blame.text}`;
    parts.push({ tone: "warning", text, ...(blame !== undefined && { spanId: blame.spanId }) });
  }
  // Where the slowness is put down to these very calls, once is enough.
  if (repeated !== undefined && repeated.spanId !== blame?.spanId) {
    parts.push({ tone: "calm", text: repeated.text, spanId: repeated.spanId });
  }
  if (waits !== undefined) parts.push({ tone: "waiting", text: WAITS[waits] });
  return parts;
}
