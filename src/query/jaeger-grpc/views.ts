import { PermanentError, RetryableError } from "../../component/errors.ts";
import type { TraceReader, ViewResult, ViewTable } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import { SPAN_KIND, SPAN_KIND_NAMES } from "../../model/span.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import { Gaps } from "../gaps.ts";
import { pageToken } from "../jaeger-v3/search.ts";
import { summaryJson, v3Operations } from "../jaeger-v3/views.ts";
import { piecedAnswer } from "../pieced-answer.ts";
import { type Generation, traceChunks } from "./chunks.ts";
import { V2, V3 } from "./messages.ts";

/** What the services send with each view. An answer's pieces are messages; 204 stands for none at all. */
export interface JaegerGrpcViewParams {
  readonly "jaeger.grpc.services": { readonly generation: Generation };
  /** `kind` is a SpanKind name, or empty. */
  readonly "jaeger.grpc.operations": {
    readonly generation: Generation;
    readonly service: string;
    readonly kind: string;
  };
  /** An id of 32 lower-case hex digits. */
  readonly "jaeger.grpc.trace": { readonly generation: Generation; readonly traceId: string; readonly raw: boolean };
  readonly "jaeger.grpc.search": { readonly generation: Generation; readonly query: TraceQuery; readonly raw: boolean };
  readonly "jaeger.grpc.summaries": { readonly query: TraceQuery; readonly paged: boolean };
  /** ms since the epoch. */
  readonly "jaeger.grpc.dependencies": {
    readonly generation: Generation;
    readonly startMs: number;
    readonly endMs: number;
  };
}

type Bytes = Uint8Array<ArrayBuffer>;
type Params<Name extends keyof JaegerGrpcViewParams> = JaegerGrpcViewParams[Name];

const TYPE = "application/grpc+proto";
const NONE: ViewResult = { status: 204, contentType: TYPE, body: new Uint8Array(0) };
const SUMMARIES_A_MESSAGE = 500;

/** The answers of Jaeger's gRPC query services (jaeger-idl's api_v2 and api_v3). */
export const jaegerGrpcViews = {
  "jaeger.grpc.services": services,
  "jaeger.grpc.operations": operations,
  "jaeger.grpc.trace": trace,
  "jaeger.grpc.search": search,
  "jaeger.grpc.summaries": summaries,
  "jaeger.grpc.dependencies": dependencies,
} as const satisfies ViewTable;

async function services(
  reader: TraceReader,
  { generation }: Params<"jaeger.grpc.services">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const names = await reader.services(signal, gaps.onGap);
  return { ...message((generation === 3 ? V3 : V2).services.encode({ services: names })), ...gaps.mark };
}

async function operations(
  reader: TraceReader,
  { generation, service, kind }: Params<"jaeger.grpc.operations">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  if (generation === 3) {
    const list = await v3Operations(reader, service, kind, signal, gaps);
    return { ...message(V3.operations.encode({ operations: list })), ...gaps.mark };
  }
  const list = (await reader.operations(service, signal, gaps.onGap))
    .map(({ name, kind: of }) => ({ name, spanKind: of === SPAN_KIND.unspecified ? "" : SPAN_KIND_NAMES[of] }))
    .filter(({ spanKind }) => kind === "" || spanKind === kind);
  const operationNames = [...new Set(list.map(({ name }) => name))];
  return { ...message(V2.operations.encode({ operationNames, operations: list })), ...gaps.mark };
}

async function trace(
  reader: TraceReader,
  { generation, traceId, raw }: Params<"jaeger.grpc.trace">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const answer = await messages(chunks(reader, [traceId], generation, raw, signal, gaps));
  if (answer === NONE) {
    gaps.throwIfAny();
    throw new PermanentError("not_found", "trace not found");
  }
  return { ...answer, ...gaps.mark };
}

async function search(
  reader: TraceReader,
  { generation, query, raw }: Params<"jaeger.grpc.search">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const { traces, complete, reason = "it ended early" } = await reader.find(query, signal);
  if (traces.length === 0 && !complete) {
    throw new RetryableError("storage_unavailable", `nothing was found, but the search saw only a part: ${reason}`);
  }
  const gaps = new Gaps();
  const ids = traces.map(({ traceId }) => traceId);
  const answer = await messages(chunks(reader, ids, generation, raw, signal, gaps));
  return { ...answer, ...gaps.mark, ...(complete ? {} : { incomplete: `the search saw only a part: ${reason}` }) };
}

async function* chunks(
  reader: TraceReader,
  ids: readonly string[],
  generation: Generation,
  raw: boolean,
  signal: AbortSignal,
  gaps: Gaps,
): AsyncGenerator<Bytes, void, void> {
  const asked = ids.map((id) => hexToBytes(id) as Uint8Array);
  for await (const fragments of reader.traces(asked, signal, gaps.onGap)) {
    yield* traceChunks(fragments, generation, raw ? "raw" : "rooted", signal);
  }
}

async function summaries(
  reader: TraceReader,
  { query, paged }: Params<"jaeger.grpc.summaries">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const { traces, complete, reason = "it ended early", next } = await reader.find(query, signal);
  const token = paged && next !== undefined ? pageToken(next, query) : "";
  const answer = await messages(
    (async function* () {
      for (let at = 0; at < traces.length; at += SUMMARIES_A_MESSAGE) {
        const isLast = at + SUMMARIES_A_MESSAGE >= traces.length;
        const some = traces.slice(at, at + SUMMARIES_A_MESSAGE).map(summaryJson);
        yield V3.summaries.encode({ summaries: some, nextPageToken: isLast ? token : "" });
      }
    })(),
  );
  return { ...answer, ...(complete ? {} : { incomplete: `the search saw only a part: ${reason}` }) };
}

async function dependencies(
  reader: TraceReader,
  { generation, startMs, endMs }: Params<"jaeger.grpc.dependencies">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const links = await reader.dependencies({ startMs, endMs, durations: false }, signal);
  const list = links.map(({ parent, child, callCount }) => ({ parent, child, callCount: String(callCount) }));
  return message((generation === 3 ? V3 : V2).dependencies.encode({ dependencies: list }));
}

function message(body: Bytes): ViewResult {
  return { status: 200, contentType: TYPE, body };
}

/** NONE where there is no message. Each is held until the next is made, so that the last is known to be it. */
async function messages(made: AsyncGenerator<Bytes, void, void>): Promise<ViewResult> {
  const first = await made.next();
  if (first.done === true) return NONE;
  return piecedAnswer(
    TYPE,
    (async function* (): AsyncGenerator<Bytes, Bytes, void> {
      let held = first.value;
      try {
        for await (const next of made) {
          yield held;
          held = next;
        }
      } finally {
        await made.return();
      }
      return held;
    })(),
  );
}
