import type { Host } from "../component/component.ts";
import { PermanentError } from "../component/errors.ts";
import type {
  Receiver,
  ReceiverConfig,
  ReceiverFactory,
  ReceiverSettings,
  RequestBudget,
} from "../component/receiver.ts";
import { messageOf } from "../model/message-of.ts";
import { formatEndpoint, reachable } from "../server/endpoint.ts";
import { InFlightBudget } from "../server/limits/in-flight.ts";
import { MemoryGuard, memoryLimitBytes } from "../server/limits/memory-guard.ts";
import type { ReceiverTable } from "./config/builtin.ts";
import { componentType } from "./config/components.ts";
import { type Config, mebibytes } from "./config/config.ts";
import type { ReceiverEndpoint } from "./endpoints.ts";

/** A receiver that the config names, turned on or off. */
export interface ConfiguredReceiver {
  /** `otlp`, `otlp/second`. */
  readonly name: string;
  readonly factory: ReceiverFactory;
  readonly config: ReceiverConfig;
}

export interface RunningReceivers {
  /** Every listener of every receiver in the order of the config, those that are off included. */
  readonly endpoints: readonly ReceiverEndpoint[];
  /** Reads the TLS files of all again. */
  reloadTls(): void;
  /** Stops all side by side; one that fails does not keep the others. Rejects with what failed. */
  shutdown(signal: AbortSignal): Promise<void>;
}

export function configuredReceivers(
  configs: Readonly<Record<string, ReceiverConfig>>,
  table: ReceiverTable,
): ConfiguredReceiver[] {
  return Object.entries(configs).map(([name, config]) => {
    const factory = table[componentType(name)];
    if (factory === undefined) throw new Error(`no receiver of type ${componentType(name)}`);
    return { name, factory, config };
  });
}

/** Loads what the start of those that are on needs, which is then quicker. */
export async function loadReceivers(configured: readonly ConfiguredReceiver[], late: boolean): Promise<void> {
  await Promise.all(configured.filter(isOn).map(({ factory, config }) => factory.load(config, late)));
}

/**
 * Starts the receivers that are on, one after the other.
 * A port that is taken is a warning for those that are not essential: another program may well be there for a reason.
 * @throws PermanentError `listen_failed` or `config_invalid`; then none runs
 */
export async function startReceivers(
  configured: readonly ConfiguredReceiver[],
  host: Host,
  settings: Omit<ReceiverSettings, "name">,
): Promise<RunningReceivers> {
  const running = new Map<string, Receiver>();
  try {
    for (const { name, factory, config } of configured.filter(isOn)) {
      const receiver = factory.create({ ...settings, name }, config);
      if (await starts(name, receiver, factory, host)) running.set(name, receiver);
    }
  } catch (error) {
    await stopAll(running.values(), AbortSignal.abort()).catch(() => {});
    throw error;
  }
  return {
    endpoints: configured.flatMap((one) => endpointsOf(one, running.get(one.name))),
    reloadTls() {
      for (const receiver of running.values()) receiver.reloadTls();
    },
    shutdown: (signal) => stopAll(running.values(), signal),
  };
}

async function starts(name: string, receiver: Receiver, factory: ReceiverFactory, host: Host): Promise<boolean> {
  try {
    await receiver.start(host);
    return true;
  } catch (error) {
    if (factory.essential || !(error instanceof PermanentError) || error.code !== "listen_failed") throw error;
    host.logger.warn(`the collector runs without the receiver ${name}`, { reason: error.message });
    return false;
  }
}

async function stopAll(receivers: Iterable<Receiver>, signal: AbortSignal): Promise<void> {
  const ends = await Promise.allSettled(Array.from(receivers, async (receiver) => receiver.shutdown(signal)));
  const reasons = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  if (reasons.length === 0) return;
  const texts = reasons.map((reason) => messageOf(reason));
  throw new AggregateError(reasons, texts.join("; "));
}

function endpointsOf({ name, factory, config }: ConfiguredReceiver, running: Receiver | undefined): ReceiverEndpoint[] {
  return factory.listeners.map((listener) => {
    const bound = running?.addresses[listener.name];
    return {
      receiver: name,
      listener: listener.name,
      title: name === factory.type ? listener.title : `${listener.title} (${name})`,
      address: bound === undefined ? undefined : listener.target(config, formatEndpoint(reachable(bound))),
      listensOn: bound === undefined ? undefined : formatEndpoint(bound),
    };
  });
}

function isOn({ config }: ConfiguredReceiver): boolean {
  return config.enabled;
}

/** What all receivers of a collector take their room from: bounded in bytes, in shares, and by the process's memory. */
export function createRequestBudget({ limits }: Config, { logger, metrics }: Host): RequestBudget {
  const memory = new MemoryGuard({
    maxPercent: limits.memory_percent,
    limitBytes: memoryLimitBytes(),
    residentBytes: process.memoryUsage.rss,
    now: () => performance.now(),
    logger,
    metrics,
  });
  return memory.ofBudget(new InFlightBudget(mebibytes(limits.in_flight_mebibytes)));
}
