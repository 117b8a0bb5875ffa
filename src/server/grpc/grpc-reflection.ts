import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { FileDescriptor } from "../../codec/rpc/file-descriptors.ts";
import {
  type ReflectionRequest,
  type ReflectionResponse,
  reflectionRequest,
  reflectionResponse,
} from "../../codec/rpc/reflection.ts";
import { messageOf } from "../../model/message-of.ts";
import type { StreamedService } from "./grpc-listener-options.ts";
import { rawMethod } from "./grpc-raw.ts";

const VERSIONS = ["grpc.reflection.v1", "grpc.reflection.v1alpha"] as const;

/**
 * grpc.reflection for a server, in both of its versions, which have the same messages.
 * @param services full names of what the server has beside
 * @param load gives what they are defined by; called with the first question
 */
export function grpcReflection(
  services: readonly string[],
  load: () => readonly FileDescriptor[],
): readonly StreamedService[] {
  let files: readonly FileDescriptor[] | undefined;
  const listed = [...services, `${VERSIONS[0]}.ServerReflection`];
  const info = (call: ServerDuplexStream<Uint8Array, Uint8Array>): void => {
    call.on("data", (bytes: Uint8Array) => {
      try {
        files ??= load();
        const request = reflectionRequest.decode(bytes);
        const answer = { validHost: request.host, originalRequest: request, ...answerTo(request, files, listed) };
        // What is not read yet waits with the client: it gets one answer for each question.
        if (!call.write(reflectionResponse.encode(answer))) call.pause();
      } catch (error) {
        call.emit("error", { code: status.INVALID_ARGUMENT, details: messageOf(error) });
      }
    });
    call.on("drain", () => call.resume());
    call.on("end", () => call.end());
  };
  return VERSIONS.map((version) => ({
    name: `${version}.ServerReflection`,
    definition: { ServerReflectionInfo: rawMethod(`/${version}.ServerReflection/ServerReflectionInfo`, true, true) },
    implementation: { ServerReflectionInfo: info },
  }));
}

function answerTo(
  { fileByFilename, fileContainingSymbol, listServices, ...other }: ReflectionRequest,
  files: readonly FileDescriptor[],
  services: readonly string[],
): Partial<ReflectionResponse> {
  if (listServices !== undefined) return { listServicesResponse: { service: services.map((name) => ({ name })) } };
  if (fileByFilename !== undefined) {
    return withImports(
      files.find(({ name }) => name === fileByFilename),
      files,
      fileByFilename,
    );
  }
  if (fileContainingSymbol !== undefined) {
    return withImports(
      files.find(({ symbols }) => symbols.has(fileContainingSymbol)),
      files,
      fileContainingSymbol,
    );
  }
  const asked = Object.keys(other).filter((name) => name !== "host");
  return refusal(asked.length === 0 ? status.INVALID_ARGUMENT : status.NOT_FOUND, "this server has no extensions");
}

/** With a file all that it needs, each once. */
function withImports(
  file: FileDescriptor | undefined,
  files: readonly FileDescriptor[],
  asked: string,
): Partial<ReflectionResponse> {
  if (file === undefined) return refusal(status.NOT_FOUND, `not found: ${asked}`);
  const needed = new Set([file]);
  for (const { imports } of needed) for (const one of files) if (imports.includes(one.name)) needed.add(one);
  return { fileDescriptorResponse: { fileDescriptorProto: Array.from(needed, ({ bytes }) => bytes) } };
}

function refusal(errorCode: number, errorMessage: string): Partial<ReflectionResponse> {
  return { errorResponse: { errorCode, errorMessage } };
}
