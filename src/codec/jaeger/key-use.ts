import { TAG } from "../mapping/keys.ts";
import { RESIDUE_KEY } from "../mapping/span-residue.ts";
import { KEY_USE, type KeyUse } from "../mapping/tag-keys.ts";
import { writeAttributes } from "../otlp/message/encode.ts";
import { WireWriter } from "../otlp/wire/wire-writer.ts";
import { REF_TYPES } from "./thrift-batch.ts";

/** Tags that `plainJaegerSpan` reads fields of the span from. */
const OWN: ReadonlySet<string> = new Set([
  TAG.spanKind,
  TAG.statusCode,
  TAG.statusDescription,
  TAG.error,
  TAG.scopeName,
  TAG.scopeVersion,
  TAG.libraryName,
  TAG.libraryVersion,
  TAG.traceState,
  TAG.droppedAttributes,
  TAG.droppedEvents,
  TAG.droppedLinks,
  TAG.samplingPriority,
  TAG.httpStatusMessage,
  "http.status_code",
  "http.response.status_code",
]);

/** What a key of a span's tags means to the mapping from Jaeger. */
export function jaegerKeyUse(key: string): KeyUse {
  if (key === RESIDUE_KEY) return KEY_USE.reserved;
  return OWN.has(key) ? KEY_USE.own : KEY_USE.attribute;
}

/** The attributes of a link by the type of its reference, fields 4 of Link. */
export const LINK_ATTRIBUTES: readonly Uint8Array[] = REF_TYPES.map((value) => {
  const writer = new WireWriter(64);
  writeAttributes(writer, 0x22, [{ key: TAG.refType, value: { type: "string", value } }]);
  return writer.finish();
});
