import { ByteInterner } from "../../../codec/otlp/scan/byte-interner.ts";
import type { LogFragment } from "../../../model/log.ts";
import { isTime } from "../../../model/span-times.ts";
import { rowLabelText } from "../../analysis/row-label.ts";
import { RowParts } from "./row-parts.ts";

/** Of a trace: beyond these the last rows have no label, and events are not told. Characters, and numbers. */
const MOST_LABELS = 2_000_000;
const MOST_EVENTS = 200_000;

/** What the spans themselves tell of each row; the columns of the same names say how. */
export interface RowFacts {
  readonly labels: readonly string[];
  readonly label: Uint32Array;
  readonly attributeCount: Uint16Array;
  readonly eventCount: Uint16Array;
  readonly linkCount: Uint16Array;
  readonly eventTime: readonly number[];
  readonly eventRow: readonly number[];
  readonly eventIsException: readonly number[];
}

/** Where the span of each row is stored. */
interface RowPlaces {
  readonly count: number;
  readonly fragment: ArrayLike<number>;
  readonly source: ArrayLike<number>;
  /** ns since the Unix epoch that times are told from. */
  readonly base: bigint;
}

/** One pass over the bytes of all spans of a trace. */
export function readRows(fragments: readonly LogFragment[], tree: RowPlaces): RowFacts {
  const n = tree.count;
  const labels = new Labels();
  /** Labels by what they are made of, 1 + position; the interner gives the same number for the same bytes. */
  const interner = new ByteInterner();
  interner.begin();
  const known: number[] = [];
  const label = new Uint32Array(n);
  const [attributeCount, eventCount, linkCount] = [new Uint16Array(n), new Uint16Array(n), new Uint16Array(n)];
  const eventTime: number[] = [];
  const eventRow: number[] = [];
  const eventIsException: number[] = [];
  const parts = new RowParts();
  for (let row = 0; row < n; row++) {
    const { block } = fragments[tree.fragment[row] as number] as LogFragment;
    const source = tree.source[row] as number;
    parts.read(block.body, block.columns.spanStart[source] as number, block.columns.spanEnd[source] as number);
    attributeCount[row] = Math.min(0xffff, parts.attributes);
    eventCount[row] = Math.min(0xffff, parts.events);
    linkCount[row] = Math.min(0xffff, parts.links);
    for (let i = 0; i < parts.eventTimes.length && eventRow.length < MOST_EVENTS; i++) {
      const time = parts.eventTimes[i] as bigint;
      if (!isTime(Number(time))) continue;
      eventTime.push(Number(time - tree.base));
      eventRow.push(row);
      eventIsException.push(parts.eventIsException[i] === true ? 1 : 0);
    }
    if (parts.used === 0) continue;
    const made = interner.intern(parts.scratch, 0, parts.used);
    label[row] = known[made] ??= labels.add(rowLabelText(parts.value));
  }
  const events = { eventTime, eventRow, eventIsException };
  return { labels: labels.texts, label, attributeCount, eventCount, linkCount, ...events };
}

/** Distinct labels, as many as there is room for. */
class Labels {
  readonly #positions = new Map<string, number>();
  #characters = 0;

  get texts(): readonly string[] {
    return [...this.#positions.keys()];
  }

  /** 1 + the position of a label; 0 for an empty one and where there is no room. */
  add(text: string): number {
    if (text === "") return 0;
    const known = this.#positions.get(text);
    if (known !== undefined) return known + 1;
    if (this.#characters + text.length > MOST_LABELS) return 0;
    this.#characters += text.length;
    this.#positions.set(text, this.#positions.size);
    return this.#positions.size;
  }
}
