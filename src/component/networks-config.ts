import { z } from "zod";
import { parseNetwork } from "../model/net/networks.ts";

/** Addresses and networks of a config: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`. */
export const networksConfig = z.array(z.string()).superRefine((value, context) => {
  for (const text of value) {
    if (parseNetwork(text) !== undefined) continue;
    context.addIssue({
      code: "custom",
      message: `${JSON.stringify(text)} is no address or network; expected 10.0.0.7 or 10.0.0.0/8`,
    });
  }
});
