import { TAG } from "../mapping/keys.ts";
import { RESIDUE_KEY } from "../mapping/span-residue.ts";
import { KEY_USE, type KeyUse } from "../mapping/tag-keys.ts";
import { LOCAL, REMOTE_RANK } from "./endpoints.ts";
import { isResourceKey } from "./model.ts";

/** Tags that `plainZipkinSpan` reads fields of the span from, or that keep it from adding one. */
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
  TAG.zipkinShared,
  TAG.serviceName,
  LOCAL.address,
  LOCAL.port,
]);
const PEER: ReadonlySet<string> = new Set(REMOTE_RANK.flatMap(({ key, port }) => [key, port ?? key]));
/** Keys of an object that look like numbers come first, wherever they stand. */
const LIKE_A_NUMBER = /^\d/;

/** What a key of a span's tags means to the mapping from Zipkin. */
export function zipkinKeyUse(key: string): KeyUse {
  if (key === RESIDUE_KEY || LIKE_A_NUMBER.test(key)) return KEY_USE.reserved;
  if (OWN.has(key)) return KEY_USE.own;
  if (PEER.has(key)) return KEY_USE.peer;
  return isResourceKey(key) ? KEY_USE.resource : KEY_USE.attribute;
}
