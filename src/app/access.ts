import { controlsAccess } from "../access/access-config.ts";
import { AccessControl, type AccessSettings } from "../access/access-control.ts";
import { makeToken, tokenDigest } from "../access/secrets.ts";
import type { Access } from "../component/access.ts";
import type { Metrics } from "../component/metrics.ts";
import type { Config } from "./config/config.ts";

/** Access control as the parts of a collector are given it. */
export interface CollectorAccess {
  /** For listeners of this thread; undefined where the config has nobody who may do something. */
  readonly access: Access | undefined;
  /** The same for threads with listeners of their own. */
  readonly settings: AccessSettings | undefined;
  /** The config as the collector's own clients have it: with a token that it made for itself. */
  readonly ownConfig: Config;
}

/** The collector's own clients, such as exporters that ask its registry, show a token that lives as long as it does. */
export function accessOf(config: Config, metrics: Metrics): CollectorAccess {
  if (!controlsAccess(config.access)) return { access: undefined, settings: undefined, ownConfig: config };
  const { discovery } = config;
  const tokens = [makeToken(), ...discovery.server.tokens];
  const settings = { ...config.access, registryTokens: tokens.map(tokenDigest) };
  return {
    access: new AccessControl(settings, metrics),
    settings,
    ownConfig: { ...config, discovery: { ...discovery, server: { ...discovery.server, tokens } } },
  };
}
