import { randomBytes } from "node:crypto";
import { PermanentError } from "../../component/errors.ts";
import { Metrics } from "../../component/metrics.ts";
import type { TracesData } from "../../model/span.ts";
import { createRedaction } from "../../processors/rewrite/redaction.ts";
import { redactionConfig } from "../../processors/rewrite/redaction-config.ts";
import type { Config } from "../config/config.ts";

/** What is redacted in a recording beside the rules of the config: globs over attribute keys. */
export interface RedactedKeys {
  readonly drop: readonly string[];
  readonly hash: readonly string[];
  readonly mask: readonly string[];
  /** Key of the hashes; the config's where it is left out, else a random one. */
  readonly salt: string | undefined;
}

export interface RecordingRedaction {
  /** The same object where nothing is to be redacted. */
  apply(data: TracesData): TracesData;
  /** Values that were dropped, hashed or masked. */
  count(): number;
  /** Hashes are comparable in this recording alone. */
  readonly randomSalt: boolean;
}

/**
 * The rules of `processors.redaction`, and behind them one for each kind of keys.
 * @throws PermanentError `bad_request` for what the processor would refuse
 */
export function createRecordingRedaction(config: Config, keys: RedactedKeys): RecordingRedaction {
  const configured = config.processors.redaction;
  const own = (["drop", "hash", "mask"] as const)
    .filter((action) => keys[action].length > 0)
    .map((action) => ({ name: `--${action}`, keys: [...keys[action]], action }));
  const given = keys.salt ?? configured.salt;
  const randomSalt = given === undefined && keys.hash.length > 0;
  const salt = randomSalt ? randomBytes(16).toString("hex") : given;
  const parsed = redactionConfig.safeParse({ ...configured, salt, rules: [...configured.rules, ...own] });
  if (!parsed.success) {
    const reasons = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(": "));
    throw new PermanentError("bad_request", `redaction: ${reasons.join("; ")}`);
  }
  const metrics = new Metrics();
  const rewrite = createRedaction(parsed.data, metrics);
  return {
    apply: (data) => rewrite?.apply(data).data ?? data,
    count: () =>
      metrics
        .snapshot()
        .filter(({ name }) => name === "spanloom_redaction_values_total")
        .reduce((sum, { value }) => sum + value, 0),
    randomSalt,
  };
}
