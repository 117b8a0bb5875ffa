import { setImmediate as nextTurn } from "node:timers/promises";
import { makeToken } from "../../access/secrets.ts";
import { RECEIVERS } from "../../app/config/builtin.ts";
import { type ConfigInput, parseConfig } from "../../app/config/config.ts";
import { mergeConfig, type RawConfig } from "../../app/config/config-sources.ts";
import { inProcessDefaults } from "../../app/config/in-process.ts";
import { runCollector } from "../../app/run-collector.ts";
import type { Logger } from "../../component/logger.ts";
import type { SpanStore } from "../../component/store.ts";
import type { SpanPattern } from "../matchers/span-pattern.ts";
import type { TestSpan, TestTrace } from "../trace/test-trace.ts";
import { Arrivals } from "./arrivals.ts";
import { ArrivedTraces } from "./arrived-traces.ts";
import { namedTraceFolder, type SaveTracesOptions } from "./save-traces.ts";
import type { WaitForTraceOptions, WaitOptions } from "./wait-options.ts";

export interface TestCollectorOptions {
  /** What `spanloom.yaml` would say, laid over memory store, free ports, OTLP and the web UI. */
  readonly config?: ConfigInput;
  /** Takes the log lines. Default: warnings on stderr. */
  readonly logger?: Logger;
  /**
   * Where waits that time out save what arrived, each trace as an HTML file, and `saveTraces` does. Default: the folder
   * that the variable `SPANLOOM_TRACE_FOLDER` names; without it waits save nothing.
   */
  readonly traceFolder?: string;
}

/** A collector in this process, and what tests ask of it. Any number run side by side. */
export interface TestCollector extends AsyncDisposable {
  /** OTLP/HTTP base: `http://127.0.0.1:41873`. */
  readonly url: string;
  /** OTLP/gRPC: `http://127.0.0.1:35123`. */
  readonly grpcUrl: string;
  /** The web UI of this very collector, to look at from a breakpoint. */
  readonly uiUrl: string;
  /** The `OTEL_…` variables that have a child process send its spans here, soon. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * The first trace that has this id, matches this TraceQL or satisfies the predicate, whether it is here already or
   * comes later. Rejects after `timeoutMs` (a number, or in the options) with the trees of everything that arrived.
   */
  waitForTrace(
    wanted: string | ((trace: TestTrace) => boolean),
    options?: number | WaitForTraceOptions,
  ): Promise<TestTrace>;
  /** As `waitForTrace`, of one span: by TraceQL, by a pattern as `toHaveSpan` takes it, or by a predicate. */
  waitForSpan(
    wanted: string | SpanPattern | ((span: TestSpan) => boolean),
    options?: number | WaitOptions,
  ): Promise<TestSpan>;
  /** Everything that has arrived, by start of its traces. */
  spans(): Promise<TestSpan[]>;
  traces(): Promise<TestTrace[]>;
  /**
   * Saves the page of everything that has arrived, the latest 20 traces, as HTML files that need no collector, secrets
   * taken out. Resolves to their paths.
   */
  saveTraces(options?: SaveTracesOptions): Promise<string[]>;
  /** Forgets everything that has arrived. */
  reset(): Promise<void>;
  /** Ends waits, and releases every handle. Idempotent. */
  close(): Promise<void>;
}

/** Nothing listens that tests do not ask for: OTLP, the web UI, and receivers that the config names. */
function quietDefaults({ receivers = {} }: ConfigInput): RawConfig {
  const others = Object.keys(RECEIVERS).filter((type) => type !== "otlp" && !(type in receivers));
  return {
    receivers: Object.fromEntries(others.map((type) => [type, { enabled: false }])),
    ui: { grpc_endpoint: null, tempo_endpoint: null },
    discovery: { server: { enabled: false } },
  };
}

/** Somebody who may send, where the test has its collector ask who sends. */
function withSender(token: string | undefined): RawConfig {
  return token === undefined ? {} : { access: { tokens: { "test-sender": { token, scopes: ["ingest"] } } } };
}

/**
 * Starts a collector for tests inside this process: nothing on the disk, OTLP and the web UI on free ports.
 * @throws PermanentError `config_invalid`, `listen_failed`; then nothing stays open
 */
export async function createTestCollector({
  config = {},
  logger,
  traceFolder,
}: TestCollectorOptions = {}): Promise<TestCollector> {
  const token = config.access === undefined ? undefined : makeToken();
  const written = mergeConfig(quietDefaults(config), mergeConfig(withSender(token), config as RawConfig));
  const merged = mergeConfig(inProcessDefaults(written, RECEIVERS), written);
  const parsed = parseConfig(merged, { name: "createTestCollector()" });
  const arrivals = new Arrivals();
  const { promise: opened, resolve } = Promise.withResolvers<SpanStore>();
  const observer = { opened: resolve, stored: () => arrivals.tell() };
  const collector = await runCollector(parsed, logger === undefined ? {} : { logger }, RECEIVERS, observer);
  const { otlpHttp = "", otlpGrpc, ui } = collector.endpoints;
  const open = new ArrivedTraces(await opened, arrivals, namedTraceFolder(traceFolder));
  const close = async () => {
    open.close();
    await collector.shutdown();
    // The event loop lets go of closed sockets at the end of a turn, after what waits for one.
    await nextTurn();
    await nextTurn();
  };
  return {
    url: otlpHttp,
    grpcUrl: otlpGrpc === undefined ? "" : `http://${otlpGrpc}`,
    uiUrl: ui,
    env: senderEnvironment(otlpHttp, token),
    waitForTrace: (wanted, options) => open.waitForTrace(wanted, options),
    waitForSpan: (wanted, options) => open.waitForSpan(wanted, options),
    spans: () => open.spans(),
    traces: () => open.traces(),
    saveTraces: (options) => open.saveTraces(options),
    reset: () => open.reset(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** OpenTelemetry's "Environment Variable Specification"; the variables of traces go before the general ones. */
function senderEnvironment(url: string, token: string | undefined): Readonly<Record<string, string>> {
  return {
    OTEL_SDK_DISABLED: "false",
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf",
    ...(token === undefined ? {} : { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${token}` }),
    OTEL_TRACES_SAMPLER: "parentbased_always_on",
    OTEL_BSP_SCHEDULE_DELAY: "50",
  };
}
