import { useEffect, useRef, useState } from "react";
import { storedSetting, storeSetting } from "../../ui/stored-setting.ts";
import styles from "./name-splitter.module.css";

const SETTING = "nameWidth";
const LEAST = 120;

/** Width of the name column: remembered, and never more than 70 % of the timeline. */
export function useNameWidth(): readonly [number, (width: number) => void] {
  const [wanted, setWanted] = useState(storedWidth);
  const [room, setRoom] = useState(() => document.documentElement.clientWidth);
  useEffect(() => {
    const onResize = () => setRoom(document.documentElement.clientWidth);
    window.addEventListener("resize", onResize);
    return () => window.removeEventListener("resize", onResize);
  }, []);
  const standard = Math.min(420, Math.max(180, Math.round(room * 0.34)));
  const width = Math.max(LEAST, Math.min(wanted ?? standard, Math.round(room * 0.6)));
  return [
    width,
    (next) => {
      const rounded = Math.round(Math.max(LEAST, next));
      setWanted(rounded);
      storeSetting(SETTING, String(rounded));
    },
  ];
}

/** The handle between names and bars; drag it or use the arrow keys. */
export function NameSplitter({
  width,
  onWidth,
}: {
  readonly width: number;
  readonly onWidth: (width: number) => void;
}) {
  const grip = useRef<{ x: number; width: number }>(undefined);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator with a value is a widget, which hr is not
    <div
      className={styles.splitter}
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the names"
      aria-valuenow={width}
      aria-valuemin={LEAST}
      aria-valuemax={1200}
      tabIndex={0}
      style={{ left: width - 4 }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        grip.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (grip.current !== undefined) onWidth(grip.current.width + event.clientX - grip.current.x);
      }}
      onPointerUp={() => {
        grip.current = undefined;
      }}
      onKeyDown={(event) => {
        const step = event.key === "ArrowLeft" ? -16 : event.key === "ArrowRight" ? 16 : 0;
        if (step === 0) return;
        event.preventDefault();
        onWidth(width + step);
      }}
    />
  );
}

function storedWidth(): number | undefined {
  const value = Number(storedSetting(SETTING));
  return Number.isFinite(value) && value >= LEAST ? value : undefined;
}
