import { Link, Outlet, useLocation, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./app-shell.module.css";
import { IncompleteNotice } from "./incomplete-notice.tsx";
import { KeyboardHelp } from "./keyboard-help.tsx";
import { type ResultList, ShowResults } from "./result-list.ts";
import { isShortcut } from "./shortcuts.ts";
import { ThemeButton } from "./theme-button.tsx";
import { TraceLookup } from "./trace-lookup.tsx";
import { TraceNeighbours } from "./trace-neighbours.tsx";
import { useRecovery } from "./use-recovery.ts";

/** The frame of every page: where to go, a trace to open, the theme, help. */
export function AppShell() {
  const [help, setHelp] = useState(false);
  const [results, setResults] = useState<ResultList>();
  const { traceId } = useParams({ strict: false });
  const search = useLastSearch();
  useRecovery();
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
      <button type="button" className={styles.skipLink} onClick={() => document.getElementById("main")?.focus()}>
        Skip to content
      </button>
      <header className={styles.header}>
        <Link to="/search" className={styles.brand} aria-label="Spanloom, search">
          <svg viewBox="0 0 32 32" aria-hidden="true" className={styles.mark}>
            <path d="M4 9h17" />
            <path d="M10 16h18" />
            <path d="M6 23h11" />
          </svg>
          <span className={styles.name}>Spanloom</span>
        </Link>
        <nav aria-label="Pages" className={styles.nav}>
          <Link to="/search" search={search} activeOptions={{ includeSearch: false }}>
            Search
          </Link>
          <Link to="/monitor">Services</Link>
          <Link to="/dependencies">Map</Link>
          <Link to="/collector">Collector</Link>
        </nav>
        {traceId !== undefined && results !== undefined && <TraceNeighbours traceId={traceId} list={results} />}
        <TraceLookup />
        <div className={styles.tools}>
          <IconButton title="Keyboard shortcuts (?)" aria-label="Keyboard shortcuts" onClick={() => setHelp(true)}>
            <Icon name="help" />
          </IconButton>
          <ThemeButton />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <IncompleteNotice />
        <ShowResults value={setResults}>
          <Outlet />
        </ShowResults>
      </main>
      {help && <KeyboardHelp onClose={() => setHelp(false)} />}
    </>
  );
}

/** What was searched for last, so that the way back to it finds it as it was. */
function useLastSearch(): object {
  const { pathname, search } = useLocation();
  const [last, setLast] = useState<object>({});
  if (pathname.endsWith("/search") && last !== search) setLast(search);
  return last;
}
