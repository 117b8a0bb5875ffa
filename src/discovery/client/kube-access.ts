import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { PermanentError } from "../../component/errors.ts";
import { reasonOf } from "../../component/reasons.ts";
import { asArray, asObject, asText, type JsonObject } from "./read-json.ts";

/** Where a Kubernetes API server is and what to show it. */
export interface KubeAccess {
  readonly server: string;
  readonly namespace: string | undefined;
  readonly ca: string | Buffer | undefined;
  readonly cert: string | Buffer | undefined;
  readonly key: string | Buffer | undefined;
  readonly insecureSkipVerify: boolean;
  readonly servername: string | undefined;
  /** Read anew each time: tokens in files are rotated (kubernetes.io, "Bound service account tokens"). */
  readonly token: () => Promise<string | undefined>;
}

const IN_CLUSTER_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Access from within a pod: the API server of the environment, token, CA and namespace of the service account.
 * @throws PermanentError `config_invalid` outside of a cluster
 */
export async function inClusterAccess(environment: Environment, folder = IN_CLUSTER_FOLDER): Promise<KubeAccess> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host || !port) {
    throw new PermanentError(
      "config_invalid",
      "discovery.kubernetes: this is no pod (KUBERNETES_SERVICE_HOST is not set); give kubeconfig, or api_server with token_file",
    );
  }
  const ca = await readNamed("the service account's CA", `${folder}/ca.crt`);
  const namespace = (await readNamed("the service account's namespace", `${folder}/namespace`)).toString("utf8").trim();
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace,
    ca,
    cert: undefined,
    key: undefined,
    insecureSkipVerify: false,
    servername: undefined,
    token: () => readToken(`${folder}/token`),
  };
}

/** @throws PermanentError `config_invalid` when the file cannot be read or is empty. */
export async function readToken(path: string): Promise<string> {
  const token = (await readNamed("the token", path)).toString("utf8").trim();
  if (token === "") throw new PermanentError("config_invalid", `discovery.kubernetes: the token file ${path} is empty`);
  return token;
}

/**
 * Access as a kubeconfig says (kubernetes.io, "Organizing cluster access"): token, token file or client certificate.
 * Credential plugins (`exec`, `auth-provider`) are programs and are not run.
 * @throws PermanentError `config_invalid` naming the file and what is missing
 */
export async function kubeconfigAccess(path: string, contextName?: string): Promise<KubeAccess> {
  const config = await readYaml(path);
  const fail = (message: string): never => {
    throw new PermanentError("config_invalid", `discovery.kubernetes.kubeconfig: ${path}: ${message}`);
  };
  const wanted = contextName ?? asText(config["current-context"]);
  if (wanted === "") return fail("no current-context; set discovery.kubernetes.context");
  const context = named(config.contexts, wanted, "context");
  if (context === undefined) return fail(`no context "${wanted}"; it has ${names(config.contexts)}`);
  const cluster = named(config.clusters, asText(context.cluster), "cluster");
  if (cluster === undefined) return fail(`context "${wanted}" names no known cluster`);
  const user = named(config.users, asText(context.user), "user") ?? {};
  if (user.exec !== undefined || user["auth-provider"] !== undefined) {
    return fail(
      `user "${asText(context.user)}" needs a credential plugin, which is not run; use a token or a certificate`,
    );
  }
  const server = asText(cluster.server);
  if (!URL.canParse(server)) return fail(`the cluster's server is ${JSON.stringify(server)}; expected a URL`);
  const material = (holder: JsonObject, key: string) => {
    const data = asText(holder[`${key}-data`]);
    const file = asText(holder[key]);
    if (data !== "") return Buffer.from(data, "base64");
    return file === "" ? undefined : readNamed(key, resolve(dirname(path), file));
  };
  const token = asText(user.token);
  const tokenFile = asText(user.tokenFile);
  return {
    server,
    namespace: asText(context.namespace) || undefined,
    ca: await material(cluster, "certificate-authority"),
    cert: await material(user, "client-certificate"),
    key: await material(user, "client-key"),
    insecureSkipVerify: cluster["insecure-skip-tls-verify"] === true,
    servername: asText(cluster["tls-server-name"]) || undefined,
    token: async () => {
      if (token !== "") return token;
      return tokenFile === "" ? undefined : readToken(resolve(dirname(path), tokenFile));
    },
  };
}

async function readYaml(path: string): Promise<JsonObject> {
  const { parse } = await import("yaml");
  const bytes = await readNamed("kubeconfig", path);
  try {
    return asObject(parse(bytes.toString("utf8")));
  } catch (cause) {
    throw new PermanentError("config_invalid", `discovery.kubernetes.kubeconfig: ${path}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function named(list: unknown, name: string, key: string): JsonObject | undefined {
  const entry = asArray(list).find((item) => asText(asObject(item).name) === name);
  return entry === undefined ? undefined : asObject(asObject(entry)[key]);
}

function names(list: unknown): string {
  return (
    asArray(list)
      .map((item) => asText(asObject(item).name))
      .join(", ") || "none"
  );
}

async function readNamed(what: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new PermanentError("config_invalid", `discovery.kubernetes: cannot read ${what}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}
