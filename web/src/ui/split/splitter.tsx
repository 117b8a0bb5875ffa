import { type CSSProperties, useRef } from "react";
import styles from "./splitter.module.css";

/** The handle between two parts side by side; drag it or use the arrow keys. */
export function Splitter({
  label,
  width,
  least,
  most,
  grows,
  className,
  style,
  onWidth,
}: {
  readonly label: string;
  /** Of the part that it sizes, CSS pixels. */
  readonly width: number;
  readonly least: number;
  readonly most: number;
  /** Which way the part grows. */
  readonly grows: "left" | "right";
  readonly className?: string | undefined;
  readonly style?: CSSProperties;
  readonly onWidth: (width: number) => void;
}) {
  const grip = useRef<{ x: number; width: number }>(undefined);
  const sign = grows === "right" ? 1 : -1;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator with a value is a widget, which hr is not
    <div
      className={className === undefined ? styles.splitter : `${styles.splitter} ${className}`}
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={Math.round(width)}
      aria-valuemin={least}
      aria-valuemax={most}
      tabIndex={0}
      style={style}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        grip.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (grip.current !== undefined) onWidth(grip.current.width + sign * (event.clientX - grip.current.x));
      }}
      onPointerUp={() => {
        grip.current = undefined;
      }}
      onPointerCancel={() => {
        grip.current = undefined;
      }}
      onKeyDown={(event) => {
        const step = event.key === "ArrowLeft" ? -16 : event.key === "ArrowRight" ? 16 : 0;
        if (step === 0) return;
        event.preventDefault();
        onWidth(width + sign * step);
      }}
    />
  );
}
