import { type Ref, useState } from "react";
import { formatCount } from "../format/count.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./find-bar.module.css";

/** Find over names and attributes: the text, how many spans hold it, and the way through them. */
export function FindBar({
  ref,
  text,
  rows,
  searching,
  activeRow,
  onText,
  onStep,
  onLeave,
}: {
  readonly ref: Ref<HTMLInputElement>;
  readonly text: string;
  readonly rows: Int32Array;
  readonly searching: boolean;
  readonly activeRow: () => number;
  readonly onText: (text: string) => void;
  readonly onStep: (direction: 1 | -1) => void;
  readonly onLeave: () => void;
}) {
  const [current, setCurrent] = useState(0);
  const change = (next: string) => {
    setCurrent(0);
    onText(next);
  };
  const step = (direction: 1 | -1) => {
    onStep(direction);
    // The timeline moves in the next frame; the count follows it.
    requestAnimationFrame(() => requestAnimationFrame(() => setCurrent(rows.indexOf(activeRow()) + 1)));
  };
  const count =
    text.trim() === ""
      ? ""
      : rows.length === 0
        ? searching
          ? "searching…"
          : "no match"
        : `${current === 0 ? "" : `${current} of `}${formatCount(rows.length)}${searching ? "…" : ""}`;
  return (
    <search className={styles.bar} aria-label="Find in this trace">
      <Icon name="search" />
      <input
        ref={ref}
        type="text"
        value={text}
        spellCheck={false}
        autoComplete="off"
        aria-label="Find in names and attributes"
        placeholder="Find in names and attributes"
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
          else if (event.key === "Escape" && text !== "") change("");
          else if (event.key === "Escape") onLeave();
          else return;
          event.preventDefault();
        }}
      />
      <span className={styles.count} role="status">
        {count}
      </span>
      <IconButton small aria-label="Previous match" disabled={rows.length === 0} onClick={() => step(-1)}>
        <Icon name="up" />
      </IconButton>
      <IconButton small aria-label="Next match" disabled={rows.length === 0} onClick={() => step(1)}>
        <Icon name="down" />
      </IconButton>
    </search>
  );
}
