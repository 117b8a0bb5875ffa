import { storedSetting, storeSetting } from "../ui/stored-setting.ts";

const SETTING = "recent";
const KEPT = 20;
const MAX_TITLE = 200;

/** A page that was looked at: a trace or a search. */
export interface RecentPage {
  /** Below the base path, with the query: `trace/…`, `search?…`. */
  readonly path: string;
  readonly title: string;
}

/** The last first; empty where the browser refuses storage. */
export function recentPages(): readonly RecentPage[] {
  try {
    const list: unknown = JSON.parse(storedSetting(SETTING) ?? "[]");
    return Array.isArray(list) ? list.filter(isPage) : [];
  } catch {
    return [];
  }
}

/** Puts a page in front of the others; of the pages of one trace the last stays. */
export function rememberPage({ path, title }: RecentPage): void {
  const page = { path, title: title.slice(0, MAX_TITLE) };
  const others = recentPages().filter((known) => keyOf(known.path) !== keyOf(path));
  storeSetting(SETTING, JSON.stringify([page, ...others].slice(0, KEPT)));
}

/** What a search asks for, in its own words: `service=cart tags={…}`; undefined where it asks for everything. */
export function searchTitle(query: string): string | undefined {
  const asked = [...new URLSearchParams(query)].filter(([key, value]) => value !== "" && !ASIDE.has(key));
  return asked.length === 0 ? undefined : asked.map(([key, value]) => `${key}=${value}`).join(" ");
}

/** When, how much and in which order: not what. */
const ASIDE = new Set(["lookback", "limit", "start", "end", "sort", "tz"]);

function keyOf(path: string): string {
  return path.startsWith("trace/") ? path.split("?", 1)[0]! : path;
}

function isPage(value: unknown): value is RecentPage {
  const page = value as Partial<RecentPage> | null;
  return typeof page?.path === "string" && /^(?:trace\/|search\?)/.test(page.path) && typeof page.title === "string";
}
