import { z } from "zod";

export const semconvConfig = z.strictObject({
  rewrite: z
    .enum(["none", "latest"])
    .default("none")
    .describe(
      "`latest` stores attributes under the names that the semantic conventions have now. Searches find both names either way.",
    ),
});

export type SemconvConfig = z.infer<typeof semconvConfig>;
