import { type ReactNode, useEffect, useRef } from "react";
import { buttonClass } from "./button.tsx";
import { Icon } from "./icon.tsx";
import styles from "./menu.module.css";

/**
 * A button that opens a short list of actions; closes on choice, on Escape and when focus or the pointer goes
 * elsewhere.
 */
export function Menu({
  label,
  caption,
  align = "end",
  children,
}: {
  readonly label: string;
  readonly caption: string;
  /** Which edge of the list stands under the button's. */
  readonly align?: "start" | "end";
  readonly children: ReactNode;
}) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const onPointer = (event: PointerEvent) => {
      const element = details.current;
      if (element?.open === true && !element.contains(event.target as Node)) element.open = false;
    };
    document.addEventListener("pointerdown", onPointer);
    return () => document.removeEventListener("pointerdown", onPointer);
  }, []);
  const close = () => {
    if (details.current !== null) details.current.open = false;
  };
  return (
    <details
      ref={details}
      className={styles.menu}
      data-align={align}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || details.current?.open !== true) return;
        event.stopPropagation();
        close();
        details.current.querySelector("summary")?.focus();
      }}
      onBlur={(event) => {
        if (event.relatedTarget !== null && !event.currentTarget.contains(event.relatedTarget)) close();
      }}
    >
      <summary className={buttonClass} title={label}>
        {caption} <Icon name="chevronDown" />
      </summary>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside are the controls, this only closes */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: a press by keyboard arrives as a click too */}
      <div className={styles.list} onClick={close}>
        {children}
      </div>
    </details>
  );
}
