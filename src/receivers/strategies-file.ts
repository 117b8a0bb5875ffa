import { readFileSync } from "node:fs";
import { z } from "zod";
import { PermanentError } from "../component/errors.ts";
import { FileWatch } from "../component/file-watch.ts";
import type { Logger } from "../component/logger.ts";
import { messageOf } from "../model/message-of.ts";
import {
  byOperation,
  type OperationStrategy,
  probabilistic,
  rateLimiting,
  type SamplingStrategy,
  type StrategyOf,
} from "./strategies.ts";

/** What Jaeger tells where a file says nothing. */
const JAEGER_DEFAULT = 0.001;

const strategy = { type: z.string().default(""), param: z.number().default(0) };
const serviceStrategy = z.object({
  service: z.string().default(""),
  ...strategy,
  operation_strategies: z.array(z.object({ operation: z.string(), ...strategy })).nullish(),
});
const strategiesFile = z
  .object({ default_strategy: serviceStrategy.nullish(), service_strategies: z.array(serviceStrategy).nullish() })
  .nullable();

type ServiceStrategy = z.infer<typeof serviceStrategy>;

/**
 * A strategies file as Jaeger reads it (`internal/sampling/samplingstrategy/file`): a service without strategies of its
 * own for operations has those of the default, and its own come before them. Fields that nobody knows are ignored.
 * @throws Error that says where it is wrong
 */
export function parseStrategies(text: string, logger: Logger): StrategyOf {
  const parsed = strategiesFile.safeParse(JSON.parse(text));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] as z.core.$ZodIssue;
    throw new Error(`${path.join(".") || "the document"}: ${message}`);
  }
  const { default_strategy: fallback, service_strategies: services } = parsed.data ?? {};
  const common = fallback == null ? probabilistic(JAEGER_DEFAULT) : ownStrategy(fallback, logger);
  const known = new Map<string, SamplingStrategy>();
  for (const one of services ?? []) known.set(one.service, withDefaults(ownStrategy(one, logger), common));
  return (service) => known.get(service) ?? common;
}

function ownStrategy(one: ServiceStrategy, logger: Logger): SamplingStrategy {
  const own = simpleStrategy(one.type, one.param, logger);
  const operations = one.operation_strategies ?? [];
  if (operations.length === 0) return own;
  const told: OperationStrategy[] = [];
  for (const { operation, type, param } of operations) {
    const { probabilisticSampling } = simpleStrategy(type, param, logger);
    if (probabilisticSampling !== undefined) told.push({ operation, probabilisticSampling });
    else logger.warn("a rate limit of one operation cannot be told to senders, and is left out", { operation });
  }
  return { ...own, operationSampling: byOperation(own.probabilisticSampling?.samplingRate ?? JAEGER_DEFAULT, told) };
}

function simpleStrategy(type: string, param: number, logger: Logger): SamplingStrategy {
  if (type === "probabilistic") return probabilistic(Math.min(Math.max(param, 0), 1));
  if (type === "ratelimiting") return rateLimiting(Math.max(param, 0));
  logger.warn("a sampling strategy has an unknown type: expected probabilistic or ratelimiting", { type });
  return probabilistic(JAEGER_DEFAULT);
}

function withDefaults(own: SamplingStrategy, common: SamplingStrategy): SamplingStrategy {
  const theirs = common.operationSampling;
  if (theirs === undefined) return own;
  const mine = own.operationSampling;
  if (mine === undefined) {
    const rate = own.probabilisticSampling?.samplingRate ?? theirs.defaultSamplingProbability;
    return { ...own, operationSampling: { ...theirs, defaultSamplingProbability: rate } };
  }
  const named = new Set(mine.perOperationStrategies.map(({ operation }) => operation));
  const others = theirs.perOperationStrategies.filter(({ operation }) => !named.has(operation));
  return {
    ...own,
    operationSampling: { ...mine, perOperationStrategies: [...mine.perOperationStrategies, ...others] },
  };
}

/** The strategies of a file, which are read again when it changes. */
export class StrategiesFile {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #watch: FileWatch;
  #strategyOf: StrategyOf;
  #text = "";

  /**
   * @param setting its key in the config
   * @throws PermanentError `config_invalid` for a file that cannot be read or used
   */
  constructor(path: string, setting: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    try {
      this.#strategyOf = this.#read();
    } catch (error) {
      throw new PermanentError("config_invalid", `${setting}: ${path} cannot be used: ${messageOf(error)}`);
    }
    this.#watch = new FileWatch({ paths: [path], onChange: () => this.reload() });
  }

  readonly strategyOf: StrategyOf = (service) => this.#strategyOf(service);

  /** Reads the file now. One that cannot be used is logged, and what was read before stays. */
  reload(): void {
    const before = this.#text;
    try {
      const strategyOf = this.#read();
      if (this.#text === before) return;
      this.#strategyOf = strategyOf;
      this.#logger.info("the sampling strategies have changed and are told to senders", { file: this.#path });
    } catch (error) {
      this.#text = before;
      this.#logger.error("the sampling strategies have changed and cannot be used; those before stay in use", {
        file: this.#path,
        reason: messageOf(error),
      });
    }
  }

  close(): void {
    this.#watch.close();
  }

  #read(): StrategyOf {
    this.#text = readFileSync(this.#path, "utf8");
    return parseStrategies(this.#text, this.#logger);
  }
}
