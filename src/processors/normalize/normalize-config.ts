import { z } from "zod";
import { DEFAULT_SPAN_LIMITS } from "../../codec/otlp/message/span-limits.ts";

export const normalizeConfig = z.strictObject({
  max_attributes: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(DEFAULT_SPAN_LIMITS.maxAttributes)
    .describe("Most attributes of one span, event, link, resource or scope; more are dropped and counted on it."),
  max_attribute_value_bytes: z
    .int()
    .min(1)
    .max(1_073_741_824)
    .default(DEFAULT_SPAN_LIMITS.maxValueBytes)
    .describe("Longest attribute value, bytes: a string or bytes, or a list as a whole; longer ones are cut."),
  max_events: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(DEFAULT_SPAN_LIMITS.maxEvents)
    .describe("Most events of one span; more are dropped and counted on it."),
  max_links: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(DEFAULT_SPAN_LIMITS.maxLinks)
    .describe("Most links of one span; more are dropped and counted on it."),
  max_name_bytes: z
    .int()
    .min(16)
    .max(1_048_576)
    .default(DEFAULT_SPAN_LIMITS.maxNameBytes)
    .describe("Longest name of a service, span, event, scope or attribute, bytes; longer ones are cut at a character."),
});
export type NormalizeConfig = z.infer<typeof normalizeConfig>;
