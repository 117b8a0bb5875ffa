import { Link, useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { tagsToJson } from "../format/tags.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./demo-guide.module.css";
import { guideIsOn, onGuide, turnGuide } from "./guide-state.ts";
import { guideStep } from "./guide-step.ts";

const SLOW = { minTraceDuration: "1s" };
/** What dragging over them does. */
const SLOW_EXPLAINED = { ...SLOW, explain: "selection" } as const;

/** The way from the demo's traces to what is wrong in it, in three steps: each can be done by hand or by a press. */
export function DemoGuide() {
  const [on, setOn] = useState(guideIsOn);
  useEffect(() => onGuide(setOn), []);
  const { href } = useLocation();
  if (!on) return null;
  const url = new URL(href, document.baseURI);
  const step = guideStep(url.pathname.slice(new URL(document.baseURI).pathname.length), url.search);
  const isExplained = url.searchParams.has("explain");
  return (
    <aside className={styles.guide} aria-label="The way through the demo">
      <ol>
        <Step of={1} now={step}>
          Drag over the slow traces, above 1 s, on the heat map{" "}
          <Link to="/search" search={SLOW_EXPLAINED}>
            do it for me
          </Link>
        </Step>
        <Step of={2} now={step}>
          What is different about them is ranked: <code>shop.sku=desk-22</code>{" "}
          {isExplained ? (
            <Link to="/search" search={{ ...SLOW, tags: tagsToJson([["shop.sku", "desk-22"]]) }}>
              only these
            </Link>
          ) : (
            <Link to="/search" search={SLOW_EXPLAINED}>
              explain them
            </Link>
          )}
        </Step>
        <Step of={3} now={step}>
          Open one: the line above its spans says why it is slow
        </Step>
      </ol>
      <IconButton small aria-label="Close the guide" onClick={() => turnGuide(false)}>
        <Icon name="close" />
      </IconButton>
    </aside>
  );
}

function Step({ of, now, children }: { readonly of: number; readonly now: number; readonly children: ReactNode }) {
  return (
    <li aria-current={of === now ? "step" : undefined} data-done={of < now}>
      {of < now && <Icon name="check" label="done" />} <span>{children}</span>
    </li>
  );
}
