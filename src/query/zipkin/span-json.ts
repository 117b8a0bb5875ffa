import { TAG } from "../../codec/mapping/keys.ts";
import { RESIDUE_KEY } from "../../codec/mapping/span-residue.ts";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { LOCAL, REMOTE } from "../../codec/zipkin/endpoints.ts";
import type { ZipkinEndpoint, ZipkinSpan } from "../../codec/zipkin/model.ts";
import { toZipkinSpans } from "../../codec/zipkin/to-zipkin.ts";
import { throwIfAborted } from "../../component/errors.ts";
import type { LogFragment } from "../../model/log.ts";
import type { JsonWriter } from "../json-writer.ts";

const SPANS_A_STEP = 64;

/**
 * Writes a trace as Zipkin's v2 API does, a list of spans; after every few the writer may be emptied.
 * @throws DecodeError where a body is damaged, PermanentError `cancelled`
 */
export function* writeZipkinTrace(
  writer: JsonWriter,
  fragments: readonly LogFragment[],
  signal: AbortSignal,
): Generator<void, void, void> {
  writer.raw("[");
  let separator = "";
  for (const { block, rows } of fragments) {
    for (let at = 0; at < rows.length; at += SPANS_A_STEP) {
      throwIfAborted(signal);
      for (const span of toZipkinSpans(fragmentRecords({ block, rows: rows.slice(at, at + SPANS_A_STEP) }))) {
        writer.raw(separator);
        writer.value(lensSpan(span));
        separator = ",";
      }
      yield;
    }
  }
  writer.raw("]");
}

/**
 * A span as Zipkin's readers know it: its names have no upper case, and no tag says again what its endpoints and its
 * error say, or keeps something for the way back to OTLP.
 */
export function lensSpan(span: ZipkinSpan): ZipkinSpan {
  const tags = new Map(Object.entries(span.tags ?? {}));
  tags.delete(RESIDUE_KEY);
  if (tags.has(TAG.error) && tags.get(TAG.statusCode) === "ERROR") tags.delete(TAG.statusCode);
  const { name, tags: _tags, ...rest } = span;
  const localEndpoint = shownEndpoint(span.localEndpoint, LOCAL, tags);
  const remoteEndpoint = shownEndpoint(span.remoteEndpoint, REMOTE, tags);
  return {
    ...rest,
    ...(name === undefined ? {} : { name: name.toLowerCase() }),
    ...(localEndpoint === undefined ? {} : { localEndpoint }),
    ...(remoteEndpoint === undefined ? {} : { remoteEndpoint }),
    ...(tags.size === 0 ? {} : { tags: Object.fromEntries(tags) }),
  };
}

/** Takes the tags out that the endpoint says as well, and the port where only a tag has it. */
function shownEndpoint(
  endpoint: ZipkinEndpoint | undefined,
  keys: { readonly service?: string; readonly address: string; readonly port: string },
  tags: Map<string, string>,
): ZipkinEndpoint | undefined {
  if (endpoint === undefined) return undefined;
  const { serviceName } = endpoint;
  const take = (key: string, value: string | undefined) => {
    if (value !== undefined && tags.get(key) === value) tags.delete(key);
  };
  if (keys.service !== undefined) take(keys.service, serviceName);
  take(keys.address, endpoint.ipv4 ?? endpoint.ipv6);
  const port = endpoint.port ?? portOf(tags.get(keys.port));
  take(keys.port, port === undefined ? undefined : String(port));
  return {
    ...endpoint,
    ...(serviceName === undefined ? {} : { serviceName: serviceName.toLowerCase() }),
    ...(port === undefined ? {} : { port }),
  };
}

function portOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
