import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { fileDescriptors } from "./file-descriptors.ts";

interface Message {
  readonly name: string;
  readonly field: readonly { readonly name: string; readonly typeName: string }[];
  readonly nestedType: readonly { readonly name: string; readonly options: { readonly mapEntry: boolean } | null }[];
}

const { FileDescriptorProto } = createRequire(import.meta.url)("protobufjs/ext/descriptor") as {
  readonly FileDescriptorProto: {
    decode(bytes: Uint8Array): { readonly package: string; readonly messageType: readonly Message[] };
  };
};

it("names fields as their files do, and the message behind a map as every client expects it", () => {
  const [file] = fileDescriptors(["jaeger/api_v3/query_service.proto"]).filter(
    ({ name }) => name === "jaeger_api_v3.proto",
  );
  const decoded = FileDescriptorProto.decode(file?.bytes as Uint8Array);
  expect(decoded.package).toBe("jaeger.api_v3");
  const query = decoded.messageType.find(({ name }) => name === "TraceQueryParameters");
  expect(query?.field.map(({ name }) => name)).toContain("start_time_min");
  expect(query?.field.find(({ name }) => name === "attributes")?.typeName).toBe("AttributesEntry");
  expect(query?.nestedType.map(({ name, options }) => [name, options?.mapEntry])).toEqual([["AttributesEntry", true]]);
});

it("has each file once, after what it imports is known, and no file without something in it", () => {
  const files = fileDescriptors(["jaeger/api_v3/query_service.proto", "jaeger/api_v2/query.proto"]);
  const names = files.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { imports, symbols, name } of files) {
    expect(names).toEqual(expect.arrayContaining([...imports]));
    expect(imports).not.toContain(name);
    expect(symbols.size).toBeGreaterThan(0);
  }
});
