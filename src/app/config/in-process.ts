import type { ReceiverTable } from "./builtin.ts";
import { componentType, parseComponents, withDefaultReceivers } from "./components.ts";
import type { ConfigInput } from "./config.ts";
import { type RawConfig, setPath } from "./config-sources.ts";

const FREE_PORT = "127.0.0.1:0";

const DEFAULTS = {
  storage: { kind: "memory" },
  ui: { endpoint: FREE_PORT },
  discovery: { server: { endpoint: FREE_PORT } },
  proxy: { endpoint: FREE_PORT },
  telemetry: { logs: { level: "warn" } },
} satisfies ConfigInput as RawConfig;

/** What `createCollector()` starts from: nothing on disk, quiet, and a free port for every listener that is on. */
export function inProcessDefaults(written: RawConfig, table: ReceiverTable): RawConfig {
  const receivers: RawConfig = {};
  const { configs } = parseComponents("receivers", table, withDefaultReceivers(written.receivers, table));
  for (const [name, config] of Object.entries(configs)) {
    for (const listener of table[componentType(name)]?.listeners ?? []) {
      // A setting of a listener that is off might turn it on.
      if (listener.endpoint(config as never) === undefined) continue;
      setPath(receivers, [name, ...listener.setting.split(".")], FREE_PORT, name);
    }
  }
  return { receivers, ...DEFAULTS };
}
