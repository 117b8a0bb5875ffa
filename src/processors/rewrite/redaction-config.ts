import { z } from "zod";
import { ATTRIBUTE_SCOPES } from "./attribute-walk.ts";
import { DEFAULT_REPLACEMENT } from "./redaction-defaults.ts";
import { patternFault } from "./safe-pattern.ts";

const REDACTION_FIELDS = ["span_name", "status_message", "event_name"] as const;
export type RedactionField = (typeof REDACTION_FIELDS)[number];

const ruleConfig = z
  .strictObject({
    name: z.string().min(1).optional().describe("Label in metrics; `rules[0]` and so on where left out."),
    keys: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        "Globs over attribute keys, whatever their case: `*` for any run of characters, `?` for one. Keys inside key-value lists count too, and so do older and newer names of the same attribute.",
      ),
    value_pattern: z
      .string()
      .min(1)
      .max(1_000)
      .optional()
      .describe(
        "Regular expression; the parts of strings and numbers that match are redacted, inside lists too. With `keys`, only there. Patterns that could take for ever are refused.",
      ),
    ignore_case: z.boolean().default(false).describe("Whether `value_pattern` takes upper and lower case alike."),
    action: z
      .enum(["drop", "hash", "mask"])
      .describe(
        "`drop` removes the attribute, list item or field that holds the match; `hash` writes `sha256:` and the keyed hash; `mask` writes `replacement`.",
      ),
    replacement: z
      .string()
      .max(256)
      .optional()
      .describe(`What \`mask\` writes; \`${DEFAULT_REPLACEMENT}\` where left out.`),
    scopes: z
      .array(z.enum(ATTRIBUTE_SCOPES))
      .min(1)
      .default([...ATTRIBUTE_SCOPES])
      .describe("Whose attributes."),
    fields: z
      .array(z.enum(REDACTION_FIELDS))
      .default([])
      .describe("Texts beside attributes that `value_pattern` looks at."),
  })
  .superRefine((rule, context) => {
    const issue = (message: string, path: string[] = []): void => context.addIssue({ code: "custom", message, path });
    if (rule.keys === undefined && rule.value_pattern === undefined)
      issue("a rule has keys, value_pattern or both; found neither");
    if (rule.fields.length > 0 && rule.value_pattern === undefined)
      issue("fields are searched by value_pattern, which is missing", ["fields"]);
    if (rule.replacement !== undefined && rule.action !== "mask") {
      issue(`replacement belongs to action mask, and this rule's action is ${rule.action}`, ["replacement"]);
    }
    if (rule.value_pattern === undefined) return;
    const fault = patternFault(rule.value_pattern, rule.ignore_case ? "ui" : "u");
    if (fault !== undefined) {
      issue(fault, ["value_pattern"]);
      return;
    }
    const replacement = rule.replacement ?? DEFAULT_REPLACEMENT;
    const again = replacement.replace(
      new RegExp(rule.value_pattern, rule.ignore_case ? "gui" : "gu"),
      () => replacement,
    );
    if (rule.action === "mask" && again !== replacement) {
      issue("matches its own replacement, so that masking twice would grow the text", ["value_pattern"]);
    }
  });

/** Redaction before the commit: what it removes never reaches the disk. */
export const redactionConfig = z
  .strictObject({
    rules: z.array(ruleConfig).default([]).describe("Run one after the other, before everything else."),
    salt: z
      .string()
      .min(16)
      .optional()
      .describe(
        "Key of the hashes, at least 16 characters; needed by rules that hash. The same salt gives the same hash in every collector.",
      ),
    max_text_chars: z
      .int()
      .min(512)
      .max(65_536)
      .default(4_096)
      .describe("Longest text that `value_pattern` looks through; what is beyond is cut off, never stored unseen."),
  })
  .superRefine((config, context) => {
    const hashing = config.rules.findIndex((rule) => rule.action === "hash");
    if (hashing === -1 || config.salt !== undefined) return;
    context.addIssue({
      code: "custom",
      message: `rules[${hashing}] hashes and needs a salt: a text of at least 16 characters that nobody else knows`,
      path: ["salt"],
    });
  });

export type RedactionConfig = z.infer<typeof redactionConfig>;
export type RedactionRuleConfig = z.infer<typeof ruleConfig>;
