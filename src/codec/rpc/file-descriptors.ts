import { createRequire } from "node:module";
import type protobuf from "protobufjs";
import { loadRoot } from "./definitions.ts";

/** A file of definitions as reflection gives it: here one for each package. */
export interface FileDescriptor {
  /** `jaeger_api_v3.proto` */
  readonly name: string;
  /** Full names of messages, enums, services and methods. */
  readonly symbols: ReadonlySet<string>;
  /** Names of the files that it refers to, each before those that refer to it. */
  readonly imports: readonly string[];
  /** google.protobuf.FileDescriptorProto. */
  readonly bytes: Uint8Array;
}

interface Descriptor {
  name: string;
  package?: string;
  dependency: string[];
  readonly messageType: readonly MessageDescriptor[];
}

interface MessageDescriptor {
  name: string;
  readonly field: readonly { readonly name: string; typeName?: string }[];
  readonly nestedType: readonly MessageDescriptor[];
  readonly options?: { readonly mapEntry?: boolean } | null;
}

/** @param files below proto/; what they import comes along. @throws Error without one of the definitions */
export function fileDescriptors(files: readonly string[]): readonly FileDescriptor[] {
  const root = loadRoot(files).resolveAll();
  const { FileDescriptorProto } = createRequire(import.meta.url)("protobufjs/ext/descriptor") as {
    readonly FileDescriptorProto: { encode(file: Descriptor): { finish(): Uint8Array } };
  };
  const { file } = (root as unknown as { toDescriptor(syntax: string): { readonly file: Descriptor[] } }).toDescriptor(
    "proto3",
  );
  return file.map((descriptor) => {
    const parent = root.lookup(descriptor.package ?? "") as protobuf.Namespace;
    const symbols = new Set<string>();
    const packages = new Set<string>();
    visit(parent, symbols, packages);
    packages.delete(descriptor.package ?? "");
    const imports = [...packages].map(fileName);
    descriptor.dependency = imports;
    descriptor.messageType.forEach(nameMapEntries);
    return { name: descriptor.name, symbols, imports, bytes: FileDescriptorProto.encode(descriptor).finish() };
  });
}

/** The message behind a map has a name that clients insist on, `AttributesEntry`; the library gives another. */
function nameMapEntries(message: MessageDescriptor): void {
  for (const nested of message.nestedType) {
    nameMapEntries(nested);
    if (nested.options?.mapEntry !== true) continue;
    for (const field of message.field) {
      if (field.typeName !== nested.name) continue;
      const words = field.name.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
      nested.name = `${words.join("")}Entry`;
      field.typeName = nested.name;
    }
  }
}

function fileName(packageName: string): string {
  return `${packageName.replaceAll(".", "_")}.proto`;
}

/** Collects what is defined below, other packages excepted, and the packages of what it is made of. */
function visit(parent: protobuf.NamespaceBase, symbols: Set<string>, packages: Set<string>): void {
  const refer = (to: protobuf.ReflectionObject | null): void => {
    for (let at = to?.parent ?? null; at !== null; at = at.parent) {
      if ("fieldsArray" in at) continue;
      packages.add(at.fullName.slice(1));
      return;
    }
  };
  for (const nested of parent.nestedArray) {
    const isType = "fieldsArray" in nested;
    const isService = "methodsArray" in nested;
    if (!isType && !isService && "nestedArray" in nested) continue;
    symbols.add(nested.fullName.slice(1));
    if (isService) {
      for (const method of (nested as protobuf.Service).methodsArray) {
        symbols.add(method.fullName.slice(1));
        refer(method.resolvedRequestType);
        refer(method.resolvedResponseType);
      }
    } else if (isType) {
      for (const field of (nested as protobuf.Type).fieldsArray) refer(field.resolvedType);
      visit(nested as protobuf.Type, symbols, packages);
    }
  }
}
