import { formatDuration } from "../../../../src/model/duration-text.ts";
import { SPAN_KIND, SPAN_KIND_NAMES, STATUS_CODE } from "../../../../src/model/span.ts";
import { COLUMN_MARK, PARENT_MISSING, rowDuration, rowStart } from "../../../../src/query/ui/columns-format.ts";
import { counted, formatCount } from "../../format/count.ts";
import { iconElement } from "../../ui/icon.tsx";
import { setSwatchLook, swatchElement } from "../../ui/service/service-swatch.tsx";
import { countBetween } from "../model/folding.ts";
import type { MergedPairs } from "../model/pairs.ts";
import { rowText } from "../model/row-text.ts";
import type { SiblingGroup } from "../model/sibling-groups.ts";
import { shownOperation, shownService, type TraceModel } from "../model/trace-model.ts";
import type { Indent } from "./indent.ts";
import { part } from "./part.ts";
import styles from "./timeline.module.css";

/** What a pooled row is filled from. */
interface RowContent {
  readonly model: TraceModel;
  readonly row: number;
  readonly position: number;
  readonly folded: boolean;
  readonly merged: MergedPairs | undefined;
  /** The group of siblings that begins with the row; where it is closed the row stands for all of them. */
  readonly group: SiblingGroup | undefined;
  readonly closed: boolean;
  readonly selected: boolean;
  readonly match: boolean;
  readonly indent: Indent;
}

/** Internal and unspecified spans, most of a trace, carry no sign. */
const KIND_SIGNS: Readonly<Record<number, string>> = {
  [SPAN_KIND.server]: "srv",
  [SPAN_KIND.client]: "cli",
  [SPAN_KIND.producer]: "pub",
  [SPAN_KIND.consumer]: "sub",
};
const WARNING_MARKS = ~COLUMN_MARK.serviceDefaulted;

/** One row of the timeline as DOM, filled again and again as it comes to stand for other spans. */
export class TimelineRow {
  readonly element: HTMLElement;
  readonly #name = part("div", styles.name);
  readonly #indent = part("span", styles.indent);
  readonly #level = part("span", styles.level);
  readonly #toggle = part("span", styles.toggle);
  readonly #swatch = swatchElement();
  readonly #service = part("span", styles.service);
  readonly #operation = part("span", styles.operation);
  readonly #did = part("span", styles.did);
  readonly #outcome = part("span", styles.outcome);
  readonly #group = part("span", styles.group);
  readonly #hidden = part("span", styles.hidden);
  readonly #badges = part("span", styles.badges);
  readonly #facts = part("div", styles.facts);
  readonly #factsText = part("span", "visually-hidden");

  constructor(id: string) {
    this.element = part("div", styles.row);
    this.element.id = id;
    this.element.setAttribute("role", "row");
    this.#name.setAttribute("role", "gridcell");
    this.#facts.setAttribute("role", "gridcell");
    this.#toggle.setAttribute("aria-hidden", "true");
    this.#facts.append(this.#factsText);
    this.#group.dataset.opens = "group";
    this.#hidden.dataset.opens = "row";
    this.#name.append(
      this.#level,
      this.#indent,
      this.#toggle,
      this.#swatch,
      this.#service,
      this.#operation,
      this.#did,
      this.#outcome,
      this.#group,
      this.#hidden,
      this.#badges,
    );
    this.element.append(this.#name, this.#facts);
  }

  fill(content: RowContent): void {
    const { model, row, folded, closed } = content;
    // One that is open is told by its sign alone.
    const group = closed ? content.group : undefined;
    const { columns, layout } = model;
    const size = layout.size[row]!;
    const depth = (content.merged ?? layout).depth[row]!;
    // What a closed group or a fold hides is told by its row.
    const errors = countBetween(model.errorRows, row, group?.end ?? row + (folded ? size : 1));
    const error = errors > 0;
    const service = shownService(columns, row);
    const operation = shownOperation(columns, row);
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
    if (size > 1 || content.group !== undefined)
      element.setAttribute("aria-expanded", String(!closed && (size === 1 || !folded)));
    else element.removeAttribute("aria-expanded");

    this.#indent.style.width = `${Math.round(content.indent.steps(depth) * content.indent.width)}px`;
    this.#indent.style.backgroundSize = `${content.indent.width}px 100%`;
    this.#toggle.dataset.state = closed ? "folded" : size === 1 ? "leaf" : folded ? "folded" : "open";
    this.#toggle.dataset.opens = closed ? "group" : size === 1 ? "" : "row";
    setSwatchLook(this.#swatch, look);
    this.#service.textContent = service;
    this.#operation.textContent = operation;
    const { did, outcome, bad } = rowText(model, row);
    this.#did.textContent = did;
    this.#outcome.textContent = closed ? "" : outcome;
    this.#outcome.dataset.bad = String(bad);
    const facts = group === undefined ? factsText(model, row, errors) : groupText(group, errors);
    this.#level.textContent = content.indent.numbered ? formatCount(depth + 1) : "";
    this.#name.title = `${[service, operation, did, outcome].filter((text) => text !== "").join("  ")}${group === undefined ? "" : `\n${facts}`}`;
    this.#group.textContent = content.group === undefined ? "" : groupSign(content.group);
    this.#group.dataset.state = closed ? "closed" : "open";
    this.#group.title = `Show ${content.group?.kind === "chain" ? "these levels" : "these equal siblings"} ${closed ? "one by one" : "as one"}`;
    this.#hidden.textContent = folded && !closed ? `+${formatCount(size - 1)}` : "";
    this.#badges.replaceChildren(
      ...(group === undefined ? badges(model, row, errors) : groupBadges(model, group, errors)),
    );
    this.#factsText.textContent = facts;
  }
}

/** `errors`: of the row itself, and of those that its fold hides. */
function badges(model: TraceModel, row: number, errors: number): HTMLElement[] {
  const { columns } = model;
  const found: HTMLElement[] = [];
  const kind = KIND_SIGNS[columns.kind[row]!] ?? "";
  if (kind !== "") found.push(badge(styles.kind, `kind ${SPAN_KIND_NAMES[columns.kind[row]!]}`, kind));
  const links = columns.linkCount[row]!;
  if (links > 0)
    found.push(badge(styles.link, counted(links, "link to another span", "links to other spans"), iconElement("link")));
  const own = columns.status[row] === STATUS_CODE.error ? 1 : 0;
  if (errors > own) found.push(errorCount(errors, own === 1 ? "in it and below" : "below"));
  else if (own === 1) found.push(badge(styles.error, "error", iconElement("error")));
  if (columns.parent[row] === PARENT_MISSING)
    found.push(badge(styles.orphan, "its parent has not arrived", iconElement("broken")));
  const marks = columns.marks[row]! & WARNING_MARKS;
  if (marks !== 0) found.push(badge(styles.mark, markText(marks), iconElement("warning")));
  return found;
}

/** What all of them have, and how many links and errors are among them and below. */
function groupBadges(model: TraceModel, { head, end }: SiblingGroup, errors: number): HTMLElement[] {
  const sign = KIND_SIGNS[model.columns.kind[head]!] ?? "";
  const found = sign === "" ? [] : [badge(styles.kind, `kind ${SPAN_KIND_NAMES[model.columns.kind[head]!]}`, sign)];
  let links = 0;
  for (let row = head; row < end; row++) links += model.columns.linkCount[row]!;
  if (links > 0) found.push(badge(styles.link, counted(links, "link", "links"), linkCount(links)));
  return errors === 0 ? found : [...found, errorCount(errors, "")];
}

function linkCount(links: number): HTMLElement {
  const text = part("span", styles.errors);
  text.append(iconElement("link"), formatCount(links));
  return text;
}

function errorCount(errors: number, where: string): HTMLElement {
  const text = part("span", styles.errors);
  text.append(iconElement("error"), formatCount(errors));
  return badge(styles.error, `${counted(errors, "error")} ${where}`.trim(), text);
}

function badge(className: string | undefined, title: string, content: Node | string): HTMLElement {
  const element = part("span", className);
  element.append(content);
  element.title = title;
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", title);
  return element;
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

/** `×40`, `⋯ 312 levels`. */
function groupSign({ kind, members }: SiblingGroup): string {
  return kind === "chain" ? `⋯ ${counted(members, "level")}` : `×${formatCount(members)}`;
}

/** What the bars of a closed group show, for those who do not see them. */
function groupText(group: SiblingGroup, errors: number): string {
  if (group.kind === "chain") return `${counted(group.members, "level")} with one child each`;
  const { members, total, least, median, longest, from } = group;
  const each = `${formatDuration(least)} to ${formatDuration(longest)}, median ${formatDuration(median)}`;
  const failed = errors === 0 ? "" : `, ${counted(errors, "error")}`;
  return `${counted(members, "equal span")}, ${formatDuration(total)} in total (${each})${failed}, from ${formatDuration(from)} on`;
}

/** What the bar shows, for those who do not see it. */
function factsText({ columns }: TraceModel, row: number, errors: number): string {
  const own = columns.status[row] === STATUS_CODE.error ? 1 : 0;
  const hidden = errors > own ? `, ${counted(errors - own, "error")} below` : "";
  return `${formatDuration(rowDuration(columns, row))}, starts at ${formatDuration(rowStart(columns, row))}${hidden}`;
}
