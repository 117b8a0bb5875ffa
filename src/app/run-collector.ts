import type { Endpoint } from "../component/endpoint.ts";
import type { BatchSink } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import type { SpanStore } from "../component/store.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { formatEndpoint, reachable } from "../server/endpoint.ts";
import { openStore } from "../storage/open-store.ts";
import type { ReceiverTable } from "./config/builtin.ts";
import type { Config } from "./config/config.ts";
import type { ReloadOutcome } from "./config/config-changes.ts";
import { openToAll } from "./config/listener-addresses.ts";
import { type Core, createCore } from "./core.ts";
import { type CollectorEndpoints, otlpEndpoints } from "./endpoints.ts";
import { startForwarding } from "./forwarding.ts";
import { type LoadedModules, loadModules, loadsLate, loadThreadModules } from "./load-modules.ts";
import { PortReads } from "./port-reads.ts";
import { eventLoopLag } from "./process-metrics.ts";
import { Readiness } from "./readiness.ts";
import { configuredReceivers, createRequestBudget, type RunningReceivers, startReceivers } from "./receivers.ts";
import { listenersOfCollector, registerSelf } from "./registration.ts";
import { registryUrl, startDiscovery } from "./registry.ts";
import { Reloads } from "./reloads.ts";
import { ownSink } from "./self-tracing/own-spans.ts";
import { SelfTracing } from "./self-tracing/self-tracing.ts";
import { collectorStatus } from "./status.ts";
import { StopList } from "./stop-list.ts";
import { createRegistryAddress } from "./store-modules/registry-address.ts";
import { storeSettings } from "./store-settings.ts";
import { type ServedUi, serveUi } from "./ui.ts";

export interface Collector {
  readonly endpoints: CollectorEndpoints;
  /**
   * Takes over what may change while it runs (`processors`, `sampling`, `telemetry.logs.level`), reads the receivers'
   * TLS files again, and warns of everything else that differs. Rate limits and the memory of explicitly kept traces
   * begin anew with `processors` or `sampling`. Rejects where the new ingest pipeline cannot be made; then
   * everything stays as it was.
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

/** Looks on from inside this process. */
export interface StoreObserver {
  /** Told once, before anything is received. */
  opened(store: SpanStore): void;
  /** Spans that were received may have been stored. */
  stored(): void;
}

const SHUTDOWN_MS = 10_000;

/**
 * The parts of a collector in the order in which they stop: what asks others for something stops before them. All ports
 * stop accepting at once, so that one with a slow peer does not have another take spans meanwhile.
 */
const STOP_ORDER = [
  ["registration", "ui", "proxy", "registry-port", "receivers"],
  ["forwarding", "discovery"],
  ["self-tracing"],
  ["store"],
] as const;
type Parts = StopList<(typeof STOP_ORDER)[number][number]>;

/**
 * Starts a collector from a complete config, with the receivers of a table.
 * @throws PermanentError; then nothing stays open
 */
export async function runCollector(
  config: Config,
  { logger }: CollectorOptions,
  table: ReceiverTable,
  observer?: StoreObserver,
): Promise<Collector> {
  const core = createCore(config, logger);
  const parts: Parts = new StopList(STOP_ORDER, core.host.logger);
  try {
    return await startParts({ config, table, observer }, core, parts);
  } catch (error) {
    await parts.stop(SHUTDOWN_MS);
    throw error;
  }
}

interface Start {
  readonly config: Config;
  readonly table: ReceiverTable;
  readonly observer: StoreObserver | undefined;
}

/** Each step gives what later ones need, and says how it is stopped as soon as it holds something open. */
async function startParts({ config, table, observer }: Start, core: Core, parts: Parts): Promise<Collector> {
  const { host, version } = core;
  const configured = configuredReceivers(config.receivers, table);
  // The registry starts on the locked data folder, after the threads that ask it.
  const registryAddress = createRegistryAddress();
  const { ownConfig, settings: accessSettings } = core.access;
  const opening = openStore(storeSettings(ownConfig, host, registryAddress.memory), loadThreadModules);
  // The threads have been told to start; while they do, this one loads what it will need itself.
  const loading = loadModules(config, configured);
  loading.catch(() => {});
  const store = await opening;
  parts.opened("store", (signal) => store.close(signal));
  observer?.opened(store);
  const modules = await loading;

  // The store as all that put spans into it have it: receivers, the proxy and the collector's own spans.
  const stored = observedSink(store, observer);
  const own = ownSink(stored, host.metrics);
  const tracing = startSelfTracing(config, core, own);
  if (tracing !== undefined) parts.opened("self-tracing", () => tracing.stop());

  const readiness = new Readiness();
  const sink = readiness.ofSink(tracing?.traceSink(stored) ?? stored);
  const inFlight = readiness.ofBudget(createRequestBudget(config, host));
  const forwarding = await startForwarding(ownConfig, host, registryAddress.memory);
  parts.opened("forwarding", (signal) => forwarding.shutdown(signal));
  const reads = new PortReads();
  const notReady = () => (parts.stopping ? "shutting down" : (store.trouble() ?? readiness.reason));
  let sampling = (): Config["sampling"] => config.sampling;
  const asked = { reads: reads.ofReceiver, notReady, sampling: () => sampling(), samplingAnswers: { of: undefined } };
  const shared = { sink, inFlight, signals: forwarding, late: loadsLate(config.storage), ...asked };
  const receivers = await startReceivers(configured, host, shared);
  parts.opened("receivers", (signal) => receivers.shutdown(signal));

  const discovery = await startDiscovery(ownConfig, host, modules);
  parts.opened("discovery", (signal) => discovery.shutdown(signal));
  parts.opened("registry-port", (signal) => discovery.stopListening(signal));
  registryAddress.tell(discovery.address);
  const proxy = await modules.proxy?.startProxy(config, host, own, discovery);
  if (proxy !== undefined) parts.opened("proxy", (signal) => proxy.shutdown(signal));

  const reloads = new Reloads(config, { store, receivers, core });
  sampling = () => reloads.running.sampling;
  const startedAtMs = Date.now();
  const metrics = async () => [await eventLoopLag("main"), ...host.metrics.snapshot(), ...(await store.metrics())];
  const listening = { config, modules, receivers, discovery, proxy };
  const ui = await serveUi(ownConfig, store, modules, {
    access: accessSettings,
    sink: own,
    discovery,
    logger: host.logger,
    metrics,
    status: (url, listensOn, beside) => {
      const endpoints = endpointsOf(listening, { url, listensOn, beside });
      return collectorStatus({ version, startedAtMs, endpoints, config: reloads.running, store, metrics });
    },
    notReady,
  });
  parts.opened("ui", (signal) => ui.close(signal));
  reads.open(ui.connect);
  const endpoints = endpointsOf(listening, ui);
  const registration = registerSelf(config, discovery.registry, listenersOfCollector(endpoints), host.logger);
  parts.opened("registration", (signal) => registration.withdraw(signal));
  warnOfOpenListeners(config, table, host.logger);
  return {
    endpoints,
    reload: (wanted) => reloads.reload(wanted),
    shutdown: (timeoutMs = SHUTDOWN_MS) => parts.stop(timeoutMs),
  };
}

function observedSink(sink: BatchSink, observer: StoreObserver | undefined): BatchSink {
  if (observer === undefined) return sink;
  return {
    async append(batch) {
      try {
        return await sink.append(batch);
      } finally {
        observer.stored();
      }
    },
  };
}

interface Listening {
  readonly config: Config;
  readonly modules: LoadedModules;
  readonly receivers: RunningReceivers;
  readonly discovery: Discovery;
  readonly proxy: { readonly address: Endpoint | undefined } | undefined;
}

function endpointsOf(of: Listening, ui: Pick<ServedUi, "url" | "listensOn" | "beside">): CollectorEndpoints {
  const { config, modules, receivers, discovery, proxy } = of;
  const address = proxy?.address;
  const { grpc, tempo } = ui.beside;
  return {
    ...otlpEndpoints(receivers.endpoints),
    receivers: receivers.endpoints,
    ui: ui.url,
    queryGrpc: grpc && formatEndpoint(reachable(grpc)),
    tempo: tempo && `${new URL(ui.url).protocol}//${formatEndpoint(reachable(tempo))}`,
    registry: registryUrl(config, discovery.address),
    proxy: address === undefined ? undefined : modules.proxy?.proxyUrl(config, address),
    listensOn: {
      ui: ui.listensOn,
      registry: discovery.address,
      proxy: address === undefined ? undefined : formatEndpoint(address),
    },
  };
}

function warnOfOpenListeners(config: Config, table: ReceiverTable, logger: Logger): void {
  for (const { path, endpoint } of openToAll(config, table)) {
    logger.warn("a listener is reached from other machines, and asks nobody who they are", {
      setting: path.join("."),
      address: endpoint,
    });
  }
}

/** Takes what the parts report of their work from now on; undefined where the config does not want it. */
function startSelfTracing({ telemetry }: Config, core: Core, sink: BatchSink): SelfTracing | undefined {
  const { enabled, ratio, slower_than_ms: slowerThanMs } = telemetry.traces;
  if (!enabled) return undefined;
  const { version, host } = core;
  const tracing = new SelfTracing({ sink, ratio, slowerThanMs, version, metrics: host.metrics, logger: host.logger });
  core.ownWork.record = (work) => tracing.record(work);
  return tracing;
}
