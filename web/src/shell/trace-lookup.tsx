import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { parseTraceReference } from "../../../src/model/trace-reference.ts";
import { Icon } from "../ui/icon.tsx";
import styles from "./trace-lookup.module.css";

/** Fewer digits are more likely a number or a word. */
const LEAST_DIGITS = 8;

/** Opens the trace that a pasted id or its first digits, a `traceparent` or a link names. */
export function TraceLookup() {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [refused, setRefused] = useState(false);
  const open = (value: string): boolean => {
    const reference = parseTraceReference(value);
    if (reference === undefined || reference.digits.length < LEAST_DIGITS) return false;
    if (/^0+$/.test(reference.digits)) return false;
    setText("");
    setRefused(false);
    void navigate({
      to: "/trace/$traceId",
      params: { traceId: reference.digits },
      search: reference.spanId === undefined ? {} : { span: reference.spanId },
    });
    return true;
  };
  return (
    <search className={styles.lookup} aria-label="Open a trace">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") setRefused(!open(text));
        }}
      >
        <Icon name="search" />
        <input
          type="text"
          value={text}
          spellCheck={false}
          autoComplete="off"
          aria-label="Trace id or traceparent"
          aria-invalid={refused}
          aria-describedby={refused ? "trace-lookup-problem" : undefined}
          placeholder="Trace id or traceparent"
          onChange={(event) => {
            setText(event.target.value);
            setRefused(false);
          }}
          onPaste={(event) => {
            if (open(event.clipboardData.getData("text"))) event.preventDefault();
          }}
        />
        {refused && (
          <span id="trace-lookup-problem" className={styles.problem} role="alert">
            Expected a trace id (8 to 32 hex digits) or a traceparent header
          </span>
        )}
      </form>
    </search>
  );
}
