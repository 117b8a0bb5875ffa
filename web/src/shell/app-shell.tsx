import { Link, Outlet, useLocation, useMatchRoute, useParams } from "@tanstack/react-router";
import { type ComponentType, type ReactNode, Suspense, useState, useSyncExternalStore } from "react";
import { FileBanner } from "../files/file-banner.tsx";
import { FileDrop } from "../files/file-drop.tsx";
import { shownZone } from "../format/time-zone.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./app-shell.module.css";
import { ClockNotice } from "./clock-notice.tsx";
import { IncompleteNotice } from "./incomplete-notice.tsx";
import { KeyboardHelp } from "./keyboard-help.tsx";
import { KnownLooks } from "./known-looks.tsx";
import { LogOutButton } from "./log-out-button.tsx";
import { type ResultList, ShowResults } from "./result-list.ts";
import { PALETTE_KEYS } from "./shortcuts.ts";
import { ThemeButton } from "./theme-button.tsx";
import { onZoneChange } from "./time-zone.ts";
import { TraceLookup } from "./trace-lookup.tsx";
import { TraceNeighbours } from "./trace-neighbours.tsx";
import { useDialogs } from "./use-dialogs.ts";
import { useRecentSearches } from "./use-recent-pages.ts";
import { useRecovery } from "./use-recovery.ts";
import { ZoneButton } from "./zone-button.tsx";

interface PaletteProps {
  readonly onClose: () => void;
  readonly onHelp: () => void;
}

/** What leads to everything by its name. It is loaded when it is first wanted. */
export interface LazyPalette {
  readonly Palette: ComponentType<PaletteProps>;
  /** Begins to load it. */
  readonly preload: () => void;
}

/** The frame of every page: where to go, a trace to open, the theme, help. */
export function AppShell({
  palette: { Palette, preload },
  below,
}: {
  readonly palette: LazyPalette;
  /** What stands below the header of every page. */
  readonly below: ReactNode;
}) {
  const { help, setHelp, palette, setPalette } = useDialogs(preload);
  const [results, setResults] = useState<ResultList>();
  const { traceId } = useParams({ strict: false });
  const search = useLastSearch();
  const onService = useMatchRoute()({ to: "/services/$name" }) !== false;
  const away = useRecovery();
  const zone = useSyncExternalStore(onZoneChange, shownZone);
  useRecentSearches();
  return (
    <>
      <SkipLink />
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
          <Link to="/monitor" aria-current={onService ? "page" : undefined}>
            Services
          </Link>
          <Link to="/dependencies">Map</Link>
          <Link to="/collector">Collector</Link>
        </nav>
        {traceId !== undefined && results !== undefined && <TraceNeighbours traceId={traceId} list={results} />}
        <TraceLookup />
        <span role="status" className={styles.away}>
          {away && "Collector not reachable; asking again"}
        </span>
        <Tools preload={preload} onPalette={() => setPalette(true)} onHelp={() => setHelp(true)} />
      </header>
      {below}
      <main id="main" tabIndex={-1}>
        <FileBanner />
        <IncompleteNotice />
        <ClockNotice />
        <ShowResults value={setResults}>
          <KnownLooks>
            {/* Another zone is on every part of a page. */}
            <Outlet key={zone} />
          </KnownLooks>
        </ShowResults>
      </main>
      {palette && (
        <Suspense>
          <KnownLooks>
            <Palette onClose={() => setPalette(false)} onHelp={() => setHelp(true)} />
          </KnownLooks>
        </Suspense>
      )}
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

/** A button, because `<base href>` would turn a link to a fragment into another page. */
function SkipLink() {
  return (
    <button type="button" className={styles.skipLink} onClick={focusContent}>
      Skip to content
    </button>
  );
}

function Tools({
  preload,
  onPalette,
  onHelp,
}: {
  readonly preload: () => void;
  readonly onPalette: () => void;
  readonly onHelp: () => void;
}) {
  return (
    <div className={styles.tools}>
      <IconButton
        title={`Go to or do (${PALETTE_KEYS})`}
        aria-label="Go to or do"
        aria-keyshortcuts={PALETTE_KEYS.replace("Ctrl", "Control").replace("⌘", "Meta+")}
        onPointerEnter={preload}
        onFocus={preload}
        onClick={onPalette}
      >
        <Icon name="command" />
      </IconButton>
      <FileDrop />
      <IconButton title="Keyboard shortcuts (?)" aria-label="Keyboard shortcuts" onClick={onHelp}>
        <Icon name="help" />
      </IconButton>
      <ZoneButton />
      <ThemeButton />
      <LogOutButton />
    </div>
  );
}

/** The keys, and the file beside this page that has the licences of what is bundled (scripts/licences.mjs). */
function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <KeyboardHelp onClose={onClose}>
      <a href="THIRD-PARTY-LICENSES.txt" target="_blank" rel="noopener">
        Licences of the code in these pages
      </a>
    </KeyboardHelp>
  );
}

/** The list of results, where a page has one, is what its form and pictures stand before. */
function focusContent(): void {
  (document.getElementById("results") ?? document.getElementById("main"))?.focus();
}

/** What was searched for last, so that the way back to it finds it as it was. */
function useLastSearch(): object {
  const { pathname, search } = useLocation();
  const [last, setLast] = useState<object>({});
  if (pathname.endsWith("/search") && last !== search) setLast(search);
  return last;
}
