import { z } from "zod";
import { normalizeConfig } from "./normalize/normalize-config.ts";
import { attributesConfig, groupByAttributesConfig, resourceConfig } from "./rewrite/attribute-actions-config.ts";
import { redactionConfig } from "./rewrite/redaction-config.ts";
import { semconvConfig } from "./rewrite/semconv-config.ts";

/**
 * What happens to spans between their arrival and the log; all of it in the ingest thread. A processor that rewrites
 * has its schema here and a line in rewrites.ts.
 */
export const processorsConfig = z.strictObject({
  normalize: normalizeConfig.prefault({}),
  redaction: redactionConfig.prefault({}),
  semconv: semconvConfig.prefault({}),
  groupbyattrs: groupByAttributesConfig.prefault({}),
  resource: resourceConfig.prefault({}),
  attributes: attributesConfig.prefault({}),
});
export type ProcessorsConfig = z.infer<typeof processorsConfig>;
