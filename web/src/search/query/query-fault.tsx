import type { TraceqlError } from "../../../../src/traceql/error.ts";
import { Button } from "../../ui/button.tsx";
import styles from "./query-fault.module.css";

/** Longest part of the query that is shown on each side of the place. */
const AROUND = 32;

/** What is wrong with a query: the place in it, what stands there, what was expected, and the name that was meant. */
export function QueryFault({
  id,
  text,
  fault,
  onText,
}: {
  readonly id: string;
  readonly text: string;
  readonly fault: TraceqlError;
  readonly onText: (text: string) => void;
}) {
  const { at, column, found, expected, suggestion } = fault;
  const word = /^(?:[\p{L}\p{N}_.:-]+|\S)/u.exec(text.slice(at))?.[0] ?? "";
  const before = text.slice(Math.max(0, at - AROUND), at);
  const after = text.slice(at + word.length, at + word.length + AROUND);
  const mended = suggestion === undefined ? undefined : withSuggestion(text, at, suggestion);
  return (
    <div className={styles.fault} role="alert" id={id}>
      <code className={styles.place} aria-hidden="true" dir="auto">
        {at > AROUND && "…"}
        {before}
        <mark>{word === "" ? " " : word}</mark>
        {after}
        {at + word.length + AROUND < text.length && "…"}
      </code>
      <p dir="auto">
        Column {column}: found {found}, expected {expected}
        {suggestion !== undefined && `; did you mean “${suggestion}”?`}
      </p>
      {mended !== undefined && <Button onClick={() => onText(mended)}>Use {suggestion}</Button>}
    </div>
  );
}

/** The word at the place, or the scope that it begins with, replaced. */
function withSuggestion(text: string, at: number, suggestion: string): string {
  const word = suggestion.endsWith(".") ? /^[^.]*\.?/.exec(text.slice(at)) : /^[\p{L}\p{N}_:]+/u.exec(text.slice(at));
  return text.slice(0, at) + suggestion + text.slice(at + (word?.[0].length ?? 0));
}
