import { isDeepStrictEqual } from "node:util";
import * as yaml from "yaml";
import { parseConfig } from "../../../src/app/config/config.ts";
import { parseConfigText } from "../../../src/app/config/config-file.ts";
import { decodeTraces } from "../../../src/codec/otlp/message/decode.ts";
import { encodeTraces } from "../../../src/codec/otlp/message/encode.ts";
import { PermanentError } from "../../../src/component/errors.ts";
import type { BatchFormat } from "../../../src/component/ingest.ts";
import { Metrics } from "../../../src/component/metrics.ts";
import { PrologError } from "../../../src/declarations/prolog-error.ts";
import { readServices } from "../../../src/declarations/read-services.ts";
import { decodeMessage } from "../../../src/discovery/dns/dns-message.ts";
import { parseDefinition } from "../../../src/discovery/server/consul-definition.ts";
import { parseInstanceBody } from "../../../src/discovery/server/instance-body.ts";
import { Normalizer } from "../../../src/processors/normalize/normalize.ts";
import { normalizeConfig } from "../../../src/processors/normalize/normalize-config.ts";
import { createPropagator, extractAny, PROPAGATION_FORMATS } from "../../../src/propagation/composite.ts";
import {
  COLUMNS_HEADER_BYTES,
  COLUMNS_MAGIC,
  COLUMNS_VERSION,
  columnOffsets,
  decodeTraceColumns,
} from "../../../src/query/ui/columns-format.ts";
import { TraceqlError } from "../../../src/traceql/error.ts";
import { parseTraceql } from "../../../src/traceql/parse.ts";
import { printTraceql } from "../../../src/traceql/print.ts";
import { EXAMPLES } from "../traceql/examples.ts";
import { BATCHES, CONFIGS, DNS, FACTS, HEADERS, REGISTRATIONS } from "./corpus.ts";
import type { FuzzTarget } from "./fuzz.ts";

type Refusal = abstract new (...args: never[]) => Error;

/** Gives the result of `read`, or nothing where it refuses with an error of these kinds that says something. */
function accepted<T>(read: () => T, ...kinds: readonly Refusal[]): { readonly value: T } | undefined {
  try {
    return { value: read() };
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind) && (error as Error).message !== "") return undefined;
    throw error;
  }
}

function expectEqual(a: unknown, b: unknown, what: string): void {
  if (!isDeepStrictEqual(a, b)) throw new Error(`${what} is not what it was made of`);
}

const textOf = (input: Uint8Array) => new TextDecoder().decode(input);
const JSON_WORDS = ['{"', '":', "[", "]", "}", "null", "1e309", "-0", '"\\u0000"', "true", ",", "[[[[", '{"a":'];

/** A batch as a receiver hands it on: refused as malformed, or what is stored can be read and written again. */
function batchTarget(format: BatchFormat, words: readonly string[]): FuzzTarget {
  const normalizer = new Normalizer(normalizeConfig.parse({}), new Metrics());
  return {
    name: format,
    corpus: BATCHES[format],
    words,
    take(input) {
      const result = accepted(() => normalizer.normalize(format, input), PermanentError);
      if (result === undefined) return;
      const { body, scan } = result.value;
      const traces = decodeTraces(body);
      const spans = traces.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      if (spans.length !== scan.columns.count)
        throw new Error(`${spans.length} spans, ${scan.columns.count} in columns`);
      expectEqual(decodeTraces(encodeTraces(traces)), traces, "what is read of the encoded batch");
    },
  };
}

const traceql: FuzzTarget = {
  name: "traceql",
  corpus: EXAMPLES.map((text) => new TextEncoder().encode(text)),
  words: ["(", "{", "|", "&&", "!", "-", "nil", ">>", "by(", "1h", '"', "`", ".a", "count()", "with(", "=~"],
  take(input) {
    const query = accepted(() => parseTraceql(textOf(input)), TraceqlError)?.value;
    if (query === undefined) return;
    const printed = printTraceql(query);
    expectEqual(printTraceql(parseTraceql(printed)), printed, "the query that is printed");
  },
};

const propagation: FuzzTarget = {
  name: "propagation",
  corpus: HEADERS,
  words: [
    "-",
    ":",
    ";",
    ",",
    "=",
    "%",
    "%zz",
    "00-",
    "ff-",
    "\n",
    "b3: ",
    "traceparent: ",
    "uber-trace-id: ",
    "baggage: ",
  ],
  take(input) {
    const headers: Record<string, string[]> = Object.create(null);
    for (const line of textOf(input).split("\n")) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon);
      if (colon > 0) headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()];
    }
    extractAny(headers);
    for (const format of PROPAGATION_FORMATS) {
      const propagator = createPropagator(format);
      const context = propagator.extract(headers);
      const sent = propagator.inject(context);
      for (const [name, value] of sent) {
        if (/[\r\n\0]/.test(name + value)) throw new Error(`the header ${name} would hold the end of a line`);
      }
      const again = propagator.extract(Object.fromEntries(sent));
      // What does not fit or may not be sent is left out; nothing is sent that did not come.
      const came = new Map(context.baggage.map(({ key, value }) => [key, value]));
      for (const { key, value } of again.baggage) expectEqual(value, came.get(key), `the baggage in ${format}`);
      expectEqual([again.span?.traceId, again.span?.spanId], [context.span?.traceId, context.span?.spanId], format);
    }
  },
};

const config: FuzzTarget = {
  name: "config",
  mostBytes: 8 * 1024,
  corpus: CONFIGS,
  words: ["&a ", "*a", "<<: ", "- ", "? ", "!!binary ", "${env:", "{", "[", "\n  ", ": ", "null", "__proto__: "],
  take(input) {
    accepted(() => {
      const { raw, where } = parseConfigText(yaml, textOf(input), "fuzz.yaml", {});
      return parseConfig(withoutFiles(raw), { name: "fuzz.yaml", ...(where === undefined ? {} : { where }) });
    }, PermanentError);
  },
};

/** No file of this machine is read for what a random text names. */
function withoutFiles<T>(raw: T): T {
  return JSON.parse(JSON.stringify(raw, (key, value) => (key.endsWith("_file") ? undefined : value))) as T;
}

const prolog: FuzzTarget = {
  name: "prolog",
  mostBytes: 8 * 1024,
  corpus: FACTS,
  words: ["(", ")", "[", "|", "'", "0'", "0x", ":-", ".\n", "/*", "\\", "-", "{", '"', "service(", ",", "1.0e9"],
  take: (input) => void accepted(() => readServices(textOf(input), "fuzz.pl"), PrologError),
};

const dns: FuzzTarget = {
  name: "dns",
  corpus: DNS,
  take: (input) => void accepted(() => decodeMessage(Buffer.from(input)), RangeError),
};

const registration: FuzzTarget = {
  name: "registration",
  corpus: REGISTRATIONS,
  words: JSON_WORDS,
  take(input) {
    const body = accepted(() => JSON.parse(textOf(input)) as unknown, SyntaxError);
    if (body === undefined) return;
    const options = { remoteAddress: "127.0.0.1", isLocal: true, anyCheckTarget: true, anyCheckRequest: true };
    accepted(() => parseDefinition(body.value, options), PermanentError);
    accepted(() => parseInstanceBody("a", body.value), PermanentError);
  },
};

/** One span without events. */
function smallColumns(): Uint8Array {
  const strings = new TextEncoder().encode('["shop","GET /","",-1]');
  const at = columnOffsets(1, 0, 0);
  const bytes = new Uint8Array(at.strings + strings.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, COLUMNS_MAGIC, true);
  view.setUint16(4, COLUMNS_VERSION, true);
  view.setUint32(8, 1, true);
  view.setUint32(48, strings.length, true);
  view.setUint32(52, 1, true);
  view.setUint32(60, 1, true);
  view.setUint32(64, 1, true);
  bytes.set(strings, at.strings);
  return bytes;
}

const columns: FuzzTarget = {
  name: "columns",
  corpus: [smallColumns(), smallColumns().subarray(0, COLUMNS_HEADER_BYTES)],
  take(input) {
    try {
      const read = decodeTraceColumns(input.buffer);
      if (read.services.some((name) => typeof name !== "string")) throw new TypeError("a service that is no text");
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("trace columns: ")) throw error;
    }
  },
};

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  batchTarget("otlp_protobuf", []),
  batchTarget("otlp_json", JSON_WORDS),
  batchTarget("zipkin_json", JSON_WORDS),
  batchTarget("zipkin_protobuf", []),
  batchTarget("jaeger_thrift", []),
  batchTarget("jaeger_thrift_compact", []),
  traceql,
  propagation,
  config,
  prolog,
  dns,
  registration,
  columns,
];
