import type { ProcessorsConfig } from "./processors-config.ts";
import { createAttributeActions, createResourceActions } from "./rewrite/attribute-actions.ts";
import { createGrouping } from "./rewrite/group-by-attributes.ts";
import { createRedaction } from "./rewrite/redaction.ts";
import type { CreateRewrite } from "./rewrite/rewrite.ts";
import { createSemconvRewrite } from "./rewrite/semconv-rewrite.ts";

/**
 * Every processor that rewrites, by its key in the config and in the order in which they run: redaction first, so that
 * nothing redacted can be copied elsewhere, and actions last, so that they meet one vocabulary.
 * It is apart from the schemas (processors-config.ts): the ingest thread gets a config that was read before.
 */
export const REWRITES: {
  readonly [Type in Exclude<keyof ProcessorsConfig, "normalize">]: CreateRewrite<ProcessorsConfig[Type]>;
} = {
  redaction: createRedaction,
  semconv: createSemconvRewrite,
  groupbyattrs: createGrouping,
  resource: createResourceActions,
  attributes: createAttributeActions,
};
