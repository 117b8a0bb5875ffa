import { type ReactNode, useEffect, useRef, useState } from "react";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./keyboard-help.module.css";
import { PALETTE_KEYS, setShortcutsEnabled, shortcutsEnabled } from "./shortcuts.ts";

/** Keys of one line are parted by spaces; `+` within one are pressed together. */
const GROUPS = [
  {
    title: "Trace",
    keys: [
      ["/ Ctrl+F", "find in names and attributes"],
      ["Enter Shift+Enter", "next, previous match, in the find field"],
      ["f b", "next, previous match"],
      ["e E", "next, previous error"],
      ["[ ]", "unfold all, fold all"],
      ["o p", "unfold, fold one level"],
      ["a d", "pan left, right"],
      ["+ − 0 r", "zoom in, out, whole trace, root span"],
    ],
  },
  {
    title: "Map, once it has the focus",
    keys: [
      ["↑ ↓ ← →", "move"],
      ["+ − 0", "zoom in, out, fit"],
      ["Esc", "close the service or call"],
    ],
  },
  {
    title: "Timeline rows",
    keys: [
      ["↑ ↓", "previous, next row"],
      ["PgUp PgDn Home End", "page, first, last row"],
      ["→", "unfold or open a group, or go to the first child"],
      ["←", "fold, or go to the parent or the first of a group"],
      ["Enter Esc", "open, close the span"],
      ["Shift+wheel Ctrl+wheel", "pan, zoom"],
    ],
  },
  {
    title: "Search",
    keys: [
      ["j k", "next, previous trace"],
      ["Enter", "open the trace"],
      ["Space", "show it at a glance"],
      ["c", "pick it to compare it with another one"],
    ],
  },
  {
    title: "Query and heat map, once they have the focus",
    keys: [
      ["↑ ↓ Ctrl+Space", "choose, open what is proposed"],
      ["Enter", "take the proposal, or search"],
      ["↑ ↓ ← → Shift", "mark cells, more of them"],
    ],
  },
  {
    title: "Everywhere",
    keys: [
      [PALETTE_KEYS, "go to a page, service, operation or trace"],
      ["?", "this list"],
      ["Tab Shift+Tab", "next, previous control"],
    ],
  },
] as const;

/** The keys that work, as a dialog, and below them what else there is to say of the page. */
export function KeyboardHelp({
  onClose,
  children,
}: {
  readonly onClose: () => void;
  /** The licences of what the page is made of. */
  readonly children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [on, setOn] = useState(shortcutsEnabled);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className={styles.dialog} aria-labelledby="keyboard-help-title" onClose={onClose}>
      <div className={styles.head}>
        <h2 id="keyboard-help-title">Keyboard</h2>
        <IconButton aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </IconButton>
      </div>
      <div className={styles.groups}>
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl className={styles.keys}>
              {group.keys.map(([keys, what]) => (
                <div key={keys}>
                  <dt>
                    {keys.split(" ").map((key) => (
                      <kbd key={key}>{key.length > 1 ? key.replace("+", " ") : key}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            setShortcutsEnabled(event.target.checked);
            setOn(event.target.checked);
          }}
        />
        Single-letter shortcuts
      </label>
      <div className={styles.about}>{children}</div>
    </dialog>
  );
}
