import { Client, type ClientUnaryCall, credentials, type Metadata, type ServiceError } from "@grpc/grpc-js";
import type { AppendResult, BatchSink, IncomingBatch } from "../../src/component/ingest.ts";
import { type Logger, SILENT_LOGGER } from "../../src/component/logger.ts";
import { Metrics } from "../../src/component/metrics.ts";
import type { Receiver, ReceiverConfig, ReceiverFactory, ReceiverSettings } from "../../src/component/receiver.ts";
import { otlpReceiver } from "../../src/receivers/otlp.ts";
import { InFlightBudget } from "../../src/server/limits/in-flight.ts";
import { testHost } from "./host.ts";

/** Keeps what it is given and answers as the test says. */
export class RecordingSink implements BatchSink {
  readonly batches: IncomingBatch[] = [];
  answer: (batch: IncomingBatch) => AppendResult | Promise<AppendResult> = () => ({
    accepted: 1,
    rejected: 0,
    message: "",
  });

  async append(batch: IncomingBatch): Promise<AppendResult> {
    this.batches.push(batch);
    return this.answer(batch);
  }
}

export interface ReceiverRig {
  readonly receiver: Receiver;
  readonly sink: RecordingSink;
  readonly inFlight: InFlightBudget;
  readonly metrics: Metrics;
  /** `http://127.0.0.1:port` */
  readonly http: string;
  /** `127.0.0.1:port` */
  readonly grpc: string;
  /** Sum over all series of a counter whose labels include these. */
  count(name: string, labels?: Record<string, string>): number;
  close(): Promise<void>;
}

interface RigOptions {
  readonly http?: Record<string, unknown>;
  readonly grpc?: Record<string, unknown>;
  readonly inFlightBytes?: number;
  readonly logger?: Logger;
  readonly otherSignals?: "accept" | "refuse";
  readonly notReady?: () => string | undefined;
}

/** An OTLP receiver on free loopback ports with a recording sink behind it. */
export async function startReceiver(options: RigOptions = {}): Promise<ReceiverRig> {
  const sink = new RecordingSink();
  const inFlight = new InFlightBudget(options.inFlightBytes);
  const metrics = new Metrics();
  const config = otlpReceiver.config.parse({
    other_signals: options.otherSignals,
    protocols: {
      grpc: { endpoint: "127.0.0.1:0", ...options.grpc },
      http: { endpoint: "127.0.0.1:0", ...options.http },
    },
  });
  const receiver = otlpReceiver.create(
    { name: "otlp", sink, inFlight, ...(options.notReady === undefined ? {} : { notReady: options.notReady }) },
    config,
  );
  await receiver.start(testHost({ metrics, logger: options.logger ?? SILENT_LOGGER }));
  return {
    receiver,
    sink,
    inFlight,
    metrics,
    http: `http://127.0.0.1:${receiver.addresses.http?.port}`,
    grpc: `127.0.0.1:${receiver.addresses.grpc?.port}`,
    count: (name, labels) => countOf(metrics, name, labels),
    close: () => receiver.shutdown(AbortSignal.timeout(1_000)),
  };
}

export interface PostRig {
  readonly receiver: Receiver;
  readonly sink: RecordingSink;
  readonly inFlight: InFlightBudget;
  /** `http://127.0.0.1:port` */
  readonly http: string;
  /** As ReceiverRig's. */
  count(name: string, labels?: Record<string, string>): number;
  close(): Promise<void>;
}

interface PostRigOptions {
  readonly config?: Record<string, unknown>;
  readonly inFlightBytes?: number;
  readonly logger?: Logger;
  readonly reads?: ReceiverSettings["reads"];
}

/** A receiver of one HTTP listener that spans are posted to, likewise. */
export async function startPostReceiver<Config extends ReceiverConfig>(
  factory: ReceiverFactory<Config>,
  { config = {}, inFlightBytes, logger = SILENT_LOGGER, reads }: PostRigOptions = {},
): Promise<PostRig> {
  const sink = new RecordingSink();
  const inFlight = new InFlightBudget(inFlightBytes);
  const metrics = new Metrics();
  const settings = { name: factory.type, sink, inFlight, ...(reads === undefined ? {} : { reads }) };
  const receiver = factory.create(settings, factory.config.parse({ endpoint: "127.0.0.1:0", ...config }));
  await receiver.start(testHost({ metrics, logger }));
  return {
    receiver,
    sink,
    inFlight,
    http: `http://127.0.0.1:${receiver.addresses.http?.port}`,
    count: (name, labels) => countOf(metrics, name, labels),
    close: () => receiver.shutdown(AbortSignal.timeout(1_000)),
  };
}

function countOf(metrics: Metrics, name: string, labels: Record<string, string> = {}): number {
  return metrics
    .snapshot()
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, sample) => sum + sample.value, 0);
}

export interface GrpcAnswer {
  readonly error: ServiceError | undefined;
  readonly response: Uint8Array | undefined;
}

/** One unary call with raw bytes. */
export function grpcCall(
  client: Client,
  path: string,
  message: Uint8Array,
  metadata?: Metadata,
): Promise<GrpcAnswer> & { readonly call: ClientUnaryCall } {
  let call: ClientUnaryCall | undefined;
  const promise = new Promise<GrpcAnswer>((resolve) => {
    const done = (error: ServiceError | null, response?: Uint8Array): void =>
      resolve({ error: error ?? undefined, response });
    const identity = (bytes: Buffer): Buffer => bytes;
    const args = [path, identity, identity, Buffer.from(message)] as const;
    call =
      metadata === undefined
        ? client.makeUnaryRequest(...args, done)
        : client.makeUnaryRequest(...args, metadata, done);
  });
  return Object.assign(promise, { call: call as ClientUnaryCall });
}

export function grpcClient(address: string, options: ConstructorParameters<typeof Client>[2] = {}): Client {
  return new Client(address, credentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
    ...options,
  });
}

export const EXPORT_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
