import { Outlet } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { SavedAbout } from "../../../src/query/local/saved-format.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatAbsolute } from "../format/time.ts";
import { KeyboardHelp } from "../shell/keyboard-help.tsx";
import { isShortcut } from "../shell/shortcuts.ts";
import { ThemeButton } from "../shell/theme-button.tsx";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";
import { Notice } from "../ui/notice.tsx";
import styles from "./saved-shell.module.css";

/** The frame around a saved trace: that it is one, of when, and what was taken out of it. */
export function SavedShell({ about }: { readonly about: SavedAbout }) {
  const [help, setHelp] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isShortcut(event, "?")) return;
      event.preventDefault();
      setHelp(true);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return (
    <div className={styles.saved}>
      <header className={styles.header}>
        <span className={styles.name}>Spanloom</span>
        <span className={styles.when}>
          Saved trace <span className="muted">as of {formatAbsolute(about.savedAtMs)}</span>
        </span>
        <Redactions about={about} />
        <div className={styles.tools}>
          <IconButton title="Keyboard shortcuts (?)" aria-label="Keyboard shortcuts" onClick={() => setHelp(true)}>
            <Icon name="help" />
          </IconButton>
          <ThemeButton />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {about.incomplete !== undefined && (
          <Notice tone="warning" title="The file may lack something">
            {about.incomplete}
          </Notice>
        )}
        <Outlet />
      </main>
      {help && (
        <KeyboardHelp onClose={() => setHelp(false)}>
          <Licences />
        </KeyboardHelp>
      )}
    </div>
  );
}

/** Of the code in the file, which stand in it as text (web/saved.html). */
function Licences() {
  const text = document.querySelector<HTMLTemplateElement>("#licences")?.content.textContent ?? "";
  return (
    <details>
      <summary>Licences of the code in this file</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </details>
  );
}

function Redactions({ about: { redacted } }: { readonly about: SavedAbout }) {
  if (redacted.length === 0) return <span className="muted">nothing was redacted</span>;
  const values = redacted.reduce((sum, { values: count }) => sum + count, 0);
  return (
    <Menu
      label="What was taken out before the trace was saved"
      caption={`${counted(values, "value")} redacted`}
      align="start"
    >
      <ul className={styles.redacted}>
        {redacted.map(({ key, values: count, inText }) => (
          <li key={`${key}${inText}`}>
            <code className="break-anywhere">{key}</code> {inText && <span className="muted">inside of texts</span>}{" "}
            <span className="muted">×{formatCount(count)}</span>
          </li>
        ))}
      </ul>
    </Menu>
  );
}
