import { ByteSink, ByteSource } from "./byte-sink.ts";
import { readNumbers, readUint32, unzigzag, writeNumbers, zigzag } from "./number-column.ts";

const TWO_32 = 0x1_0000_0000;
const MAX_STEP = 2 ** 51;

/**
 * How a column of u64 is stored, its first byte: `low` where all upper halves are zero; `steps` as the first value and
 * the difference of each to the one before; `halves` otherwise.
 */
const FORM = { low: 0, steps: 1, halves: 2 } as const;

/** u64 numbers in halves, growing. */
export class U64List {
  low = new Uint32Array(64);
  high = new Uint32Array(64);
  count = 0;

  push(low: number, high: number): void {
    if (this.count === this.low.length) {
      this.low = grown(this.low);
      this.high = grown(this.high);
    }
    this.low[this.count] = low;
    this.high[this.count++] = high;
  }
}

export interface U64Values {
  readonly low: Uint32Array;
  readonly high: Uint32Array | undefined;
}

/** `asSteps` is for values that grow from row to row, as times do; ignored where they differ too much. */
export function writeU64(list: U64List, asSteps: boolean): Uint8Array {
  const sink = new ByteSink(1024);
  const { low, high, count } = list;
  let anyHigh = false;
  for (let i = 0; i < count; i++) if (high[i] !== 0) anyHigh = true;
  const steps = asSteps && anyHigh ? stepsOf(list) : undefined;
  if (!anyHigh) {
    sink.byte(FORM.low);
    writeNumbers(sink, low, count);
  } else if (steps !== undefined) {
    sink.byte(FORM.steps);
    sink.u32(low[0] as number);
    sink.u32(high[0] as number);
    writeNumbers(sink, steps, count);
  } else {
    sink.byte(FORM.halves);
    writeNumbers(sink, low, count);
    writeNumbers(sink, high, count);
  }
  return sink.finish();
}

/** Throws RangeError for bytes that do not fit. */
export function readU64(bytes: Uint8Array, count: number): U64Values {
  const source = new ByteSource(bytes);
  const form = source.byte();
  if (form === FORM.low) return { low: readUint32(source, count), high: undefined };
  if (form === FORM.halves) return { low: readUint32(source, count), high: readUint32(source, count) };
  if (form !== FORM.steps) throw new RangeError(`unknown form ${form} of a column`);
  let atLow = source.u32();
  let atHigh = source.u32();
  const steps = readNumbers(source, count);
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const sum = atLow + unzigzag(steps[i] as number);
    const carry = Math.floor(sum / TWO_32);
    atLow = sum - carry * TWO_32;
    atHigh = (atHigh + carry) >>> 0;
    low[i] = atLow;
    high[i] = atHigh;
  }
  return { low, high };
}

function stepsOf({ low, high, count }: U64List): Float64Array | undefined {
  const steps = new Float64Array(count);
  for (let i = 1; i < count; i++) {
    const step =
      ((high[i] as number) - (high[i - 1] as number)) * TWO_32 + ((low[i] as number) - (low[i - 1] as number));
    if (Math.abs(step) > MAX_STEP) return undefined;
    steps[i] = zigzag(step);
  }
  return steps;
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
