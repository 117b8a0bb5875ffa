import type { ConfigFlags } from "./config-flags.ts";

/** What every command of `spanloom db` is called with. */
export interface DbFlags extends ConfigFlags {
  readonly url?: string;
  readonly json: boolean;
}

/** What `spanloom db delete` is called with. */
export interface DeleteFlags extends DbFlags {
  readonly all: boolean;
  readonly yes: boolean;
  readonly service?: string;
  readonly operation?: string;
  readonly tag?: readonly string[];
  readonly start?: string;
  readonly end?: string;
}
