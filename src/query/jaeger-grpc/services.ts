import { constants } from "node:http2";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import { DecodeError } from "../../codec/decode-error.ts";
import { cancelled, PermanentError } from "../../component/errors.ts";
import type { ViewHost, ViewResult } from "../../component/read.ts";
import { answerOf } from "../../server/error-status.ts";
import type { StreamedService } from "../../server/grpc/grpc-listener-options.ts";
import { grpcStatusOf, rawMethod } from "../../server/grpc/grpc-raw.ts";
import type { AnswerBounds } from "../answer-bounds.ts";
import { INCOMPLETE_HEADER, type ViewRequest } from "../http.ts";
import { requireAnyTraceId } from "../jaeger-v3/trace-id.ts";
import { V2, V2_SERVICE, V3, V3_SERVICE } from "./messages.ts";
import { operationsOf, rangeOf, traceIdOf, v2Query, v3Query } from "./requests.ts";
import type { JaegerGrpcViewParams } from "./views.ts";

type Parse = (message: Uint8Array) => ViewRequest;

/** Jaeger's gRPC query services of both generations: what a reader asks becomes views, their pieces messages. */
export function jaegerQueryServices(host: ViewHost, bounds: AnswerBounds): readonly StreamedService[] {
  const unary = (parse: Parse) => ({ streams: false, handler: unaryCall(host, bounds, parse) });
  const stream = (parse: Parse) => ({ streams: true, handler: streamingCall(host, bounds, parse) });
  return [
    service(V3_SERVICE, {
      GetTrace: stream((bytes) => {
        const { traceId, rawTraces: raw } = V3.getTrace.decode(bytes);
        return view("jaeger.grpc.trace", { generation: 3, traceId: requireAnyTraceId(traceId, "trace_id"), raw });
      }),
      FindTraces: stream((bytes) => {
        const { query } = V3.findTraces.decode(bytes);
        if (query !== null && query.pagination !== null) {
          throw new PermanentError("bad_request", "pages are those of FindTraceSummaries");
        }
        return view("jaeger.grpc.search", { generation: 3, query: v3Query(query), raw: query?.rawTraces === true });
      }),
      FindTraceSummaries: stream((bytes) => {
        const { query } = V3.findTraces.decode(bytes);
        return view("jaeger.grpc.summaries", { query: v3Query(query), paged: (query?.pagination ?? null) !== null });
      }),
      GetServices: unary(() => view("jaeger.grpc.services", { generation: 3 })),
      GetOperations: unary((bytes) =>
        view("jaeger.grpc.operations", { generation: 3, ...operationsOf(V3.getOperations.decode(bytes)) }),
      ),
      GetDependencies: unary((bytes) =>
        view("jaeger.grpc.dependencies", { generation: 3, ...rangeOf(V3.getDependencies.decode(bytes)) }),
      ),
    }),
    service(V2_SERVICE, {
      GetTrace: stream((bytes) => {
        const { traceId, rawTraces: raw } = V2.getTrace.decode(bytes);
        return view("jaeger.grpc.trace", { generation: 2, traceId: traceIdOf(traceId), raw });
      }),
      FindTraces: stream((bytes) => {
        const { query } = V2.findTraces.decode(bytes);
        return view("jaeger.grpc.search", { generation: 2, query: v2Query(query), raw: query?.rawTraces === true });
      }),
      ArchiveTrace: unary(() => {
        throw new PermanentError("unsupported", "archiving is not available: traces stay in the one store");
      }),
      GetServices: unary(() => view("jaeger.grpc.services", { generation: 2 })),
      GetOperations: unary((bytes) =>
        view("jaeger.grpc.operations", { generation: 2, ...operationsOf(V2.getOperations.decode(bytes)) }),
      ),
      GetDependencies: unary((bytes) =>
        view("jaeger.grpc.dependencies", { generation: 2, ...rangeOf(V2.getDependencies.decode(bytes)) }),
      ),
    }),
  ];
}

interface Method {
  readonly streams: boolean;
  readonly handler: handleUnaryCall<Uint8Array, Uint8Array> | handleServerStreamingCall<Uint8Array, Uint8Array>;
}

function service(name: string, methods: Readonly<Record<string, Method>>): StreamedService {
  const entries = Object.entries(methods);
  return {
    name,
    definition: Object.fromEntries(
      entries.map(([method, { streams }]) => [method, rawMethod(`/${name}/${method}`, false, streams)]),
    ),
    implementation: Object.fromEntries(entries.map(([method, { handler }]) => [method, handler])),
  };
}

function view<Name extends keyof JaegerGrpcViewParams>(name: Name, params: JaegerGrpcViewParams[Name]): ViewRequest {
  return { view: name, params };
}

/** Runs the view of a request when it is its turn. A message that cannot be read is the client's fault. */
async function run(
  host: ViewHost,
  bounds: AnswerBounds,
  parse: Parse,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<ViewResult> {
  let request: ViewRequest;
  try {
    request = parse(message);
  } catch (error) {
    throw error instanceof DecodeError ? new PermanentError("bad_request", error.message, { cause: error }) : error;
  }
  return bounds.turnsOf(request.view).run(signal, () => host.view(request.view, request.params, signal));
}

function unaryCall(host: ViewHost, bounds: AnswerBounds, parse: Parse): handleUnaryCall<Uint8Array, Uint8Array> {
  return (call, callback) => {
    const abort = new AbortController();
    call.on("cancelled", () => abort.abort());
    run(host, bounds, parse, call.request, abort.signal).then(
      ({ body, incomplete }) => {
        if (incomplete !== undefined) call.sendMetadata(incompleteMark(incomplete));
        callback(null, body);
      },
      (error: unknown) => callback(grpcStatusOf(answerOf(error))),
    );
  };
}

function streamingCall(
  host: ViewHost,
  bounds: AnswerBounds,
  parse: Parse,
): handleServerStreamingCall<Uint8Array, Uint8Array> {
  return (call) => void stream(call, host, bounds, parse);
}

async function stream(
  call: ServerWritableStream<Uint8Array, Uint8Array>,
  host: ViewHost,
  bounds: AnswerBounds,
  parse: Parse,
): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  call.on("cancelled", () => abort.abort());
  let result: ViewResult | undefined;
  let release: (() => void) | undefined;
  try {
    result = await run(host, bounds, parse, call.request, signal);
    const { status, body, rest, incomplete } = result;
    release = bounds.hold(body.length + (rest?.pieceBytes ?? 0));
    if (incomplete !== undefined) call.sendMetadata(incompleteMark(incomplete));
    if (status === 200) await write(call, body, bounds.writeMs, signal);
    for (let last = rest === undefined; rest !== undefined && !last; ) {
      const piece = await bounds.pieces.run(signal, () => rest.next());
      await write(call, piece.bytes, bounds.writeMs, signal);
      last = piece.last;
    }
    call.end();
  } catch (error) {
    if (!signal.aborted) call.emit("error", grpcStatusOf(answerOf(error)));
  } finally {
    release?.();
    result?.rest?.cancel();
  }
}

/**
 * What grpc-js writes a call to. It has no other way to end one whose client reads nothing: a status waits behind what
 * was written. A release that renames this leaves such a call to the end of its connection.
 */
interface CallInternals {
  readonly call?: { readonly stream?: { close(code: number): void } };
}

/** Resolves when the client has taken the message. One that takes nothing for `ms` is ended. */
async function write(
  call: ServerWritableStream<Uint8Array, Uint8Array>,
  bytes: Uint8Array,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw cancelled();
  await new Promise<void>((resolve, reject) => {
    const settle = (error: Error | null | undefined): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      if (error === undefined || error === null) resolve();
      else reject(error);
    };
    const onAbort = (): void => settle(cancelled());
    const timer = setTimeout(() => {
      settle(cancelled());
      (call as CallInternals).call?.stream?.close(constants.NGHTTP2_CANCEL);
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
    call.write(bytes, settle);
  });
}

function incompleteMark(text: string): Metadata {
  const metadata = new Metadata();
  metadata.set(INCOMPLETE_HEADER, text.replace(/[^\x20-\x7e]/g, "?").slice(0, 500));
  return metadata;
}
