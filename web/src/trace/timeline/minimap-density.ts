import { STATUS_CODE } from "../../../../src/model/span.ts";
import type { TraceModel } from "../model/trace-model.ts";
import { barBox } from "./bar-geometry.ts";

/** Of a line of pixels, so many services are told apart. */
const MOST_SERVICES = 16;
/** How far a failed span among others is marked from its start on, pixels. */
const MARK = 2;
/** Of the spans that cover a pixel, what has to have failed for it to be a failure. */
const FAILED_SHARE = 0.5;

/** What the spans of a trace make of lines of pixels; every span is on the line that its row falls on. */
export interface Density {
  /** Spans that cover the pixel. */
  readonly count: Float32Array;
  /** The service with most of them, by its position among the columns' services, plus one; 0 for none. */
  readonly service: Uint16Array;
  /** 1 where at least half of them failed, and where one that failed begins. */
  readonly failed: Uint8Array;
}

/** Linear in spans plus pixels, however long the spans are: a difference array a line and service. */
export function densityOf(
  { columns, extent }: Pick<TraceModel, "columns" | "extent">,
  width: number,
  height: number,
): Density {
  const density: Density = {
    count: new Float32Array(width * height),
    service: new Uint16Array(width * height),
    failed: new Uint8Array(width * height),
  };
  const window = { from: 0, to: extent };
  const lines = new Lines(width);
  for (let y = 0; y < height; y++) {
    const end = Math.ceil(((y + 1) * columns.count) / height);
    for (let row = Math.ceil((y * columns.count) / height); row < end; row++) {
      const bar = barBox(window, width, columns.start[row]!, columns.duration[row]!);
      const from = Math.max(0, Math.min(width - 1, Math.floor(bar.x)));
      const to = Math.max(from + 1, Math.min(width, Math.ceil(bar.x + bar.width)));
      lines.add(columns.service[row]!, from, to, columns.status[row] === STATUS_CODE.error);
    }
    lines.take(density, y * width);
  }
  return density;
}

/** One line at a time. */
class Lines {
  readonly #width: number;
  readonly #all: Float32Array;
  readonly #failed: Float32Array;
  readonly #marked: Uint8Array;
  readonly #slots = new Map<number, Float32Array>();
  /** Of lines before. */
  readonly #free: Float32Array[] = [];

  constructor(width: number) {
    this.#width = width;
    this.#all = new Float32Array(width + 1);
    this.#failed = new Float32Array(width + 1);
    this.#marked = new Uint8Array(width);
  }

  add(service: number, from: number, to: number, failed: boolean): void {
    let own = this.#slots.get(service);
    if (own === undefined && this.#slots.size < MOST_SERVICES) {
      own = this.#free.pop() ?? new Float32Array(this.#width + 1);
      this.#slots.set(service, own);
    }
    for (const differences of [this.#all, own, failed ? this.#failed : undefined]) {
      if (differences === undefined) continue;
      differences[from]! += 1;
      differences[to]! -= 1;
    }
    if (failed) this.#marked.fill(1, from, Math.min(to, from + MARK));
  }

  /** Sums the line up into the pixels from `at` on, and begins the next. */
  take({ count, service, failed }: Density, at: number): void {
    const slots = [...this.#slots].map(([id, differences]) => ({ id, differences, sum: 0 }));
    let all = 0;
    let errors = 0;
    for (let x = 0; x < this.#width; x++) {
      all += this.#all[x]!;
      errors += this.#failed[x]!;
      let most = 0;
      for (const slot of slots) {
        slot.sum += slot.differences[x]!;
        if (slot.sum > most) {
          most = slot.sum;
          service[at + x] = slot.id + 1;
        }
      }
      count[at + x] = all;
      failed[at + x] = this.#marked[x] === 1 || (errors > 0 && errors >= FAILED_SHARE * all) ? 1 : 0;
    }
    this.#all.fill(0);
    this.#failed.fill(0);
    this.#marked.fill(0);
    for (const { differences } of slots) this.#free.push(differences.fill(0));
    this.#slots.clear();
  }
}
