/** What a sender is told: jaeger.api_v2.SamplingStrategyResponse (jaeger-idl, sampling.proto). */
export interface SamplingStrategy {
  /** SamplingStrategyType. */
  readonly strategyType: 0 | 1;
  readonly probabilisticSampling?: { readonly samplingRate: number };
  readonly rateLimitingSampling?: { readonly maxTracesPerSecond: number };
  readonly operationSampling?: OperationSampling;
}

/** jaeger.api_v2.PerOperationSamplingStrategies. */
export interface OperationSampling {
  readonly defaultSamplingProbability: number;
  readonly defaultLowerBoundTracesPerSecond: number;
  readonly perOperationStrategies: readonly OperationStrategy[];
  readonly defaultUpperBoundTracesPerSecond: number;
}

export interface OperationStrategy {
  readonly operation: string;
  readonly probabilisticSampling: { readonly samplingRate: number };
}

/** The strategy of a service. */
export type StrategyOf = (service: string) => SamplingStrategy;

export const STRATEGY_TYPE = { probabilistic: 0, rate_limiting: 1 } as const;

export function probabilistic(samplingRate: number): SamplingStrategy {
  return { strategyType: STRATEGY_TYPE.probabilistic, probabilisticSampling: { samplingRate } };
}

/** @param perSecond traces; a sender takes whole ones */
export function rateLimiting(perSecond: number): SamplingStrategy {
  return {
    strategyType: STRATEGY_TYPE.rate_limiting,
    rateLimitingSampling: { maxTracesPerSecond: Math.min(Math.trunc(perSecond), 0x7fff_ffff) },
  };
}

export function byOperation(
  defaultSamplingProbability: number,
  perOperationStrategies: readonly OperationStrategy[],
): OperationSampling {
  return {
    defaultSamplingProbability,
    defaultLowerBoundTracesPerSecond: 0,
    perOperationStrategies,
    defaultUpperBoundTracesPerSecond: 0,
  };
}

/** As Jaeger writes it: the name of the type is always there, what the strategy does not use is not. */
export function strategyJson(strategy: SamplingStrategy): string {
  const name = strategy.strategyType === STRATEGY_TYPE.probabilistic ? "PROBABILISTIC" : "RATE_LIMITING";
  return JSON.stringify({ ...strategy, strategyType: name });
}

/** For clients of Thrift 0.9.2, which know the number of the type. */
export function legacyStrategyJson(strategy: SamplingStrategy): string {
  return JSON.stringify(strategy);
}
