import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { servicesQuery } from "../api/queries.ts";
import { recentPages } from "../shell/recent-pages.ts";
import { Icon } from "../ui/icon.tsx";
import { useServiceLooks } from "../ui/service/service-looks.ts";
import { ServiceSwatch } from "../ui/service/service-swatch.tsx";
import styles from "./command-palette.module.css";
import { type PaletteItem, paletteItems } from "./palette-items.ts";
import { type PaletteProps, useActions } from "./use-actions.ts";

/**
 * Leads to whatever has a name by typing some of it: pages, services, operations, what was looked at last, a trace by
 * its id, and actions. A dialog with a WAI-ARIA combobox whose list is always open.
 */
export function CommandPalette({ onClose, onHelp }: PaletteProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const router = useRouter();
  const services = useQuery(servicesQuery);
  const [recent] = useState(recentPages);
  const { actions, act } = useActions(onHelp);
  const items = useMemo(
    () => paletteItems(text, { services: services.data?.services ?? [], recent, actions }),
    [text, services.data, recent, actions],
  );
  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  const choose = (item: PaletteItem | undefined) => {
    if (item === undefined) return;
    dialog.current?.close();
    if ("action" in item.target) act(item.target.action);
    else router.history.push(new URL(item.target.path, document.baseURI).href.slice(location.origin.length));
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const to = movedTo(event.key, active, items.length);
    if (to !== undefined) {
      setActive(to);
      document.getElementById(`${id}-${to}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") choose(items[active]);
    else return;
    event.preventDefault();
  };

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it by the keyboard
    <dialog
      ref={dialog}
      className={styles.dialog}
      aria-label="Go to or do"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <Field
        listId={`${id}-list`}
        active={items.length > 0 ? `${id}-${active}` : undefined}
        text={text}
        onText={(next) => {
          setText(next);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <Options id={id} items={items} active={active} onChoose={choose} />
      <p className={styles.foot} role="status">
        {items.length === 0 ? "Nothing has this name." : "↑ ↓ to move, Enter to choose, Esc to close"}
      </p>
    </dialog>
  );
}

/** Which of `count` options a key leads to, round the ends; undefined for keys that do not move. */
function movedTo(key: string, active: number, count: number): number | undefined {
  const by = { ArrowDown: 1, ArrowUp: -1 }[key];
  return by === undefined || count === 0 ? undefined : (active + by + count) % count;
}

function Field({
  listId,
  active,
  text,
  onText,
  onKeyDown,
}: {
  readonly listId: string;
  /** Id of the option that Enter chooses. */
  readonly active: string | undefined;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onKeyDown: (event: React.KeyboardEvent) => void;
}) {
  return (
    <div className={styles.field}>
      <Icon name="search" />
      <input
        type="text"
        role="combobox"
        aria-label="Page, service, operation, trace id or action"
        aria-expanded="true"
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={active}
        autoComplete="off"
        spellCheck={false}
        placeholder="Page, service, operation, trace id or action"
        value={text}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}

function Options({
  id,
  items,
  active,
  onChoose,
}: {
  readonly id: string;
  readonly items: readonly PaletteItem[];
  readonly active: number;
  readonly onChoose: (item: PaletteItem) => void;
}) {
  const lookOf = useServiceLooks();
  return (
    <div id={`${id}-list`} role="listbox" aria-label="Found" className={styles.list}>
      {items.map((item, index) => (
        <Option
          key={item.id}
          id={`${id}-${index}`}
          item={item}
          heads={item.group !== items[index - 1]?.group}
          look={item.service === undefined ? undefined : lookOf(item.service)}
          selected={index === active}
          onChoose={() => onChoose(item)}
        />
      ))}
    </div>
  );
}

function Option({
  id,
  item,
  heads,
  look,
  selected,
  onChoose,
}: {
  readonly id: string;
  readonly item: PaletteItem;
  /** It is the first of its group. */
  readonly heads: boolean;
  readonly look: Parameters<typeof ServiceSwatch>[0]["look"] | undefined;
  readonly selected: boolean;
  readonly onChoose: () => void;
}) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, which keeps the focus
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      data-group={heads ? item.group : undefined}
      className={styles.option}
      title={item.title}
      onPointerDown={(event) => event.preventDefault()}
      onClick={onChoose}
    >
      {look !== undefined && <ServiceSwatch look={look} />}
      <bdi className={styles.title}>{item.title}</bdi>
      <span className={styles.note}>{item.note}</span>
    </div>
  );
}
