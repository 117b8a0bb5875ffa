import type { Duplex } from "node:stream";
import type {
  AttributeNames,
  AttributeNamesQuery,
  AttributeValues,
  AttributeValuesQuery,
  FacetQuery,
  Facets,
  SelectionCounts,
  SelectionQuery,
} from "../model/attribute-query.ts";
import type { LogFragment } from "../model/log.ts";
import type { HeatMap, HeatQuery, MetricsQuery, MetricsResult } from "../model/metrics-query.ts";
import type { RedMetrics, RedQuery } from "../model/red-metrics.ts";
import type {
  CallSeries,
  CallSeriesQuery,
  DependencyLink,
  DependencyQuery,
  Operation,
  SearchResult,
  TraceQuery,
} from "../model/trace-query.ts";
import type { Host } from "./component.ts";
import type { Endpoint } from "./endpoint.ts";
import type { LiveRequest, LiveStep } from "./live.ts";

/**
 * Told why a part of what is stored could not be looked at, as the disk does not give it now: what is answered may lack
 * something, and whoever passes it on says so.
 */
export type OnGap = (reason: string) => void;

/** Reading what is stored. Every acknowledged span is visible to a call that starts after its acknowledgement. */
export interface TraceReader {
  /** All stored rows of the trace, in log order, a span that came several times once; empty when unknown. */
  trace(traceId: Uint8Array, signal: AbortSignal, onGap?: OnGap): Promise<readonly LogFragment[]>;
  /**
   * The same of several traces as of one moment, in the order of the ids: each is read when the loop comes to it, so
   * that one is in memory at a time.
   */
  traces(traceIds: readonly Uint8Array[], signal: AbortSignal, onGap?: OnGap): AsyncIterable<readonly LogFragment[]>;
  /**
   * Gaps are in the result. Throws PermanentError `bad_request` for a query that cannot be evaluated; a reader that
   * knows no `spansets` does so for all that have some.
   */
  find(query: TraceQuery, signal: AbortSignal): Promise<SearchResult>;
  /**
   * What has come since a place in the log, up to a bound. Throws PermanentError `bad_request` for what is no cursor.
   */
  live(request: LiveRequest, signal: AbortSignal, onGap?: OnGap): Promise<LiveStep>;
  /** Sorted by name. */
  services(signal: AbortSignal, onGap?: OnGap): Promise<readonly string[]>;
  /**
   * In which order the services of the store have first come, from 0, of each by its name; not of every reader. A place
   * stays the same whatever is removed, and over restarts.
   */
  servicePlaces?(signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  /** Of one service, or of all; sorted by name, then kind. */
  operations(service: string | undefined, signal: AbortSignal, onGap?: OnGap): Promise<readonly Operation[]>;
  /** Calls between services, sorted by parent, then child. A gap is what could not be counted yet. */
  dependencies(query: DependencyQuery, signal: AbortSignal, onGap?: OnGap): Promise<readonly DependencyLink[]>;
  /** Those from one service to another over time; not of every reader. A gap as there. */
  callSeries?(query: CallSeriesQuery, signal: AbortSignal, onGap?: OnGap): Promise<CallSeries>;
  /** Rate, errors and duration of services over time. A gap is what could not be counted yet. */
  red(query: RedQuery, signal: AbortSignal, onGap?: OnGap): Promise<RedMetrics>;
  /** Numbers of spans over time; not of every reader. Throws PermanentError `bad_request`. Gaps are in the result. */
  metrics?(query: MetricsQuery, signal: AbortSignal): Promise<MetricsResult>;
  /** When the traces of a query were and how long they took; not of every reader. As `metrics`. */
  heat?(query: HeatQuery, signal: AbortSignal): Promise<HeatMap>;
  /** What the spans say that match a query, counted by traces; not of every reader. As `metrics`. */
  facets?(query: FacetQuery, signal: AbortSignal): Promise<Facets>;
  /** Which attributes some traces of a search have more often than the others; not of every reader. As `metrics`. */
  weigh?(query: SelectionQuery, signal: AbortSignal): Promise<SelectionCounts>;
  /** Names and values of attributes, of the newest spans first; not of every reader. Throw as `metrics` does. */
  attributeNames?(query: AttributeNamesQuery, signal: AbortSignal): Promise<AttributeNames>;
  attributeValues?(query: AttributeValuesQuery, signal: AbortSignal): Promise<AttributeValues>;
  /** Sizes of the store, for status pages. */
  stats(signal: AbortSignal): Promise<StoreStats>;
}

export interface StoreStats {
  readonly spans: number;
  readonly batches: number;
  readonly segments: number;
  readonly diskBytes: number;
  /** Receive time of the oldest stored batch, ms since the epoch; undefined when empty. */
  readonly oldestMs: number | undefined;
}

/** An answer as bytes. */
export interface ViewResult {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /**
   * Why the answer may lack something (OnGap): HTTP says it in the header `x-spanloom-incomplete` too. What is found
   * out while the rest is made, only the answer itself can say.
   */
  readonly incomplete?: string;
  /** What comes behind `body` in a large answer. Whoever gets it reads it to its end, or cancels it. */
  readonly rest?: AnswerRest;
}

/** Pieces of an answer that are made as they are read, so that the answer is never in memory as a whole. */
export interface AnswerRest {
  /** About how many bytes come at once. */
  readonly pieceBytes: number;
  /** One call at a time. Throws as views do; then nothing follows, and the answer is not whole. */
  next(): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly last: boolean }>;
  /** Nobody wants more. At any time, again too. */
  cancel(): void;
  /** The last piece was made, one could not be, or nobody wants it: nothing is read for it any more. */
  readonly ended: Promise<void>;
}

/** All of an answer in memory. The result has no rest. */
export async function wholeAnswer({ rest, ...result }: ViewResult): Promise<ViewResult> {
  if (rest === undefined) return result;
  const pieces: Uint8Array<ArrayBuffer>[] = [result.body];
  for (let last = false; !last; ) {
    const piece = await rest.next();
    pieces.push(piece.bytes);
    last = piece.last;
  }
  return { ...result, body: new Uint8Array(Buffer.concat(pieces)) };
}

/**
 * A read API's answer to one kind of request: a pure function from the reader and plain (structured-clonable)
 * parameters to bytes. It runs in the query thread, so neither decoding nor encoding touches the main thread.
 */
export type View = (reader: TraceReader, params: never, signal: AbortSignal) => Promise<ViewResult>;

/** The views by name, `jaeger.trace`, `ui.columns`, … as `src/app/store-modules/views.ts` lists them. */
export type ViewTable = Readonly<Record<string, View>>;

/** What HTTP routes call. Throws RetryableError | PermanentError. */
export interface ViewHost {
  view(name: string, params: unknown, signal: AbortSignal): Promise<ViewResult>;
}

/**
 * A server that runs where views do, so that its answers wait for no other thread. `start` throws PermanentError
 * `listen_failed`. `shutdown` finishes the requests under way; the signal's abort ends them.
 */
export interface ReadServer {
  start(): Promise<ReadAddresses>;
  /** Answers what the application's own thread asks over a byte stream for the readers of its ports. */
  accept(stream: Duplex): void;
  shutdown(signal: AbortSignal): Promise<void>;
}

/** Where it listens; without a port beside the first where there is none, or another program has it. */
export interface ReadAddresses {
  readonly http: Endpoint;
  readonly grpc?: Endpoint;
  readonly tempo?: Endpoint;
}

/** What a `ReadServer` is made with. */
export interface ReadServerParts {
  readonly views: ViewHost;
  readonly host: Host;
  /** Opens a byte stream to the application's own thread, for what only that knows. `peer`: address of the client. */
  readonly connect: Connect;
  /** Where to listen, whatever the config says: where one that died had listened. */
  readonly at?: ReadAddresses | undefined;
}

export type CreateReadServer = (config: unknown, parts: ReadServerParts) => ReadServer;

export type Connect = (peer: string | undefined) => Duplex;
