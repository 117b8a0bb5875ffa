import { z } from "zod";
import { ATTRIBUTE_SCOPES } from "./attribute-walk.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const actionShape = {
  key: z.string().min(1).describe("The attribute that the action is about."),
  action: z
    .enum(["insert", "update", "upsert", "delete", "rename"])
    .describe(
      "`insert` where the key is absent, `update` where it is there, `upsert` either way; `delete`; `rename` moves the attribute `from_attribute` to `key` unless that exists.",
    ),
  value: z
    .union([scalar, z.array(scalar)])
    .optional()
    .describe("The value; whole numbers become integers."),
  from_attribute: z.string().min(1).optional().describe("Where the value comes from; without it nothing is done."),
};

interface ActionInput {
  readonly key: string;
  readonly action: "insert" | "update" | "upsert" | "delete" | "rename";
  readonly value?: unknown;
  readonly from_attribute?: string | undefined;
  readonly from_scope?: string | undefined;
}

function checkAction(input: ActionInput, context: z.core.$RefinementCtx<ActionInput>): void {
  const { action, key, value, from_attribute: from, from_scope: scope } = input;
  const issue = (message: string, path: string[] = []): void => context.addIssue({ code: "custom", message, path });
  const given = [...(value === undefined ? [] : ["value"]), ...(from === undefined ? [] : ["from_attribute"])];
  if (action === "delete") {
    if (given.length > 0) issue(`delete takes no ${given.join(" and no ")}`, given.slice(0, 1));
  } else if (action === "rename") {
    if (from === undefined)
      issue("rename needs from_attribute, the key that the attribute has now", ["from_attribute"]);
    if (value !== undefined) issue("rename keeps the value and takes none", ["value"]);
    if (from === key) issue("rename from a key to itself does nothing", ["from_attribute"]);
  } else if (given.length !== 1) {
    issue(`${action} needs exactly one of value, from_attribute; found ${given.length === 0 ? "neither" : "both"}`);
  }
  if (scope === "resource" && (from === undefined || action === "rename")) {
    issue("from_scope belongs to insert, update or upsert with from_attribute", ["from_scope"]);
  }
}

/** As the Collector's resource processor: enriches every resource. */
export const resourceConfig = z.strictObject({
  attributes: z
    .array(z.strictObject(actionShape).superRefine(checkAction))
    .default([])
    .describe("Actions on every resource, in order."),
});

/** As the Collector's attributes processor, with scopes, `rename`, and values taken over from the resource. */
export const attributesConfig = z.strictObject({
  actions: z
    .array(
      z
        .strictObject({
          ...actionShape,
          from_scope: z
            .enum(["own", "resource"])
            .default("own")
            .describe("`resource` takes `from_attribute` from the span's resource."),
          scopes: z
            .array(z.enum(ATTRIBUTE_SCOPES).exclude(["resource"]))
            .min(1)
            .default(["span"])
            .describe("Whose attributes are changed."),
        })
        .superRefine(checkAction),
    )
    .default([])
    .describe("Actions on spans and what is in them, in order, after those on resources."),
});

/** As the Collector's groupbyattrs processor: span attributes that belong to the resource are moved there. */
export const groupByAttributesConfig = z.strictObject({
  keys: z
    .array(z.string().min(1))
    .default([])
    .describe("Span attributes that become resource attributes; spans with different values get different resources."),
});

export type ResourceConfig = z.infer<typeof resourceConfig>;
export type AttributesConfig = z.infer<typeof attributesConfig>;
export type GroupByAttributesConfig = z.infer<typeof groupByAttributesConfig>;
export type AttributeActionConfig = ResourceConfig["attributes"][number];
