import { createServer } from "node:http";
import { resolve } from "node:path";
import type { Host } from "../component/component.ts";
import type { Endpoint } from "../component/endpoint.ts";
import type { Logger } from "../component/logger.ts";
import { Metrics } from "../component/metrics.ts";
import { memoryRegistryStore } from "../discovery/registry/memory-store.ts";
import { formatEndpoint } from "../server/endpoint.ts";
import { InFlightBudget } from "../server/in-flight.ts";
import { openStore } from "../storage/open-store.ts";
import type { InlineModules } from "../storage/threads/start-inline.ts";
import { RECEIVERS } from "./config/builtin.ts";
import { type Config, type ConfigInput, mebibytes, parseConfig } from "./config/config.ts";
import { changedPaths, planReload, type ReloadOutcome, reloadedConfig } from "./config/config-changes.ts";
import { mergeConfig, type RawConfig } from "./config/config-sources.ts";
import { IN_PROCESS_DEFAULTS } from "./config/in-process.ts";
import type { CollectorEndpoints } from "./endpoints.ts";
import { createLogger } from "./json-logger.ts";
import { SelfTracing } from "./self-tracing/self-tracing.ts";
import { collectorStatus } from "./status.ts";
import { createRegistryAddress } from "./store-modules/registry-address.ts";
import { ingestConfig, storeSettings } from "./store-settings.ts";
import { withSlash } from "./ui-port/base-path.ts";
import type { ReadServerConfig } from "./ui-port/read-server.ts";
import { readVersion } from "./version.ts";

export type { ConfigInput } from "./config/config.ts";
export type { CollectorEndpoints } from "./endpoints.ts";

export interface Collector {
  readonly endpoints: CollectorEndpoints;
  /**
   * Takes over what may change while it runs (`processors`, `sampling`, `telemetry.logs.level`), reads the receivers' TLS
   * files again, and warns of everything else that differs. Rate limits and the memory of explicitly kept traces begin anew with `processors` or `sampling`.
   * Rejects where the new ingest pipeline cannot be made; then everything stays as it was.
   */
  reload(config: Config): Promise<ReloadOutcome>;
  /**
   * Stops taking spans, finishes what was taken, commits, gives exporters what is left of the time, and releases every
   * handle. Idempotent. Default 10 s.
   */
  shutdown(timeoutMs?: number): Promise<void>;
}

export interface CollectorOptions {
  /** Default: lines on stderr at the configured level. */
  readonly logger?: Logger;
}

const SHUTDOWN_MS = 10_000;

/**
 * Starts a whole collector inside this program: by default with the memory store and free ports, so any number run side
 * by side. `config` is what the config file would say, laid over those defaults.
 * Throws PermanentError (`config_invalid`, `listen_failed`, `data_folder_in_use`, …); then nothing stays open.
 */
export async function createCollector(config: ConfigInput = {}, options: CollectorOptions = {}): Promise<Collector> {
  const merged = mergeConfig(IN_PROCESS_DEFAULTS, config as RawConfig);
  return startCollector(parseConfig(merged, { name: "createCollector()" }), options);
}

/** Starts a collector from a complete config. */
export async function startCollector(config: Config, options: CollectorOptions = {}): Promise<Collector> {
  // The logger reads its level at every line, so that a reload can change it.
  const logging = {
    level: config.telemetry.logs.level,
    format: config.telemetry.logs.format,
    write: (line: string) => process.stderr.write(line),
    now: Date.now,
  };
  const logger = options.logger ?? createLogger(logging);
  const version = readVersion();
  let tracing: SelfTracing | undefined;
  const host: Host = {
    logger,
    metrics: new Metrics(),
    userAgent: `spanloom/${version}`,
    ...(config.telemetry.traces.enabled ? { reportWork: (work) => tracing?.record(work) } : {}),
  };
  host.metrics.gauge("spanloom_build_info", "The running version; always 1.", { version }).set(1);

  const opened: ((signal: AbortSignal) => Promise<void>)[] = [];
  let running = config;
  let reloading: Promise<unknown> = Promise.resolve();
  let draining = false;
  let stopped: Promise<void> | undefined;

  /** Closes what is open, last opened first; one step that fails does not keep the others open. */
  async function release(timeoutMs: number): Promise<void> {
    draining = true;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    for (const close of opened.splice(0).reverse()) {
      try {
        await close(abort.signal);
      } catch (error) {
        logger.error("shutdown step failed", { error: error instanceof Error ? error.message : String(error) });
      }
    }
    clearTimeout(timer);
  }

  try {
    // The registry starts on the locked data folder, after the threads that ask it.
    const registryAddress = createRegistryAddress();
    const opening = openStore(storeSettings(config, host, registryAddress.memory), loadThreadModules);
    // The threads have been told to start; while they do, this one loads what it will need itself.
    const loading = loadServers(config);
    loading.catch(() => {});
    const store = await opening;
    opened.push((signal) => store.close(signal));
    const { createControlApp, createRegistryRoutes, Discovery, openRegistryStore } = await loading;

    if (config.telemetry.traces.enabled) {
      const own = new SelfTracing({
        sink: store,
        ratio: config.telemetry.traces.ratio,
        slowerThanMs: config.telemetry.traces.slower_than_ms,
        version,
        metrics: host.metrics,
        logger,
      });
      tracing = own;
      opened.push(() => own.stop());
    }

    const inFlight = new InFlightBudget(mebibytes(config.limits.in_flight_mebibytes));
    const receiver = RECEIVERS.otlp.create(
      { sink: tracing?.traceSink(store) ?? store, inFlight },
      config.receivers.otlp,
    );
    await receiver.start(host);
    opened.push((signal) => receiver.shutdown(signal));

    const discovery = new Discovery(config.discovery, {
      store:
        config.storage.kind === "memory"
          ? memoryRegistryStore()
          : openRegistryStore(resolve(config.storage.path), logger, config.storage.driver),
    });
    await discovery.start(host);
    registryAddress.tell(discovery.address);
    const closing = new AbortController();
    opened.push((signal) => discovery.shutdown(signal));
    const proxy = config.proxy.routes.length === 0 ? undefined : await import("./proxy.ts");
    const startedProxy = await proxy?.startProxy(config, host, store, discovery);
    if (startedProxy !== undefined) opened.push((signal) => startedProxy.shutdown(signal));

    const otlpHttp = addressOf(receiver.httpAddress);
    const endpoints = {
      otlpHttp: otlpHttp === undefined ? undefined : `http://${otlpHttp}`,
      otlpGrpc: addressOf(receiver.grpcAddress),
      ui: "",
      registry: registryUrl(config, discovery.address),
      proxy: startedProxy?.address === undefined ? undefined : proxy?.proxyUrl(config, startedProxy.address),
    };
    const startedAtMs = Date.now();
    const metrics = async () => [...host.metrics.snapshot(), ...(await store.metrics())];
    const control = createServer(
      createControlApp({
        admin: store,
        registry: createRegistryRoutes({
          local: discovery.local,
          remote: discovery.remote,
          logger,
          closing: closing.signal,
        }),
        metrics,
        status: () => collectorStatus({ version, startedAtMs, endpoints, config: running, store, metrics }),
        notReady: () => (draining ? "shutting down" : undefined),
        logger,
      }),
    );
    const ui = await store.serve(readServerConfig(config), (stream) => control.emit("connection", stream));
    opened.push((signal) => {
      // Event streams of the registry would keep the listener open.
      closing.abort();
      return ui.close(signal);
    });
    endpoints.ui = `http://${reachable(ui.address)}${withSlash(config.ui.base_path)}`;

    /** Applies what can be applied; reloads run one after the other. */
    async function reload(wanted: Config): Promise<ReloadOutcome> {
      const outcome = planReload(running, wanted);
      const next = reloadedConfig(running, wanted);
      if (changedPaths(ingestConfig(running), ingestConfig(next)).length > 0) {
        await store.reconfigureIngest(ingestConfig(next));
      }
      logging.level = next.telemetry.logs.level;
      receiver.reloadTls();
      running = next;
      for (const setting of outcome.needsRestart) logger.warn(`${setting} has changed and takes a restart`);
      logger.info("the config was loaded again", { applied: outcome.applied.join(", ") || "nothing" });
      return outcome;
    }

    return {
      endpoints,
      reload(wanted) {
        const done = reloading.then(() => reload(wanted));
        reloading = done.catch(() => {});
        return done;
      },
      shutdown(timeoutMs = SHUTDOWN_MS) {
        stopped ??= release(timeoutMs);
        return stopped;
      },
    };
  } catch (error) {
    await release(SHUTDOWN_MS);
    throw error;
  }
}

/** The parts of the store that runs in this thread. */
async function loadThreadModules(): Promise<InlineModules> {
  const [ingest, query, exporting] = await Promise.all([
    import("./store-modules/ingest.ts"),
    import("./store-modules/query.ts"),
    import("./store-modules/export.ts"),
  ]);
  return { ingest, query, export: exporting };
}

/** What listens and answers, web server and gRPC included. */
async function loadServers(config: Config) {
  const [{ createControlApp }, { createRegistryRoutes }, { Discovery }, { openRegistryStore }] = await Promise.all([
    import("./ui-port/control-app.ts"),
    import("../discovery/server/registry-routes.ts"),
    import("../discovery/discovery.ts"),
    import("../storage/folder/registry-store.ts"),
    // These load by themselves when they start; by then they should be there.
    RECEIVERS.otlp.load(config.receivers.otlp),
    config.discovery.server.enabled ? import("../discovery/server/registry-server.ts") : undefined,
  ]);
  return { createControlApp, createRegistryRoutes, Discovery, openRegistryStore };
}

function readServerConfig({ ui }: Config): ReadServerConfig {
  return { endpoint: ui.endpoint, basePath: ui.base_path, allowedHosts: ui.allowed_hosts };
}

/** The address as this machine reaches it: a listener on every address answers on loopback too. */
function reachable(endpoint: Endpoint): string {
  const host = endpoint.host === "0.0.0.0" ? "127.0.0.1" : endpoint.host === "::" ? "::1" : endpoint.host;
  return formatEndpoint({ ...endpoint, host });
}

function registryUrl({ discovery }: Config, address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const host = address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
  return `${discovery.server.tls === undefined ? "http" : "https"}://${host}`;
}

function addressOf(endpoint: Endpoint | undefined): string | undefined {
  return endpoint === undefined ? undefined : reachable(endpoint);
}
