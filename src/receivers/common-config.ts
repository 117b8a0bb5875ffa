import { z } from "zod";

/** What every receiver's config has beside its own keys; the application reads it. Spread the shape into a strict object. */
export const receiverCommonConfig = {
  enabled: z.boolean().default(true).describe("`false` turns this receiver off."),
};
