import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { parseAddress } from "../../shell/address.ts";
import { Button, buttonClass, IconButton } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { readSearchParams, type SearchParams } from "../params/search-params.ts";
import { searchWords } from "../params/search-words.ts";
import { type KeptSearch, type KeptSearches, withoutSaved, withSaved } from "./saved-searches.ts";
import styles from "./searches-menu.module.css";

/** The searches that this browser keeps: saved ones under their names, and those that were made last. */
export function SearchesMenu({
  address,
  kept,
  lost,
  onKept,
}: {
  /** Of the search that is shown, behind the `?`. */
  readonly address: string;
  readonly kept: KeptSearches;
  /** The browser keeps nothing. */
  readonly lost: boolean;
  readonly onKept: (kept: KeptSearches) => void;
}) {
  const { details, close, focusSummary } = useClosing();
  const saved = kept.saved.find((one) => one.address === address);
  return (
    <details
      ref={details}
      className={styles.menu}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || details.current?.open !== true) return;
        event.stopPropagation();
        close();
        focusSummary();
      }}
      onBlur={(event) => {
        if (event.relatedTarget !== null && !event.currentTarget.contains(event.relatedTarget)) close();
      }}
    >
      <summary className={buttonClass}>
        Searches <Icon name="chevronDown" />
      </summary>
      <div className={styles.panel}>
        {lost && <p className={styles.lost}>This browser keeps nothing: what is saved is gone with the page.</p>}
        <SaveForm
          key={address}
          name={saved?.name ?? searchWords(paramsAt(address))}
          isSaved={saved !== undefined}
          onSave={(name) => onKept(withSaved(kept, { ...saved, address, name }))}
        />
        {kept.saved.length > 0 && (
          <section aria-label="Saved searches">
            <h2>Saved</h2>
            <ul>
              {kept.saved.map((one) => (
                <SavedRow
                  key={one.address}
                  search={one}
                  kept={kept}
                  onKept={onKept}
                  onGo={close}
                  onGone={focusSummary}
                />
              ))}
            </ul>
          </section>
        )}
        <RecentSearches recent={kept.recent} onGo={close} />
      </div>
    </details>
  );
}

function RecentSearches({ recent, onGo }: { readonly recent: readonly KeptSearch[]; readonly onGo: () => void }) {
  if (recent.length === 0) return null;
  return (
    <section aria-label="Recent searches">
      <h2>Recent</h2>
      <ul>
        {recent.map((one) => (
          <li key={one.address} className={styles.row}>
            <SearchLink search={one} onGo={onGo} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function SavedRow({
  search,
  kept,
  onKept,
  onGo,
  onGone,
}: {
  readonly search: KeptSearch;
  readonly kept: KeptSearches;
  readonly onKept: (kept: KeptSearches) => void;
  readonly onGo: () => void;
  /** The focus has to go elsewhere. */
  readonly onGone: () => void;
}) {
  const { pinned = false, ...plain } = search;
  return (
    <li className={styles.row}>
      <SearchLink search={search} onGo={onGo} />
      <IconButton
        small
        aria-pressed={pinned}
        aria-label={`Pin ${search.name}`}
        title={pinned ? "No longer above the results" : "Keep above the results"}
        onClick={() => onKept(withSaved(kept, pinned ? plain : { ...plain, pinned: true }))}
      >
        <Icon name={pinned ? "check" : "up"} />
      </IconButton>
      <IconButton
        small
        aria-label={`Delete ${search.name}`}
        title="Delete from the saved searches"
        onClick={() => {
          onGone();
          onKept(withoutSaved(kept, search.address));
        }}
      >
        <Icon name="close" />
      </IconButton>
    </li>
  );
}

/** What is open closes where the pointer goes elsewhere. */
function useClosing() {
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (details.current !== null) details.current.open = false;
  };
  const focusSummary = () => details.current?.querySelector("summary")?.focus();
  useEffect(() => {
    const onPointer = (event: PointerEvent) => {
      const element = details.current;
      if (element?.open === true && !element.contains(event.target as Node)) element.open = false;
    };
    document.addEventListener("pointerdown", onPointer);
    return () => document.removeEventListener("pointerdown", onPointer);
  }, []);
  return { details, close, focusSummary };
}

/** Saved searches that stand above the results. */
export function PinnedSearches({ kept, address }: { readonly kept: KeptSearches; readonly address: string }) {
  const pinned = kept.saved.filter((one) => one.pinned === true);
  if (pinned.length === 0) return null;
  return (
    <ul className={styles.pins} aria-label="Pinned searches">
      {pinned.map((one) => (
        <li key={one.address}>
          <SearchLink search={one} isShown={one.address === address} />
        </li>
      ))}
    </ul>
  );
}

function SearchLink({
  search,
  isShown = false,
  onGo,
}: {
  readonly search: KeptSearch;
  readonly isShown?: boolean;
  readonly onGo?: () => void;
}) {
  const params = paramsAt(search.address);
  const words = searchWords(params);
  return (
    <Link
      to="/search"
      search={params}
      className={styles.link}
      dir="auto"
      title={words}
      activeOptions={{ includeSearch: true }}
      data-shown={isShown}
      onClick={() => onGo?.()}
    >
      {search.name ?? words}
    </Link>
  );
}

function SaveForm({
  name,
  isSaved,
  onSave,
}: {
  readonly name: string;
  readonly isSaved: boolean;
  readonly onSave: (name: string) => void;
}) {
  const [typed, setTyped] = useState(name);
  return (
    <form
      className={styles.save}
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.trim() !== "") onSave(typed.trim());
      }}
    >
      <input
        type="text"
        aria-label="Name of this search"
        value={typed}
        maxLength={200}
        onChange={(event) => setTyped(event.target.value)}
      />
      <Button type="submit">{isSaved ? "Rename" : "Save"}</Button>
    </form>
  );
}

function paramsAt(address: string): SearchParams {
  return readSearchParams(parseAddress(address));
}
