import type { SpanStore } from "../component/store.ts";
import type { Config } from "./config/config.ts";
import { changedPaths, planReload, type ReloadOutcome, reloadedConfig } from "./config/config-changes.ts";
import type { Core } from "./core.ts";
import type { RunningReceivers } from "./receivers.ts";
import { exportFilters, ingestConfig } from "./store-settings.ts";

export interface ReloadedParts {
  readonly store: SpanStore;
  readonly receivers: RunningReceivers;
  readonly core: Core;
}

/** The config that a collector runs with, and its changes, one after the other. */
export class Reloads {
  readonly #parts: ReloadedParts;
  #running: Config;
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: Config, parts: ReloadedParts) {
    this.#running = config;
    this.#parts = parts;
  }

  get running(): Config {
    return this.#running;
  }

  /** Applies what can be applied (Collector.reload). */
  reload(wanted: Config): Promise<ReloadOutcome> {
    const done = this.#last.then(() => this.#apply(wanted));
    this.#last = done.catch(() => {});
    return done;
  }

  async #apply(wanted: Config): Promise<ReloadOutcome> {
    const { store, receivers, core } = this.#parts;
    const { logger } = core.host;
    const outcome = planReload(this.#running, wanted);
    const next = reloadedConfig(this.#running, wanted);
    if (changedPaths(ingestConfig(this.#running), ingestConfig(next)).length > 0) {
      await store.reconfigureIngest(ingestConfig(next));
    }
    const exporters = { running: this.#running.exporters, next: next.exporters };
    if (changedPaths(exporters.running, exporters.next).length > 0) await store.filterExports(exportFilters(next));
    core.logging.level = next.telemetry.logs.level;
    receivers.reloadTls();
    this.#running = next;
    for (const setting of outcome.needsRestart) logger.warn(`${setting} has changed and takes a restart`);
    logger.info("the config was loaded again", { applied: outcome.applied.join(", ") || "nothing" });
    return outcome;
  }
}
