import type { UiSpanDetail } from "../../../../src/query/ui/api-types.ts";
import styles from "./cause.module.css";
import { readException } from "./exception.ts";
import { ExceptionCard } from "./exception-card.tsx";

/** Earlier exceptions of a span are among its events alone. */
const SHOWN = 3;

/** Why a span failed: its exceptions, the last first, and its status where that says something else. */
export function Cause({ span }: { readonly span: UiSpanDetail }) {
  const exceptions = span.events
    .flatMap((event) => readException(event) ?? [])
    .reverse()
    .slice(0, SHOWN);
  const { code, message } = span.status;
  const failed = code === "error";
  const told = exceptions.some(
    (one) => message !== "" && (one.message === message || `${one.type}: ${one.message}` === message),
  );
  const text = message || (exceptions.length === 0 ? span.errorText || "no message" : "");
  return (
    <>
      {(failed || message !== "") && !told && text !== "" && (
        <div className={styles.status} data-code={code}>
          <strong>{failed ? "Error" : `Status ${code}`}</strong>
          <bdi>{text}</bdi>
        </div>
      )}
      {exceptions.map((exception, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: exceptions may be equal in all they have
        <ExceptionCard key={index} exception={exception} />
      ))}
    </>
  );
}
