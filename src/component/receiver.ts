import type { RequestListener } from "node:http";
import type { Component, ComponentFactory } from "./component.ts";
import type { Endpoint } from "./endpoint.ts";
import type { SignalSink } from "./export.ts";
import type { BatchSink } from "./ingest.ts";

/** Bytes that one request holds. */
export interface Reservation {
  readonly bytes: number;
  /**
   * Holds `bytes` more.
   * @throws RetryableError `overloaded` when the budget has no room; what was held before stays held.
   */
  grow(bytes: number): void;
  /** Gives everything back. Calling it again does nothing. */
  release(): void;
}

/** Bytes of requests that are being received or wait for their commit, over all receivers of one collector. */
export interface RequestBudget {
  /**
   * For a refusal before anything of a request is read.
   * @param source who sends it, by credential or else by address: none may have all while others send too
   * @throws RetryableError `overloaded` when nothing more fits
   */
  assertRoom(source: string): void;
  /** @throws RetryableError `overloaded` when the bytes do not fit. */
  take(bytes: number, source: string): Reservation;
}

/** What every receiver's config has beside its own keys. */
export interface ReceiverConfig {
  /** `false` turns the receiver off. */
  readonly enabled: boolean;
}

/** What the collector's `sampling` says: a rule does one of the four, for the spans that it matches. */
export interface HeadSamplingRule {
  /** Glob over `service.name`. */
  readonly service?: string | undefined;
  /** Glob over the span's name. */
  readonly operation?: string | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly ratio?: number | undefined;
  readonly rate_limit_traces_per_second?: number | undefined;
  readonly always?: true | undefined;
  readonly never?: true | undefined;
}

/** The first rule that matches a span decides, `ratio` where none does. */
export interface HeadSampling {
  readonly ratio: number;
  readonly rules: readonly HeadSamplingRule[];
}

/** `of` answers `?service=NAME` with the strategy of that service, whatever the path; undefined while nobody does. */
export interface SamplingAnswers {
  of: RequestListener | undefined;
}

/** What a receiver factory is given beside its config. */
export interface ReceiverSettings {
  /** The key in the config, `otlp` or `otlp/second`: its settings are those below `receivers.<name>`. */
  readonly name: string;
  readonly sink: BatchSink;
  /** Shared by all receivers of the collector. */
  readonly inFlight: RequestBudget;
  /** The `sampling` that is in force now. */
  readonly sampling?: () => HeadSampling;
  /** Shared by all receivers: the one that tells sampling strategies leaves its answers here, for others' ports. */
  readonly samplingAnswers?: SamplingAnswers;
  /**
   * What a receiver's HTTP port serves beside the spans that it takes, by the receiver's name; asked at its start.
   * The handler gets every request that is no post of spans, after the check of its host name and with its body unread.
   * Without a handler they are answered with 404.
   */
  readonly reads?: (name: string) => RequestListener | undefined;
  /** Why the collector cannot take spans now; undefined when it can. Absent where a port tells nothing of health. */
  readonly notReady?: () => string | undefined;
  /** Takes logs and metrics; absent where no destination asks for any. */
  readonly signals?: SignalSink;
  /** What takes long to load is loaded when a sender connects, and not at the start. */
  readonly late?: boolean;
}

/** Takes spans from senders. `start` rejects with `listen_failed` where a port of its own cannot be opened. */
export interface Receiver extends Component {
  /** Where its listeners are bound, by their names. Empty unless started; without those that are off. */
  readonly addresses: Readonly<Record<string, Endpoint>>;
  /** Reads certificates, keys and authorities again, as it happens by itself when they change. */
  reloadTls(): void;
}

/** A socket that a receiver may listen on. */
export interface ReceiverListener<Config> {
  /** Short, and unique within the receiver: `grpc`. It is part of the status, so it stays. */
  readonly name: string;
  /** What people call it: `OTLP/gRPC`. */
  readonly title: string;
  /** Where the receiver's config has its `host:port` or a list of them: `protocols.grpc.endpoint`. */
  readonly setting: string;
  /** What the config has there; undefined where it turns the listener off. */
  endpoint(config: Config): string | readonly string[] | undefined;
  /** What a sender is told for `127.0.0.1:4318`: `http://127.0.0.1:4318/v1/traces`. */
  target(config: Config, authority: string): string;
}

/** A built-in receiver. One that only fetches has no listeners. */
export interface ReceiverFactory<Config extends ReceiverConfig = ReceiverConfig>
  extends ComponentFactory<Config, ReceiverSettings, Receiver> {
  /** Whether it runs with its defaults where the config does not name it. */
  readonly onByDefault: boolean;
  /** Whether the collector refuses to start without its ports. Those of others, when taken, are one warning. */
  readonly essential: boolean;
  readonly listeners: readonly ReceiverListener<Config>[];
  /**
   * Loads what its start needs, while the store opens. What is loaded here is not to be imported statically.
   * @param late as ReceiverSettings.late
   */
  load(config: Config, late: boolean): Promise<unknown>;
}
