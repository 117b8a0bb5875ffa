import { z } from "zod";

const ratio = z.number().min(0).max(1);

/** What a rule may do with the spans it matches; each rule does exactly one. */
export const RULE_ACTIONS = ["ratio", "rate_limit_traces_per_second", "always", "never"] as const;

const ruleConfig = z
  .strictObject({
    name: z.string().min(1).optional().describe("Label in metrics; `rules[0]` and so on where left out."),
    service: z
      .string()
      .min(1)
      .optional()
      .describe("Glob over `service.name`: `*` for any run of characters, `?` for one."),
    operation: z.string().min(1).optional().describe("Glob over the span's name."),
    attributes: z
      .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
      .optional()
      .describe(
        "Values by their text, whatever their type: of the span, its events, its resource or its scope. All must match.",
      ),
    ratio: ratio.optional().describe("Share of traces to keep."),
    rate_limit_traces_per_second: z.number().positive().optional().describe("Traces to keep each second, at most."),
    always: z.literal(true).optional().describe("Keeps every trace."),
    never: z.literal(true).optional().describe("Drops every trace."),
  })
  .superRefine((rule, context) => {
    const actions = RULE_ACTIONS.filter((action) => rule[action] !== undefined);
    if (actions.length === 1) return;
    const found = actions.length === 0 ? "none of them" : `${actions.join(" and ")} together`;
    context.addIssue({
      code: "custom",
      message: `a rule has exactly one of ${RULE_ACTIONS.join(", ")}; found ${found}`,
      path: actions.slice(1, 2),
    });
  });

/**
 * Head sampling. Without rules and with ratio 1 nothing is dropped, whatever a span says. Otherwise the first rule that
 * matches a span decides, `ratio` where none does.
 */
export const samplingConfig = z
  .strictObject({
    mode: z
      .enum(["equalizing", "proportional", "hash_seed"])
      .default("equalizing")
      .describe(
        "As in the Collector's probabilistic sampler. `equalizing` brings all traces to the ratio, `proportional` applies it to what arrives, `hash_seed` hashes trace ids.",
      ),
    ratio: ratio.default(1).describe("Share of traces to keep where no rule matches."),
    hash_seed: z
      .int()
      .min(0)
      .max(0xffff_ffff)
      .default(0)
      .describe("For mode hash_seed; collectors with the same seed keep the same traces."),
    rules: z.array(ruleConfig).default([]).describe("The first rule that matches a span decides."),
    remembered_traces: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(100_000)
      .describe("Trace ids remembered for explicit keeps and for each rate limit."),
  })
  .superRefine((config, context) => {
    if (config.hash_seed !== 0 && config.mode !== "hash_seed") {
      context.addIssue({
        code: "custom",
        message: `hash_seed has no meaning in mode ${config.mode}; set mode: hash_seed or remove it`,
        path: ["hash_seed"],
      });
    }
    const open = config.rules.findIndex((rule) => !rule.service && !rule.operation && !rule.attributes);
    if (open !== -1 && open < config.rules.length - 1) {
      context.addIssue({
        code: "custom",
        message: `matches every span, so the ${config.rules.length - 1 - open} rules after it are never asked`,
        path: ["rules", open],
      });
    }
  });

export type SamplingConfig = z.infer<typeof samplingConfig>;
export type SamplingRuleConfig = z.infer<typeof ruleConfig>;
export type SamplingMode = SamplingConfig["mode"];
