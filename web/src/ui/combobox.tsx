import { useId, useRef, useState } from "react";
import styles from "./combobox.module.css";
import { Field } from "./field.tsx";
import { Icon } from "./icon.tsx";

const SHOWN = 200;

/**
 * A text field with a list to pick from that narrows while typing (WAI-ARIA combobox with list autocompletion). Free
 * text is allowed: a service that is not stored yet can still be asked for.
 */
export function Combobox({
  label,
  value,
  options,
  placeholder,
  disabled = false,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly placeholder?: string;
  readonly disabled?: boolean;
  readonly onChange: (value: string) => void;
}) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState(false);
  const [active, setActive] = useState(-1);
  const needle = typed ? value.trim().toLowerCase() : "";
  const matching = needle === "" ? options : options.filter((option) => option.toLowerCase().includes(needle));
  const shown = matching.slice(0, SHOWN);
  const listed = open && shown.length > 0;

  const show = () => {
    setOpen(true);
    setActive(-1);
  };
  const pick = (option: string) => {
    onChange(option);
    setTyped(false);
    setOpen(false);
    setActive(-1);
  };
  const move = (to: number) => {
    setOpen(true);
    const next = Math.max(0, Math.min(shown.length - 1, to));
    setActive(next);
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
  };

  return (
    <Field id={id} label={label}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: watches focus leave the widget as a whole */}
      <div
        className={styles.combobox}
        onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}
      >
        <input
          id={id}
          ref={input}
          type="text"
          role="combobox"
          autoComplete="off"
          spellCheck={false}
          aria-expanded={listed}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={listed && active >= 0 ? `${id}-${active}` : undefined}
          value={value}
          placeholder={placeholder}
          disabled={disabled}
          onClick={show}
          onChange={(event) => {
            onChange(event.target.value);
            setTyped(true);
            show();
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") move(active + 1);
            else if (event.key === "ArrowUp") move(active < 0 ? shown.length - 1 : active - 1);
            else if (event.key === "Enter" && listed && active >= 0) pick(shown[active]!);
            else if (event.key === "Escape" && open) setOpen(false);
            else return;
            event.preventDefault();
          }}
        />
        {value !== "" && !disabled && (
          <button
            type="button"
            className={styles.clear}
            aria-label={`Clear ${label.toLowerCase()}`}
            onClick={() => {
              pick("");
              input.current?.focus();
            }}
          >
            <Icon name="close" />
          </button>
        )}
        <div id={`${id}-list`} role="listbox" aria-label={label} className={styles.list} hidden={!listed}>
          {listed &&
            shown.map((option, index) => (
              <div
                key={option}
                id={`${id}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === active}
                title={option}
                onPointerDown={(event) => {
                  event.preventDefault();
                  pick(option);
                }}
              >
                {option}
              </div>
            ))}
          {listed && matching.length > SHOWN && (
            <div className={styles.more} role="option" aria-disabled="true" aria-selected="false" tabIndex={-1}>
              {matching.length - SHOWN} more; type to narrow
            </div>
          )}
        </div>
      </div>
    </Field>
  );
}
