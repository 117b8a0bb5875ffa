import { type CSSProperties, type PointerEvent, useRef } from "react";
import styles from "./splitter.module.css";

/** The handle between two parts side by side, or one above the other; drag it or use the arrow keys. */
export function Splitter({
  label,
  size,
  least,
  most,
  grows,
  className,
  style,
  onSize,
}: {
  readonly label: string;
  /** Of the part that it sizes, CSS pixels. */
  readonly size: number;
  readonly least: number;
  readonly most: number;
  /** Which way the part grows. */
  readonly grows: "left" | "right" | "up";
  readonly className?: string | undefined;
  readonly style?: CSSProperties;
  readonly onSize: (size: number) => void;
}) {
  const grip = useRef<{ at: number; size: number }>(undefined);
  const sign = grows === "right" ? 1 : -1;
  const [before, after] = grows === "up" ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
  const placeOf = ({ clientX, clientY }: PointerEvent) => (grows === "up" ? clientY : clientX);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator with a value is a widget, which hr is not
    <div
      className={className === undefined ? styles.splitter : `${styles.splitter} ${className}`}
      role="separator"
      aria-orientation={grows === "up" ? "horizontal" : "vertical"}
      aria-label={label}
      aria-valuenow={Math.round(size)}
      aria-valuemin={least}
      aria-valuemax={most}
      tabIndex={0}
      style={style}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        grip.current = { at: placeOf(event), size };
      }}
      onPointerMove={(event) => {
        if (grip.current !== undefined) onSize(grip.current.size + sign * (placeOf(event) - grip.current.at));
      }}
      onPointerUp={() => {
        grip.current = undefined;
      }}
      onPointerCancel={() => {
        grip.current = undefined;
      }}
      onKeyDown={(event) => {
        const step = event.key === before ? -16 : event.key === after ? 16 : 0;
        if (step === 0) return;
        event.preventDefault();
        onSize(size + sign * step);
      }}
    />
  );
}
