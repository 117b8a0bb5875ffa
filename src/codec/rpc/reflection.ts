import { MessageType } from "./definitions.ts";

/** grpc.reflection.v1.ServerReflectionRequest: one of the questions is there. */
export interface ReflectionRequest {
  readonly host: string;
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly fileContainingExtension?: object;
  readonly allExtensionNumbersOfType?: string;
  readonly listServices?: string;
}

/** grpc.reflection.v1.ServerReflectionResponse: one of the answers is there. */
export interface ReflectionResponse {
  readonly validHost: string;
  readonly originalRequest: ReflectionRequest;
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] };
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly errorResponse?: { readonly errorCode: number; readonly errorMessage: string };
}

export const REFLECTION_FILE = "grpc/reflection/v1/reflection.proto";
export const reflectionRequest = new MessageType<ReflectionRequest>(
  REFLECTION_FILE,
  "grpc.reflection.v1.ServerReflectionRequest",
);
export const reflectionResponse = new MessageType<ReflectionResponse>(
  REFLECTION_FILE,
  "grpc.reflection.v1.ServerReflectionResponse",
);
