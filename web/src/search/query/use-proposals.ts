import { useRef, useState } from "react";
import type { TraceqlError } from "../../../../src/traceql/error.ts";
import { completionPlace } from "./completion-place.ts";
import { type Suggestion, suggestions } from "./suggestions.ts";
import { type CompletionRange, useStored } from "./use-stored.ts";

/** A query in a field: its text, what is wrong with it, and what is done with it. */
export interface EditedQuery {
  readonly text: string;
  readonly fault: TraceqlError | undefined;
  /** Of which spans names and values are proposed. */
  readonly range: CompletionRange;
  readonly onText: (text: string) => void;
  /** False where the query is none. */
  readonly onSubmit: () => boolean;
}

/** The list below a query: what may stand at the cursor, and the keys that choose of it. `id` is the field's. */
export function useProposals({ id, text, fault, range, onText, onSubmit }: EditedQuery & { readonly id: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState(false);
  const [cursor, setCursor] = useState(0);
  const [active, setActive] = useState(-1);
  const [refused, setRefused] = useState(false);
  const place = open ? completionPlace(text, Math.min(cursor, text.length)) : undefined;
  const { keys, values, looked } = useStored(place, range);
  const choices = place === undefined ? [] : suggestions(place, keys, values);
  const listed = choices.length > 0;
  const shownFault = fault !== undefined && (refused || fault.at < text.trimEnd().length) ? fault : undefined;

  const type = (next: string, at: number) => {
    onText(next);
    setCursor(at);
    setActive(-1);
    setOpen(true);
    setRefused(false);
  };
  const pick = ({ insert }: Suggestion) => {
    if (place === undefined) return;
    const rest = text.slice(place.to);
    const put = rest.startsWith(" ") ? insert.trimEnd() : insert;
    const at = place.from + put.length + (rest.startsWith(" ") ? 1 : 0);
    type(text.slice(0, place.from) + put + rest, at);
    // The browser puts the cursor at the end of a text that it did not type itself.
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(at, at);
    });
  };
  const move = (to: number) => {
    const next = (to + choices.length) % choices.length;
    setActive(next);
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const chosen = listed ? choices[active] : undefined;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!listed) setOpen(true);
      else if (event.key === "ArrowDown") move(active + 1);
      else move(active < 0 ? choices.length - 1 : active - 1);
    } else if (event.key === " " && event.ctrlKey) setOpen(true);
    else if (event.key === "Escape" && listed) setOpen(false);
    else if (event.key === "Enter" && chosen !== undefined) pick(chosen);
    else if (event.key === "Enter") {
      setOpen(false);
      setRefused(!onSubmit());
    } else return;
    event.preventDefault();
  };

  return {
    input,
    choices,
    looked,
    active,
    listed,
    shownFault,
    type,
    pick,
    onKeyDown,
    open: () => setOpen(true),
    close: () => setOpen(false),
    moveTo: setCursor,
  };
}
