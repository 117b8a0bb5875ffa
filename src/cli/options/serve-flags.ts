import type { ConfigFlags } from "./config-flags.ts";

/** What `spanloom serve` is called with. */
export interface ServeFlags extends ConfigFlags {
  /** File of Prolog facts. */
  readonly services?: string;
}
