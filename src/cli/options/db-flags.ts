import type { ConfigFlags } from "./config-flags.ts";
import type { ConnectionFlags } from "./connection-flags.ts";
import type { Conditions } from "./search-conditions.ts";

/** What every command of `spanloom db` is called with. */
export interface DbFlags extends ConfigFlags, Partial<ConnectionFlags> {
  readonly json: boolean;
}

/** What `spanloom db export` is called with. */
export interface ExportFlags extends DbFlags, Conditions {}

/** What `spanloom db delete` is called with. */
export interface DeleteFlags extends DbFlags, Conditions {
  readonly all: boolean;
  readonly yes: boolean;
}

/** What `spanloom db resend` is called with. */
export interface ResendFlags extends DbFlags {
  /** ms since the epoch. */
  readonly since?: number;
  readonly fromStart: boolean;
}
