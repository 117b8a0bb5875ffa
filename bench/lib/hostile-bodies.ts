import { gzipSync } from "node:zlib";

/** A small request that becomes a large one. */
export interface HostileBody {
  readonly name: string;
  readonly format: "json" | "protobuf";
  readonly gzip: Buffer;
  /** Bytes once inflated. */
  readonly inflated: number;
}

const IN_SPAN = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${"1".repeat(32)}","spanId":"${"2".repeat(16)}",`;
const IDS = [0x0a, 16, ...Array<number>(16).fill(1), 0x12, 8, ...Array<number>(8).fill(2)];

/** Bodies that inflate to about `bytes`: next to nothing, again and again, in every place where a list may be. */
export function* hostileBodies(bytes: number): Generator<HostileBody> {
  const json: readonly [string, string, string, string][] = [
    ["{} as spans", '{"resourceSpans":[{"scopeSpans":[{"spans":[', "{}", "]}]}]}"],
    ["{} as resources", '{"resourceSpans":[', "{}", "]}"],
    ["{} as scopes", '{"resourceSpans":[{"scopeSpans":[', "{}", "]}]}"],
    ["{} as attributes", `${IN_SPAN}"attributes":[`, "{}", "]}]}]}]}"],
    ["{} as events", `${IN_SPAN}"events":[`, "{}", "]}]}]}]}"],
    ["{} as links", `${IN_SPAN}"links":[`, "{}", "]}]}]}]}"],
    ["{} in a list value", `${IN_SPAN}"attributes":[{"value":{"arrayValue":{"values":[`, "{}", "]}}}]}]}]}]}"],
    ["spans of ids alone", '{"resourceSpans":[{"scopeSpans":[{"spans":[', `${IN_SPAN.slice(43, -1)}}`, "]}]}]}"],
  ];
  for (const [name, before, one, behind] of json) {
    const count = Math.floor((bytes - before.length - behind.length) / (one.length + 1));
    yield made(name, "json", Buffer.from(`${before}${`${one},`.repeat(count - 1)}${one}${behind}`));
  }
  const deep = Math.floor(bytes / 2) - 200;
  yield made(
    "nested arrays",
    "json",
    Buffer.from(`${IN_SPAN}"attributes":[{"key":"a","value":${"[".repeat(deep)}${"]".repeat(deep)}}]}]}]}]}`),
  );
  const protobuf: readonly [string, readonly number[], readonly number[], readonly number[]][] = [
    ["empty spans", [0x12, 0], [0x12, 0x0a], []],
    ["spans that break off", [0x12, 1, 0xff], [0x12, 0x0a], []],
    ["empty resources", [0x0a, 0], [], []],
    ["empty scopes", [0x12, 0], [0x0a], []],
    ["empty attributes", [0x4a, 0], [0x12, 0x12, 0x0a], IDS],
    ["empty events", [0x5a, 0], [0x12, 0x12, 0x0a], IDS],
    ["empty links", [0x6a, 0], [0x12, 0x12, 0x0a], IDS],
    ["empty resource attributes", [0x0a, 0], [0x0a, 0x0a], []],
    ["spans of ids alone", [0x12, IDS.length, ...IDS], [0x12, 0x0a], []],
  ];
  for (const [name, field, tags, inner] of protobuf) {
    const fields = Buffer.alloc(bytes - 64 - ((bytes - 64) % field.length), Uint8Array.from(field));
    yield made(name, "protobuf", Buffer.concat([head(tags, fields.length, inner), fields]));
  }
}

function made(name: string, format: HostileBody["format"], body: Buffer): HostileBody {
  return { name, format, gzip: gzipSync(body), inflated: body.length };
}

/** Tags and lengths of nested messages, the innermost of which begins with `inner` and goes on for `length` bytes. */
function head(tags: readonly number[], length: number, inner: readonly number[]): Buffer {
  let bytes = [...inner];
  for (const tag of tags) bytes = [tag, ...varint(bytes.length + length), ...bytes];
  return Buffer.from(bytes);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
