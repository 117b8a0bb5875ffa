import { z } from "zod";
import { DEFAULT_SCAN_LIMITS } from "../../codec/otlp/scan/scan-result.ts";

export const normalizeConfig = z.strictObject({
  max_attributes: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(DEFAULT_SCAN_LIMITS.maxAttributes)
    .describe("Most attributes of one span, event, link, resource or scope; more are dropped and counted on it."),
  max_attribute_value_bytes: z
    .int()
    .min(1)
    .max(1_073_741_824)
    .default(DEFAULT_SCAN_LIMITS.maxValueBytes)
    .describe("Longest string or bytes value, bytes; longer ones are cut at a character."),
});
export type NormalizeConfig = z.infer<typeof normalizeConfig>;
