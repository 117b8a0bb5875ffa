import { z } from "zod";

/** What every receiver's config has beside its own keys, for the application. Spread it into a strict object. */
export const receiverCommonConfig = {
  enabled: z.boolean().default(true).describe("`false` turns this receiver off."),
};
