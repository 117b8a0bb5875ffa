import { skip, THRIFT_TYPE as T, type ThriftReader, type ThriftType } from "../thrift/protocol.ts";
import type { JaegerTag, JaegerValue } from "./model.ts";
import { TAG_TYPE } from "./thrift-batch.ts";

/** Type of a tag's value by its field's number. */
const BY_FIELD: readonly (number | undefined)[] = [
  undefined,
  undefined,
  undefined,
  TAG_TYPE.string,
  TAG_TYPE.double,
  TAG_TYPE.bool,
  TAG_TYPE.long,
  TAG_TYPE.binary,
];
const NO_BYTES = new Uint8Array(0);

/** Tags as they are read. */
export class ThriftTags {
  /** Something since the owner cleared it was no tag as jaeger.thrift has it. */
  odd = false;
  /** Items of the last list that were left out. */
  dropped = 0;

  /**
   * The list at hand, of which no more than `max` are kept; undefined where it holds no structs, and then it is passed.
   */
  list(input: ThriftReader, max: number): JaegerTag[] | undefined {
    const tags: JaegerTag[] = [];
    const found = readStructs(input, (index) => {
      if (index < max) tags.push(this.#tag(input));
      else skip(input, T.struct);
    });
    this.dropped = found === undefined ? 0 : Math.max(found - max, 0);
    return found === undefined ? undefined : tags;
  }

  /**
   * Tag { 1: string key, 2: TagType vType, 3: string vStr, 4: double vDouble, 5: bool vBool, 6: i64 vLong, 7: binary
   * vBinary }. A type that nobody knows is the one of the value that is there.
   */
  #tag(input: ThriftReader): JaegerTag {
    let key: string | undefined;
    let type = -1;
    let last = -1;
    let text = "";
    let double = 0;
    let bool = false;
    let long = 0n;
    let binary: Uint8Array = NO_BYTES;
    input.structBegin();
    for (let field = input.field(); field !== undefined; field = input.field()) {
      const { id } = field;
      const kind = field.type;
      if (id === 1 && kind === T.string) key = input.string();
      else if (id === 2 && kind === T.i32) type = input.i32();
      else if (id === 3 && kind === T.string) text = input.string();
      else if (id === 4 && kind === T.double) double = input.double();
      else if (id === 5 && kind === T.bool) bool = input.bool();
      else if (id === 6 && kind === T.i64) long = input.i64();
      else if (id === 7 && kind === T.string) binary = input.binary();
      else {
        skip(input, kind);
        continue;
      }
      last = BY_FIELD[id] ?? last;
    }
    input.structEnd();
    if (key === undefined || !(type >= 0 && type <= TAG_TYPE.binary)) {
      this.odd = true;
      if (type < 0 || type > TAG_TYPE.binary) type = last;
    }
    return { key: key ?? "", value: tagValue(type, text, double, bool, long, binary) };
  }
}

function tagValue(
  type: number,
  text: string,
  double: number,
  bool: boolean,
  long: bigint,
  binary: Uint8Array,
): JaegerValue {
  switch (type) {
    case TAG_TYPE.double:
      return { type: "double", value: double };
    case TAG_TYPE.bool:
      return { type: "bool", value: bool };
    case TAG_TYPE.long:
      return { type: "int", value: long };
    case TAG_TYPE.binary:
      return { type: "bytes", value: binary };
    default:
      return { type: "string", value: text };
  }
}

/**
 * The items of the list at hand, by `read`; gives their number. Undefined where the list holds no structs, and then it
 * is passed.
 */
export function readStructs(input: ThriftReader, read: (index: number) => void): number | undefined {
  const { elementType, size } = input.listBegin();
  const structs = elementType === T.struct || size === 0;
  for (let index = 0; index < size; index++) {
    if (structs) read(index);
    else skip(input, elementType as ThriftType);
  }
  input.containerEnd();
  return structs ? size : undefined;
}
