import { formatDuration } from "../../../../src/model/duration-text.ts";
import type { Usual } from "../../../../src/query/analysis/usual.ts";
import { rowDuration, rowStart } from "../../../../src/query/ui/columns-format.ts";
import { counted } from "../../format/count.ts";
import { formatShare } from "../../format/share.ts";
import { rowText } from "../model/row-text.ts";
import type { SiblingGroup } from "../model/sibling-groups.ts";
import { shownOperation, shownService, type TraceModel } from "../model/trace-model.ts";
import styles from "./hover-card.module.css";
import { part } from "./part.ts";

const REST_MS = 200;
/** From the pointer, and from the edges of the window, CSS pixels. */
const GAP = 14;

/** What a bar stands for. */
interface PointedRow {
  readonly model: TraceModel;
  readonly row: number;
  /** Where the row stands for it too, else −1. */
  readonly server: number;
  /** Where the row stands for all of it. */
  readonly group: SiblingGroup | undefined;
  readonly usual: Usual | undefined;
}

/**
 * A card beside the pointer that says in words what a bar shows. Nothing in it can be pressed, and readers of the
 * screen have it in the row.
 */
export class HoverCard {
  readonly element = part("div", styles.card);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = -1;

  constructor() {
    this.element.hidden = true;
    this.element.setAttribute("aria-hidden", "true");
  }

  point(x: number, y: number, pointed: PointedRow): void {
    if (this.#shown === pointed.row) {
      this.#place(x, y);
      return;
    }
    this.hide();
    this.#timer = setTimeout(() => {
      this.#shown = pointed.row;
      this.element.replaceChildren(...content(pointed));
      this.element.hidden = false;
      this.#place(x, y);
    }, REST_MS);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#shown = -1;
    this.element.hidden = true;
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.element.remove();
  }

  #place(x: number, y: number): void {
    const { offsetWidth, offsetHeight, style } = this.element;
    const left = x + GAP + offsetWidth > innerWidth ? x - GAP - offsetWidth : x + GAP;
    const top = y + GAP + offsetHeight > innerHeight ? y - GAP - offsetHeight : y + GAP;
    style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, top)}px)`;
  }
}

function content(pointed: PointedRow): HTMLElement[] {
  const { model, row } = pointed;
  const title = part("div", styles.title);
  const service = part("b", undefined);
  service.textContent = shownService(model.columns, row);
  const name = part("bdi", undefined);
  name.textContent = shownOperation(model.columns, row);
  title.append(service, " ", name);
  const { did, outcome } = rowText(model, row);
  const facts = pointed.group === undefined ? spanFacts(pointed) : groupFacts(pointed.group);
  const list = part("dl", styles.facts);
  for (const [term, value] of facts) {
    const dt = part("dt", undefined);
    dt.textContent = term;
    const dd = part("dd", undefined);
    dd.textContent = value;
    list.append(dt, dd);
  }
  const said = [did, outcome].filter((text) => text !== "").join(" ");
  if (said === "") return [title, list];
  const line = part("div", styles.did);
  line.textContent = said;
  return [title, line, list];
}

function spanFacts({ model, row, server, usual }: PointedRow): (readonly [string, string])[] {
  const { columns, times } = model;
  const duration = rowDuration(columns, row);
  const facts: [string, string][] = [["Duration", formatDuration(duration)]];
  if (duration !== undefined && duration > 0) {
    const self = times.self[row]!;
    facts.push(["Self", `${formatDuration(self)}, ${formatShare(self / duration)}`]);
  }
  if (server >= 0 && duration !== undefined) {
    const served = columns.duration[server]!;
    facts.push(["Server", formatDuration(served)], ["Network", formatDuration(Math.max(0, duration - served))]);
  }
  const onPath = times.path?.own[row] ?? 0;
  if (onPath > 0) facts.push(["On the critical path", formatDuration(onPath)]);
  if (usual !== undefined) {
    facts.push(["Usually", `${formatDuration(usual.medianNano)}, p95 ${formatDuration(usual.p95Nano)}`]);
  }
  facts.push(["Starts at", formatDuration(rowStart(columns, row))]);
  if (columns.eventCount[row]! > 0) facts.push(["Events", String(columns.eventCount[row])]);
  return facts;
}

function groupFacts({ members, total, least, median, longest }: SiblingGroup): (readonly [string, string])[] {
  return [
    ["Alike", counted(members, "span")],
    ["In total", formatDuration(total)],
    ["Each", `${formatDuration(least)} to ${formatDuration(longest)}, median ${formatDuration(median)}`],
  ];
}
