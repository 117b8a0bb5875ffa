import type { Signal } from "../../model/signal.ts";
import { EXPORTERS } from "./builtin.ts";
import { componentType } from "./components.ts";
import type { Config } from "./config.ts";

/** What an exporter of the config sends: traces alone, where its type has nothing else. */
export function exportedSignals(name: string, config: unknown): readonly Signal[] {
  return EXPORTERS[componentType(name)]?.forwarding?.signals(config) ?? ["traces"];
}

/** Names of the exporters that ask for logs or metrics, with which of them, in the order of the config. */
export function forwardingExporters({ exporters }: Pick<Config, "exporters">) {
  return Object.entries(exporters).flatMap(([name, value]) => {
    const signals = exportedSignals(name, value).filter((signal) => signal !== "traces");
    return signals.length === 0 ? [] : [{ name, value, signals }];
  });
}
