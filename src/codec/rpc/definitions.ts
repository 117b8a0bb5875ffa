import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type protobuf from "protobufjs";
import { messageOf } from "../../model/message-of.ts";
import { DecodeError } from "../decode-error.ts";
import { PACKAGE_ROOT } from "../package-root.ts";
import type { JsonForm } from "./json-form.ts";

const FOLDER = new URL("proto/", PACKAGE_ROOT);

/** Definitions that come with protobufjs. */
const BUNDLED = "google/protobuf/";

/**
 * A message of proto/ for the answers, errors and questions that come once in a while; spans never pass here. The
 * library and the definition are loaded by the first message that is written or read, so that a collector which only
 * says yes never loads them.
 */
export class MessageType<T extends object> {
  readonly #file: string;
  readonly #name: string;
  #type: protobuf.Type | undefined;

  /**
   * @param file below proto/, `google/rpc/status.proto`
   * @param name full name of the message, `google.rpc.Status`
   */
  constructor(file: string, name: string) {
    this.#file = file;
    this.#name = name;
  }

  /** Strings must be well formed; fields that hold their default are left out. @throws Error without the definition */
  encode(message: T): Uint8Array<ArrayBuffer> {
    const type = this.#load();
    return type.encode(type.fromObject(message)).finish() as Uint8Array<ArrayBuffer>;
  }

  /**
   * Every field, its default where it is absent, null for an absent message. Enums are numbers; 64-bit integers are
   * numbers too, and lose their last digits beyond 2^53. Ill-formed UTF-8 becomes U+FFFD: what a peer says of itself is
   * worth more than the letter of proto3.
   * @throws DecodeError for bytes that are no such message; Error without the definition
   */
  decode(bytes: Uint8Array): T {
    const type = this.#load();
    try {
      return type.toObject(type.decode(bytes), { longs: Number, defaults: true }) as T;
    } catch (error) {
      throw new DecodeError(`not a ${this.#name}: ${messageOf(error)}`);
    }
  }

  /**
   * The message that JSON stands for. 64-bit integers are exact; a default that is written is kept where its presence
   * means something.
   * @throws DecodeError with the path of what is not as `form` has it; Error without the definition
   */
  encodeJson(value: unknown, form: JsonForm): Uint8Array<ArrayBuffer> {
    const type = this.#load();
    return type.encode(type.fromObject(form.message(type, value))).finish() as Uint8Array<ArrayBuffer>;
  }

  #load(): protobuf.Type {
    this.#type ??= loadType(this.#file, this.#name);
    return this.#type;
  }
}

/** @throws Error where the package is incomplete: better at the start than with the first answer that needs them. */
export function assertDefinitions(): void {
  if (!existsSync(new URL("google/rpc/status.proto", FOLDER))) throw missing("google/rpc/status.proto");
}

function loadType(file: string, name: string): protobuf.Type {
  const root = loadRoot([file]);
  for (const type of typesOf(root)) type.setOption("features.utf8_validation", "NONE");
  return root.resolveAll().lookupType(name);
}

/** What the files define, with all that they import; not resolved. @throws Error without one of the definitions */
export function loadRoot(files: readonly string[]): protobuf.Root {
  const library = createRequire(import.meta.url)("protobufjs") as typeof protobuf;
  const root = new library.Root();
  const seen = new Set<string>();
  const add = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const bundled = path.startsWith(BUNDLED) ? library.common.get(path) : undefined;
    if (bundled?.nested !== undefined) root.addJSON(bundled.nested);
    else for (const imported of library.parse(definition(path), root).imports ?? []) add(imported);
  };
  for (const file of files) add(file);
  return root;
}

function* typesOf(parent: protobuf.NamespaceBase): Generator<protobuf.Type> {
  for (const nested of parent.nestedArray) {
    if ("fieldsArray" in nested) yield nested as protobuf.Type;
    if ("nestedArray" in nested) yield* typesOf(nested as protobuf.NamespaceBase);
  }
}

function definition(path: string): string {
  try {
    return readFileSync(new URL(path, FOLDER), "utf8");
  } catch (cause) {
    throw missing(path, cause);
  }
}

function missing(path: string, cause?: unknown): Error {
  return new Error(
    `the message definition ${fileURLToPath(new URL(path, FOLDER))} is missing; it is part of the package spanloom, ` +
      "and a bundle or an image of it needs the folder proto beside dist",
    { cause },
  );
}
