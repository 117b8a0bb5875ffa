/** What is fed with bytes that somebody may send, and may answer them only with an error of its own kind. */
export interface FuzzTarget {
  readonly name: string;
  /** Sound inputs, small: what others are made of. */
  readonly corpus: readonly Uint8Array[];
  /** Words of the language, put in at random places. */
  readonly words?: readonly string[];
  /** Longest input, bytes; default 128 KiB. */
  readonly mostBytes?: number;
  /** Throws where the input is not treated as it must be; a refusal as it should be is no reason. */
  take(input: Uint8Array<ArrayBuffer>): void;
}

export interface Finding {
  readonly target: string;
  readonly input: Uint8Array;
  readonly problem: string;
}

/** Longest time that one input may take of a processor, ms, and the most memory, bytes, that may be left of it. */
const MOST_MS = 200;
const MOST_BYTES = 128 * 1024 * 1024;
/** Inputs grow to this by repetition, bytes: what is not linear in them shows. */
const MOST_INPUT = 64 * 1024;

/** Feeds a target with mutated inputs until `untilMs` of performance.now(); undefined where nothing was found. */
export function fuzz(
  target: FuzzTarget,
  random: () => number,
  untilMs: number,
): { readonly inputs: number; readonly finding: Finding | undefined } {
  for (const input of target.corpus) {
    const problem = problemOf(target, Uint8Array.from(input));
    if (problem !== undefined) return { inputs: 0, finding: { target: target.name, input, problem } };
  }
  let inputs = 0;
  while (performance.now() < untilMs) {
    const input = mutated(target, random);
    const problem = problemOf(target, Uint8Array.from(input));
    inputs++;
    if (problem === undefined) continue;
    const least = minimised(target, input);
    return { inputs, finding: { target: target.name, input: least, problem: problemOf(target, least) ?? problem } };
  }
  return { inputs, finding: undefined };
}

/** What is wrong with how a target takes an input; undefined where nothing is. */
export function problemOf(target: FuzzTarget, input: Uint8Array<ArrayBuffer>): string | undefined {
  const before = heldBytes();
  let problem: string | undefined;
  const spent = millisecondsOf(() => {
    try {
      target.take(input);
    } catch (error) {
      problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  });
  if (problem !== undefined) return problem;
  // A collection, or code that is compiled, may fall to any input: slow is what is slow each time.
  if (spent > MOST_MS) {
    const again = Math.min(...[1, 2, 3].map(() => millisecondsOf(() => takeQuietly(target, input))));
    if (again > MOST_MS) return `takes ${Math.round(again)} ms for ${input.length} bytes`;
  }
  const held = heldBytes() - before;
  return held > MOST_BYTES ? `leaves ${held} bytes in memory for ${input.length}` : undefined;
}

function takeQuietly(target: FuzzTarget, input: Uint8Array<ArrayBuffer>): void {
  try {
    target.take(input);
  } catch {
    // It was taken before.
  }
}

/** Of this thread, where Node can tell: others have their own work. */
const usage = ((process as { threadCpuUsage?: typeof process.cpuUsage }).threadCpuUsage ?? process.cpuUsage).bind(
  process,
);

function millisecondsOf(work: () => void): number {
  const before = usage();
  work();
  const { user, system } = usage(before);
  return (user + system) / 1000;
}

function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

type Mutator = (bytes: Uint8Array, random: () => number, target: FuzzTarget) => Uint8Array;

const below = (random: () => number, end: number) => Math.floor(random() * end);
const spliced = (bytes: Uint8Array, at: number, removed: number, put: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + removed)]);

/** Lengths and numbers at the edges of their types, as protobuf, thrift and DNS write them, and as text. */
const EDGES = [
  "ffffffff0f",
  "ffffffffffffffffff01",
  "ffffff7f",
  "80808080808080808080",
  "7fffffff",
  "ffffffff",
  "80000000",
  "ffff",
  "c00c",
  "00",
  Buffer.from("-1").toString("hex"),
  Buffer.from("18446744073709551616").toString("hex"),
  Buffer.from("1e999").toString("hex"),
  Buffer.from("__proto__").toString("hex"),
  Buffer.from("\u{1f600}\\ud800").toString("hex"),
].map((hex) => Buffer.from(hex, "hex"));

const MUTATORS: readonly Mutator[] = [
  (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    const at = below(random, copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << below(random, 8));
    return copy;
  },
  (bytes, random) => spliced(bytes, below(random, bytes.length), 1, Uint8Array.of(below(random, 256))),
  (bytes, random) => spliced(bytes, below(random, bytes.length), 1 + below(random, 8), new Uint8Array(0)),
  (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  (bytes, random) => {
    const edge = EDGES[below(random, EDGES.length)] as Uint8Array;
    return spliced(bytes, below(random, bytes.length), random() < 0.5 ? edge.length : 0, edge);
  },
  (bytes, random) => {
    const at = below(random, bytes.length);
    const part = bytes.subarray(at, at + 1 + below(random, 64));
    const times = random() < 0.8 ? 2 : Math.min(10_000, Math.floor(MOST_INPUT / part.length));
    return spliced(bytes, at, 0, Buffer.concat(Array.from({ length: times }, () => part)));
  },
  (bytes, random, { corpus }) => {
    const other = corpus[below(random, corpus.length)] as Uint8Array;
    const from = below(random, other.length);
    return spliced(bytes, below(random, bytes.length), below(random, 32), other.subarray(from, from + 64));
  },
  (bytes, random, { words = [] }) => {
    if (words.length === 0) return bytes;
    const word = Buffer.from(words[below(random, words.length)] as string);
    const times = random() < 0.9 ? 1 : Math.min(10_000, Math.floor(MOST_INPUT / word.length));
    const put = times === 1 ? word : Buffer.concat(Array.from({ length: times }, () => word));
    return spliced(bytes, below(random, bytes.length), below(random, 2) * below(random, 6), put);
  },
];

function mutated(target: FuzzTarget, random: () => number): Uint8Array {
  let bytes = target.corpus[below(random, target.corpus.length)] as Uint8Array;
  const times = 1 + below(random, 4);
  for (let i = 0; i < times; i++) {
    bytes = (MUTATORS[below(random, MUTATORS.length)] as Mutator)(bytes, random, target);
  }
  return bytes.subarray(0, target.mostBytes ?? 2 * MOST_INPUT);
}

/** A shorter input that is wrong too: parts are left out for as long as that holds. */
function minimised(target: FuzzTarget, input: Uint8Array): Uint8Array<ArrayBuffer> {
  let least = Uint8Array.from(input);
  const deadline = performance.now() + 20_000;
  for (let part = Math.ceil(least.length / 2); part >= 1 && performance.now() < deadline; ) {
    let shorter = false;
    for (let at = 0; at < least.length && performance.now() < deadline; ) {
      const tried = Uint8Array.from(spliced(least, at, part, new Uint8Array(0)));
      if (problemOf(target, tried) === undefined) at += part;
      else {
        least = tried;
        shorter = true;
      }
    }
    if (!shorter || part > 1) part = part === 1 ? 0 : Math.ceil(part / 2);
  }
  return least;
}
