import { z } from "zod";
import { SCOPES } from "../component/access.ts";
import { networksConfig } from "../component/networks-config.ts";
import { certificateName } from "./certificate-name.ts";
import { parsePasswordHash, tokenDigest, tokenProblem } from "./secrets.ts";

const NAME = z.string().regex(/^[\w.@-]{1,64}$/, "expected a name of letters, digits and . _ @ -");

const scopes = z
  .array(z.enum(SCOPES))
  .min(1)
  .describe(
    "`ingest` sends spans and asks for sampling strategies, `read` reads them, `registry` looks up and registers services, `admin` deletes and resends.",
  );

const limits = {
  requests_per_second: z
    .number()
    .positive()
    .optional()
    .describe("Most requests a second, on average; beyond it senders are told when to come again. Left out: no limit."),
  mebibytes_per_minute: z
    .number()
    .positive()
    .optional()
    .describe("Most MiB a minute as they come over the network, on average. Left out: no limit."),
};

/** The digest takes the token's place here, so that nothing behind the config ever has the token. */
const tokenText = z
  .string()
  .superRefine((token, context) => {
    const problem = tokenProblem(token);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  })
  .transform(tokenDigest)
  .describe("A token that `spanloom token` made, or its `sha256:` text, with which the config holds no secret.");

const passwordText = z
  .string()
  .refine(
    (text) => parsePasswordHash(text) !== undefined,
    "expected the scrypt: text that `spanloom token --user` prints",
  )
  .describe("The `scrypt:` text of a password, which `spanloom token --user NAME` makes.");

/** The `access` section of the config file. Without anybody in it nobody is asked who they are. */
export const accessConfig = z.strictObject({
  tokens: z
    .record(NAME, z.strictObject({ token: tokenText, scopes, ...limits }))
    .default({})
    .describe("Programs, by name. They show the token as `Authorization: Bearer`."),
  users: z
    .record(NAME, z.strictObject({ password: passwordText, scopes }))
    .default({})
    .describe("People, by name, who log in with a password."),
  trusted: z
    .record(
      NAME,
      z.strictObject({
        addresses: networksConfig.min(1).describe("Addresses and networks, `10.0.0.0/8`."),
        listeners: z.array(z.string()).min(1).describe("Settings of listeners, `receivers.zipkin.endpoint`."),
        scopes,
        ...limits,
      }),
    )
    .default({})
    .describe("Peers that are known by their address, for senders that can send no header."),
  certificates: z
    .record(
      NAME,
      z.strictObject({
        names: z
          .array(z.string().min(1))
          .min(1)
          .describe(
            "Names in certificates of clients: DNS name, URI, mail or IP address of its subjectAltName, or its common name where it has none. Case counts in URIs alone.",
          ),
        scopes,
        ...limits,
      }),
    )
    .default({})
    .superRefine((certificates, context) => {
      const seen = new Map<string, string>();
      for (const [entry, { names }] of Object.entries(certificates)) {
        for (const name of names.map(certificateName)) {
          const other = seen.get(name);
          if (other === undefined) seen.set(name, entry);
          else
            context.addIssue({ code: "custom", path: [entry, "names"], message: `${name} is named by ${other} too` });
        }
      }
    })
    .describe(
      "Programs that are known by the certificate that they show, by name. It counts on listeners with tls.client_ca_file, where no token is shown.",
    ),
  proxy_user: z
    .strictObject({
      header: z
        .string()
        .regex(/^[!#$%&'*+.^`|~\w-]+$/, "expected the name of a header")
        .transform((name) => name.toLowerCase())
        .describe("Header with the name of who has logged in at the reverse proxy, `x-forwarded-user`."),
      addresses: networksConfig.min(1).describe("Addresses of the proxies that are believed."),
      scopes,
    })
    .optional()
    .describe("Users that a reverse proxy in front of the web UI has logged in."),
  open_listeners: z
    .array(z.string())
    .default([])
    .describe(
      "Settings of listeners that ask nobody, `receivers.zipkin.endpoint`, for senders that can send no header. Each is warned about.",
    ),
  session_hours: z
    .number()
    .positive()
    .max(24 * 90)
    .default(12)
    .describe("How long somebody who logged in at the web UI stays logged in without asking for anything."),
});
export type AccessConfig = z.output<typeof accessConfig>;

/** Whether the config has anybody who may do something: then everybody else may not. */
export function controlsAccess({ tokens, users, trusted, certificates, proxy_user }: AccessConfig): boolean {
  return (
    [tokens, users, trusted, certificates].some((known) => Object.keys(known).length > 0) || proxy_user !== undefined
  );
}
