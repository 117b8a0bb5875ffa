import { storedSetting, storeSetting } from "../../ui/stored-setting.ts";

/** A search that somebody made, by its address behind the `?`. */
export interface KeptSearch {
  readonly address: string;
  /** What it was called; absent for one that was only made. */
  readonly name?: string;
  /** It stands in sight of the search page. */
  readonly pinned?: boolean;
}

export interface KeptSearches {
  /** In the order in which they were saved. */
  readonly saved: readonly KeptSearch[];
  /** The last first. */
  readonly recent: readonly KeptSearch[];
}

const SETTING = "searches";
const MOST_RECENT = 15;
const MOST_SAVED = 100;
const LONGEST = 20_000;

/** What the browser keeps; nothing of what cannot be read. */
export function keptSearches(): KeptSearches {
  try {
    const kept = JSON.parse(storedSetting(SETTING) ?? "{}") as Partial<Record<keyof KeptSearches, unknown>>;
    return { saved: listOf(kept.saved), recent: listOf(kept.recent) };
  } catch {
    return { saved: [], recent: [] };
  }
}

/** False where the browser keeps nothing: what is saved is gone with the page. */
export function keepSearches(searches: KeptSearches): boolean {
  const text = JSON.stringify(searches);
  storeSetting(SETTING, text);
  return storedSetting(SETTING) === text;
}

export function withRecent({ saved, recent }: KeptSearches, address: string): KeptSearches {
  if (address === "" || address.length > LONGEST || recent[0]?.address === address) return { saved, recent };
  return { saved, recent: [{ address }, ...recent.filter((one) => one.address !== address)].slice(0, MOST_RECENT) };
}

/** Saved under a name, or under another; the search keeps its place where it was saved before. */
export function withSaved({ saved, recent }: KeptSearches, search: KeptSearch): KeptSearches {
  const known = saved.some(({ address }) => address === search.address);
  const list = known ? saved.map((one) => (one.address === search.address ? search : one)) : [...saved, search];
  return { saved: list.slice(-MOST_SAVED), recent };
}

export function withoutSaved({ saved, recent }: KeptSearches, address: string): KeptSearches {
  return { saved: saved.filter((one) => one.address !== address), recent };
}

function listOf(value: unknown): KeptSearch[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: Partial<Record<keyof KeptSearch, unknown>> | null) => {
    if (typeof one?.address !== "string") return [];
    const { address, name, pinned } = one;
    return { address, ...(typeof name === "string" && { name }), ...(pinned === true && { pinned }) };
  });
}
