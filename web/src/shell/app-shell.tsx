import { Link, Outlet } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Icon } from "../ui/icon.tsx";
import { KeyboardHelp } from "./keyboard-help.tsx";
import { isShortcut } from "./shortcuts.ts";
import { ThemeButton } from "./theme-button.tsx";
import { TraceLookup } from "./trace-lookup.tsx";

/** The frame of every page: where to go, a trace to open, the theme, help. */
export function AppShell() {
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
    <>
      {/* A button, because `<base href>` would turn a link to a fragment into another page. */}
      <button type="button" className="skip-link" onClick={() => document.getElementById("main")?.focus()}>
        Skip to content
      </button>
      <header className="app-header">
        <Link to="/search" className="brand" aria-label="Spanloom, search">
          <svg viewBox="0 0 32 32" aria-hidden="true" className="brand-mark">
            <path d="M4 9h17" />
            <path d="M10 16h18" />
            <path d="M6 23h11" />
          </svg>
          <span className="brand-name">Spanloom</span>
        </Link>
        <nav aria-label="Pages" className="app-nav">
          <Link to="/search">Search</Link>
          <Link to="/monitor">Services</Link>
          <Link to="/dependencies">Map</Link>
          <Link to="/collector">Collector</Link>
        </nav>
        <TraceLookup />
        <div className="app-tools">
          <button
            type="button"
            className="icon-button"
            title="Keyboard shortcuts (?)"
            aria-label="Keyboard shortcuts"
            onClick={() => setHelp(true)}
          >
            <Icon name="help" />
          </button>
          <ThemeButton />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
      {help && <KeyboardHelp onClose={() => setHelp(false)} />}
    </>
  );
}
