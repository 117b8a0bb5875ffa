import { SPAN_KIND_NAMES } from "../../../src/model/span.ts";
import { COLUMN_MARK, PARENT_MISSING } from "../../../src/query/ui/columns-format.ts";
import { counted, formatCount } from "../format/count.ts";
import { formatDuration } from "../format/duration.ts";
import { ICON_PATHS, type IconName } from "../ui/icon-paths.ts";
import type { TraceModel } from "./trace-model.ts";

/** What a pooled row is filled from. */
interface RowContent {
  readonly model: TraceModel;
  readonly row: number;
  readonly position: number;
  readonly folded: boolean;
  readonly selected: boolean;
  readonly match: boolean;
  readonly indent: number;
}

/** Internal and unspecified spans, most of a trace, carry no sign. */
const KIND_SIGNS = ["", "", "srv", "cli", "pub", "sub"] as const;
const WARNING_MARKS = ~COLUMN_MARK.serviceDefaulted;

/** One row of the timeline as DOM, filled again and again as it comes to stand for other spans. */
export class TimelineRow {
  readonly element: HTMLElement;
  readonly #name = part("div", "tl-name");
  readonly #indent = part("span", "tl-indent");
  readonly #toggle = part("span", "tl-toggle");
  readonly #swatch = part("span", "swatch");
  readonly #service = part("span", "tl-service");
  readonly #operation = part("span", "tl-operation");
  readonly #hidden = part("span", "tl-hidden");
  readonly #badges = part("span", "tl-badges");
  readonly #facts = part("div", "tl-facts");
  readonly #factsText = part("span", "visually-hidden");

  constructor(id: string) {
    this.element = part("div", "tl-row");
    this.element.id = id;
    this.element.setAttribute("role", "row");
    this.#name.setAttribute("role", "gridcell");
    this.#facts.setAttribute("role", "gridcell");
    this.#toggle.setAttribute("aria-hidden", "true");
    this.#facts.append(this.#factsText);
    this.#name.append(
      this.#indent,
      this.#toggle,
      this.#swatch,
      this.#service,
      this.#operation,
      this.#hidden,
      this.#badges,
    );
    this.element.append(this.#name, this.#facts);
  }

  fill(content: RowContent): void {
    const { model, row, folded } = content;
    const { columns, layout } = model;
    const size = layout.size[row]!;
    const depth = layout.depth[row]!;
    const error = columns.status[row] === 2;
    const service = columns.services[columns.service[row]!]!;
    const operation = columns.names[columns.name[row]!]!;
    const look = model.looks[columns.service[row]!]!;
    const element = this.element;

    element.dataset.row = String(row);
    element.dataset.error = String(error);
    const above = layout.parent[row]!;
    element.dataset.inherited = String(above >= 0 && columns.service[above] === columns.service[row]);
    element.dataset.match = String(content.match);
    element.setAttribute("aria-rowindex", String(content.position + 2));
    element.setAttribute("aria-level", String(depth + 1));
    element.setAttribute("aria-selected", String(content.selected));
    if (size > 1) element.setAttribute("aria-expanded", String(!folded));
    else element.removeAttribute("aria-expanded");

    this.#indent.style.width = `${Math.round(depth * content.indent)}px`;
    this.#indent.style.backgroundSize = `${content.indent}px 100%`;
    this.#toggle.dataset.state = size === 1 ? "leaf" : folded ? "folded" : "open";
    this.#swatch.dataset.hue = String(look.hue);
    this.#swatch.dataset.pattern = String(look.pattern);
    this.#service.textContent = service;
    this.#operation.textContent = operation;
    this.#name.title = `${service}  ${operation}`;
    this.#hidden.textContent = folded ? `+${formatCount(size - 1)}` : "";
    this.#badges.replaceChildren(...badges(model, row));
    this.#factsText.textContent = factsText(model, row);
  }
}

function badges(model: TraceModel, row: number): HTMLElement[] {
  const { columns } = model;
  const found: HTMLElement[] = [];
  const kind = KIND_SIGNS[columns.kind[row]!] ?? "";
  if (kind !== "") found.push(badge("tl-kind", `kind ${SPAN_KIND_NAMES[columns.kind[row]!]}`, kind));
  const links = columns.linkCount[row]!;
  if (links > 0)
    found.push(badge("tl-link", counted(links, "link to another span", "links to other spans"), icon("link")));
  if (columns.status[row] === 2) found.push(badge("tl-error", "error", icon("error")));
  if (columns.parent[row] === PARENT_MISSING)
    found.push(badge("tl-orphan", "its parent has not arrived", icon("broken")));
  const marks = columns.marks[row]! & WARNING_MARKS;
  if (marks !== 0) found.push(badge("tl-mark", markText(marks), icon("warning")));
  return found;
}

function badge(className: string, title: string, content: Node | string): HTMLElement {
  const element = part("span", className);
  element.append(content);
  element.title = title;
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", title);
  return element;
}

function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICON_PATHS[name]);
  svg.append(path);
  return svg;
}

const MARK_WORDS: readonly (readonly [bit: number, words: string])[] = [
  [COLUMN_MARK.negativeDuration, "ends before it starts"],
  [COLUMN_MARK.impossibleTime, "impossible time"],
  [COLUMN_MARK.unknownKind, "unknown kind"],
  [COLUMN_MARK.mended, "changed on the way in"],
  [COLUMN_MARK.cycle, "its own ancestor"],
  [COLUMN_MARK.duplicate, "sent more than once"],
];

function markText(marks: number): string {
  return MARK_WORDS.filter(([bit]) => (marks & bit) !== 0)
    .map(([, words]) => words)
    .join(", ");
}

/** What the bar shows, for those who do not see it. */
function factsText(model: TraceModel, row: number): string {
  const { columns } = model;
  return `${formatDuration(columns.duration[row]!)}, starts at ${formatDuration(columns.start[row]!)}`;
}

function part(tag: string, className: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}
