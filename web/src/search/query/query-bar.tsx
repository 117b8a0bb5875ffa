import { type ReactNode, useId } from "react";
import { formatCount } from "../../format/count.ts";
import { Icon } from "../../ui/icon.tsx";
import styles from "./query-bar.module.css";
import { QueryFault } from "./query-fault.tsx";
import type { Suggestion } from "./suggestions.ts";
import { type EditedQuery, useProposals } from "./use-proposals.ts";

/**
 * A query in TraceQL with what may stand at the cursor below it (WAI-ARIA combobox with list autocompletion). Enter
 * takes the chosen entry, or else searches; the cursor keys choose, Escape closes the list, Ctrl+Space opens it.
 */
export function QueryBar({
  text,
  fault,
  range,
  onText,
  onSubmit,
  children,
}: EditedQuery & {
  /** Buttons behind the field. */
  readonly children: ReactNode;
}) {
  const id = useId();
  const { input, choices, looked, active, listed, shownFault, type, pick, onKeyDown, ...list } = useProposals({
    id,
    text,
    fault,
    range,
    onText,
    onSubmit,
  });
  return (
    <search className={styles.bar} aria-label="Query">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: watches focus leave the widget as a whole */}
      <div
        className={styles.field}
        onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && list.close()}
      >
        <label htmlFor={id} className="visually-hidden">
          Query in TraceQL
        </label>
        <Icon name="search" />
        <input
          id={id}
          ref={input}
          type="text"
          role="combobox"
          className="mono"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder="Query in TraceQL: { status = error && duration &gt; 1s }"
          aria-expanded={listed}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={listed && active >= 0 ? `${id}-${active}` : undefined}
          aria-invalid={shownFault !== undefined}
          aria-describedby={shownFault === undefined ? undefined : `${id}-fault`}
          value={text}
          onChange={(event) => type(event.target.value, event.target.selectionStart ?? event.target.value.length)}
          onSelect={(event) => list.moveTo(event.currentTarget.selectionStart ?? 0)}
          onClick={list.open}
          onKeyDown={onKeyDown}
        />
        <Proposals id={id} choices={choices} active={active} looked={looked} onPick={pick} />
      </div>
      {children}
      {shownFault !== undefined && (
        <QueryFault id={`${id}-fault`} text={text} fault={shownFault} onText={(next) => type(next, next.length)} />
      )}
    </search>
  );
}

/** The list; hidden where there is nothing to choose. */
function Proposals({
  id,
  choices,
  active,
  looked,
  onPick,
}: {
  readonly id: string;
  readonly choices: readonly Suggestion[];
  readonly active: number;
  readonly looked: string | undefined;
  readonly onPick: (choice: Suggestion) => void;
}) {
  const listed = choices.length > 0;
  return (
    <div id={`${id}-list`} role="listbox" aria-label="Proposals" className={styles.list} hidden={!listed}>
      {listed &&
        choices.map((choice, index) => (
          <Choice
            key={choice.label}
            id={`${id}-${index}`}
            choice={choice}
            active={index === active}
            onPick={() => onPick(choice)}
          />
        ))}
      {listed && looked !== undefined && (
        <div className={styles.note} role="option" aria-disabled="true" aria-selected="false" tabIndex={-1}>
          {looked}
        </div>
      )}
    </div>
  );
}

function Choice({
  id,
  choice: { label, note, spans },
  active,
  onPick,
}: {
  readonly id: string;
  readonly choice: Suggestion;
  readonly active: boolean;
  readonly onPick: () => void;
}) {
  return (
    <div
      id={id}
      role="option"
      tabIndex={-1}
      className={styles.choice}
      aria-selected={active}
      title={label}
      onPointerDown={(event) => {
        event.preventDefault();
        onPick();
      }}
    >
      <span className={styles.label} dir="auto">
        {label}
      </span>
      <span className={styles.about}>{note}</span>
      {spans !== undefined && <span className={styles.count}>{formatCount(spans)}</span>}
    </div>
  );
}
