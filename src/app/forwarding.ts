import type { Component, Host } from "../component/component.ts";
import { PermanentError, RetryableError } from "../component/errors.ts";
import type { Forwarder, ForwardOutcome, ForwardResult, SignalRequest, SignalSink } from "../component/export.ts";
import type { Metrics } from "../component/metrics.ts";
import type { OtherSignal } from "../model/signal.ts";
import { EXPORTERS } from "./config/builtin.ts";
import { componentType } from "./config/components.ts";
import type { Config } from "./config/config.ts";
import { configWarnings } from "./config/config-warnings.ts";
import { forwardingExporters } from "./config/exported-signals.ts";
import { createResolver } from "./store-modules/exporter-resolver.ts";

interface Destination {
  /** The exporter's key in the config. */
  readonly name: string;
  readonly signals: readonly OtherSignal[];
  readonly forwarder: Forwarder;
}

/**
 * Logs and metrics on their way through: each request goes to every exporter that asks for its signal, side by side,
 * and all must take it. What one of them says is the sender's to hear; a repetition reaches those again that took it.
 */
export class Forwarding implements SignalSink, Component {
  readonly #destinations: readonly Destination[];
  readonly #metrics: Metrics;

  constructor(destinations: readonly Destination[], metrics: Metrics) {
    this.#destinations = destinations;
    this.#metrics = metrics;
  }

  /** Rejects where one cannot start; then none runs. */
  async start(host: Host): Promise<void> {
    try {
      for (const { name, signals, forwarder } of this.#destinations) {
        await forwarder.start(host);
        host.logger.info("logs or metrics are forwarded", { exporter: name, signals: signals.join(", ") });
      }
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#destinations.map(({ forwarder }) => forwarder.shutdown(signal)));
  }

  takes(signal: OtherSignal): boolean {
    return this.#destinations.some(({ signals }) => signals.includes(signal));
  }

  async forward(request: SignalRequest): Promise<ForwardResult> {
    const asking = this.#destinations.filter(({ signals }) => signals.includes(request.signal));
    const outcomes = await Promise.all(
      asking.map(async ({ name, forwarder }) => {
        const outcome = await forwarder.forward(request);
        this.#count(name, request, outcome);
        return { name, outcome };
      }),
    );
    return joined(outcomes);
  }

  #count(exporter: string, { signal, body, records }: SignalRequest, outcome: ForwardOutcome): void {
    const labels = { exporter, signal };
    const add = (name: string, help: string, value: number, more: Readonly<Record<string, string>> = {}) =>
      this.#metrics.counter(`spanloom_forwarded_${name}_total`, help, { ...labels, ...more }).add(value);
    if (outcome.type === "taken") {
      const rejected = Math.min(outcome.rejected, records);
      add("records", "Log records and metric data points that a destination took.", records - rejected);
      add("bytes", "Bytes of logs and metrics that a destination took, before compression.", body.length);
      add("rejected_records", "Log records and data points that a destination refused in what it took.", rejected);
      return;
    }
    const help =
      "Requests of logs or metrics that a destination did not take, and whether their sender may repeat them.";
    add("failures", help, 1, { outcome: outcome.type });
  }
}

interface Told {
  readonly name: string;
  readonly outcome: ForwardOutcome;
}

/**
 * What a sender is told of several. What may be taken later comes first: repeated, the request meets the refusal alone.
 * @throws RetryableError with the longest wait; PermanentError
 */
function joined(told: readonly Told[]): ForwardResult {
  const result = { rejected: 0, messages: [] as string[] };
  const [retries, refusals]: [string[], Told[]] = [[], []];
  let [afterMs, overloaded]: [number | undefined, boolean] = [undefined, true];
  for (const one of told) {
    const { name, outcome } = one;
    if (outcome.type === "taken") {
      result.rejected = Math.max(result.rejected, outcome.rejected);
      if (outcome.message !== "") result.messages.push(`${name}: ${outcome.message}`);
    } else if (outcome.type === "refused") {
      refusals.push(one);
    } else {
      retries.push(`exporter ${name}: ${outcome.reason}`);
      overloaded &&= outcome.overloaded === true;
      if (outcome.afterMs !== undefined) afterMs = Math.max(afterMs ?? 0, outcome.afterMs);
    }
  }
  if (retries.length > 0) {
    throw new RetryableError(overloaded ? "overloaded" : "unreachable", retries.join("; "), afterMs);
  }
  const [first] = refusals;
  if (first?.outcome.type === "refused") {
    const texts = refusals.map(({ name, outcome }) => `exporter ${name}: ${(outcome as { reason: string }).reason}`);
    throw new PermanentError(first.outcome.code, texts.join("; "));
  }
  return { rejected: result.rejected, message: result.messages.join("; ") };
}

/**
 * What the exporters of the config ask for; it takes no signal where none does. Rejects where one cannot start.
 * @param registryAddress where the collector's own registry listens is told here once it does
 */
export async function startForwarding(
  config: Config,
  host: Host,
  registryAddress: SharedArrayBuffer,
): Promise<Forwarding> {
  for (const warning of configWarnings(config)) host.logger.warn(warning);
  const resolver = createResolver(config.discovery, registryAddress, host);
  const destinations = forwardingExporters(config).map(({ name, value, signals }) => {
    const factory = EXPORTERS[componentType(name)]?.forwarding;
    if (factory === undefined) throw new Error(`exporter ${name} forwards nothing`);
    return { name, signals, forwarder: factory.create({ name, writeStdout() {}, resolver }, value) };
  });
  const forwarding = new Forwarding(destinations, host.metrics);
  await forwarding.start(host);
  return forwarding;
}
