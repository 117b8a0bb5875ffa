import { useEffect, useState } from "react";
import { Button, IconButton } from "./button.tsx";
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
  const icon = <Icon name={state === "copied" ? "check" : "copy"} />;
  if (caption === undefined) {
    return (
      <IconButton data-state={state} title={said} aria-label={said} onClick={copy}>
        {icon}
      </IconButton>
    );
  }
  return (
    <Button data-state={state} title={said} onClick={copy}>
      {icon}
      <span>{state === "idle" ? caption : said}</span>
    </Button>
  );
}
