import { parseTraceReference } from "../../../src/model/trace-reference.ts";
import type { UiServicesResponse } from "../../../src/query/ui/api-types.ts";
import type { RecentPage } from "../shell/recent-pages.ts";

/** Something that the palette can lead to. */
export interface PaletteItem {
  readonly id: string;
  readonly group: "Trace" | "Pages" | "Services" | "Operations" | "Recent" | "Actions";
  readonly title: string;
  /** Said beside the title, in grey. */
  readonly note?: string;
  /** The service whose mark stands before the title. */
  readonly service?: string;
  readonly target: PaletteTarget;
}

/** Where it leads: a path below the base path with its query, or something that the palette does. */
type PaletteTarget = { readonly path: string } | { readonly action: string };

interface PaletteSources {
  readonly services: UiServicesResponse["services"];
  readonly recent: readonly RecentPage[];
  readonly actions: readonly { readonly id: string; readonly title: string; readonly note?: string }[];
}

/** Fewer digits are more likely a number or a word. */
const LEAST_DIGITS = 8;
/** Items of a group that are shown; the others are found by typing more. */
const SHOWN = 8;
const SHOWN_RECENT = 5;

const PAGES: readonly PaletteItem[] = [
  page("search", "Search", "traces"),
  page("monitor", "Services", "rates, errors, durations"),
  page("dependencies", "Map", "who calls whom"),
  page("collector", "Collector", "what comes in and goes out"),
];

/** What fits to a text, the best of each group first; without a text what was looked at last, the pages and actions. */
export function paletteItems(text: string, sources: PaletteSources): readonly PaletteItem[] {
  const needle = text.trim().toLowerCase();
  const recent = sources.recent.map(
    ({ path, title }): PaletteItem => ({
      id: `recent ${path}`,
      group: "Recent",
      title,
      note: path.startsWith("trace/") ? "trace" : "search",
      target: { path },
    }),
  );
  const actions = sources.actions.map(
    ({ id, title, note }): PaletteItem => ({
      id: `action ${id}`,
      group: "Actions",
      title,
      ...(note !== undefined && { note }),
      target: { action: id },
    }),
  );
  if (needle === "") return [...recent.slice(0, SHOWN_RECENT), ...PAGES, ...actions];
  return [
    ...traceItems(text),
    ...best(serviceItems(sources.services), needle),
    ...best(PAGES, needle),
    ...best(operationItems(sources.services), needle),
    ...best(recent, needle),
    ...best(actions, needle),
  ];
}

function page(path: string, title: string, note: string): PaletteItem {
  return { id: `page ${path}`, group: "Pages", title, note, target: { path } };
}

/** The trace that a pasted id, header or link names. */
function traceItems(text: string): readonly PaletteItem[] {
  const reference = parseTraceReference(text);
  if (reference === undefined || reference.digits.length < LEAST_DIGITS || /^0+$/.test(reference.digits)) return [];
  const { digits, spanId } = reference;
  const path = `trace/${digits}${spanId === undefined ? "" : `?span=${spanId}`}`;
  const title = `Open trace ${digits}`;
  return [
    { id: `trace ${path}`, group: "Trace", title, ...(spanId && { note: `at span ${spanId}` }), target: { path } },
  ];
}

function* serviceItems(services: PaletteSources["services"]): Generator<PaletteItem> {
  for (const { name } of services) {
    const target = { path: `services/${encodeURIComponent(name)}` };
    yield { id: `service ${name}`, group: "Services", title: name, service: name, target };
  }
}

function* operationItems(services: PaletteSources["services"]): Generator<PaletteItem> {
  for (const { name: service, operations } of services) {
    for (const { name, kind } of operations) {
      const query = new URLSearchParams({ service, operation: name });
      yield {
        id: `operation ${service} ${kind} ${name}`,
        group: "Operations",
        title: name,
        note: `${service}, ${kind}`,
        service,
        target: { path: `search?${query}` },
      };
    }
  }
}

/** Some that have every word of the needle: first such as begin with it, then such that have it at a word. */
function best(items: Iterable<PaletteItem>, needle: string): readonly PaletteItem[] {
  const words = needle.split(/\s+/);
  const ranked: { readonly item: PaletteItem; readonly rank: number }[] = [];
  for (const item of items) {
    const title = item.title.toLowerCase();
    const all = item.note === undefined ? title : `${title} ${item.note.toLowerCase()}`;
    if (words.every((word) => all.includes(word))) ranked.push({ item, rank: rankOf(title, needle) });
  }
  ranked.sort((a, b) => a.rank - b.rank || a.item.title.length - b.item.title.length);
  return ranked.slice(0, SHOWN).map(({ item }) => item);
}

function rankOf(title: string, needle: string): number {
  const at = title.indexOf(needle);
  if (at <= 0) return at === 0 ? 0 : 3;
  return /[a-z0-9]/.test(title[at - 1]!) ? 2 : 1;
}
