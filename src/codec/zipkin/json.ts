import type { ZipkinSpan } from "./model.ts";

/** The body of `POST /api/v2/spans`: UTF-8 JSON, a list of spans. */
export function encodeZipkinJson(spans: readonly ZipkinSpan[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(spans));
}
