import type { z } from "zod";
import type { Access } from "./access.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { ReportWork } from "./own-work.ts";

/** What every component is given by the application that runs it. */
export interface Host {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** `spanloom/<version>`, for user agents. */
  readonly userAgent: string;
  /** Who may ask its listeners for what; absent where the collector has no access control. */
  readonly access?: Access;
  /** Takes the collector's own work for its traces; absent while it does not trace itself. */
  readonly reportWork?: ReportWork;
}

/**
 * Lifecycle of everything that runs.
 * - `start` resolves when the component works; when it rejects, the component holds nothing open.
 * - `shutdown` is idempotent, safe without start, stops taking work, finishes what was taken, and gives up when the
 *   signal aborts.
 */
export interface Component {
  start(host: Host): Promise<void>;
  shutdown(signal: AbortSignal): Promise<void>;
}

export type Stability = "development" | "alpha" | "beta" | "stable";

/**
 * A built-in component: one file exports one of these and src/app/config/builtin.ts lists it. `Config` is what the user
 * writes (a strict zod object, so unknown keys are errors); `Settings` is what the code that creates it passes in.
 */
export interface ComponentFactory<Config, Settings, Made extends Component> {
  /** The Collector's name for it, lower_snake_case. */
  readonly type: string;
  readonly stability: Stability;
  readonly config: z.ZodType<Config>;
  create(settings: Settings, config: Config): Made;
}
