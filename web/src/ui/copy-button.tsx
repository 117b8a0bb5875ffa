import { useEffect, useState } from "react";
import { copyText } from "./copy-text.ts";
import { Icon } from "./icon.tsx";

/** Copies `text` (or what it computes when pressed) and says so, to eyes and screen readers. */
export function CopyButton({
  text,
  label,
  caption,
}: {
  readonly text: string | (() => string);
  readonly label: string;
  readonly caption?: string;
}) {
  const [state, setState] = useState<"idle" | "copied" | "refused">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 1600);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => setState((await copyText(typeof text === "string" ? text : text())) ? "copied" : "refused");
  const said = state === "copied" ? "Copied" : state === "refused" ? "The browser refused to copy" : label;
  return (
    <button
      type="button"
      className={caption === undefined ? "icon-button" : "button"}
      data-state={state}
      title={said}
      aria-label={caption === undefined ? said : undefined}
      onClick={copy}
    >
      <Icon name={state === "copied" ? "check" : "copy"} />
      {caption !== undefined && <span>{state === "idle" ? caption : said}</span>}
    </button>
  );
}
