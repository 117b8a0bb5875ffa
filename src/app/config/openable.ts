import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { isDiscoverEndpoint } from "../../component/discovery.ts";
import type { Endpoint } from "../../component/endpoint.ts";
import { fileReason } from "../../component/reasons.ts";
import { readRegistryTls, readSettingFile } from "../../discovery/backends/common.ts";
import { kubeconfigAccess } from "../../discovery/client/kube-access.ts";
import type { ClientTlsConfig } from "../../exporters/common-config.ts";
import { readTlsMaterial } from "../../exporters/tls-options.ts";
import { messageOf } from "../../model/message-of.ts";
import { duplicateRoute } from "../../proxy/upstream/router.ts";
import { refuseLinkLocal, targetOf } from "../../proxy/upstream/target.ts";
import { parseEndpoint } from "../../server/endpoint.ts";
import { loadTls, type TlsConfig } from "../../server/tls.ts";
import { RECEIVERS, type ReceiverTable } from "./builtin.ts";
import type { Config } from "./config.ts";
import { type ConfigIssue, pathText } from "./config-error.ts";
import { listenersOf } from "./listener-addresses.ts";

type Path = readonly PropertyKey[];

/**
 * What a collector with this config could not open: certificates, other files, addresses, folders. Nothing is left open
 * or made. A taken port and a data folder in use are none: a collector that runs may have them.
 */
export async function findUnopenable(config: Config, table: ReceiverTable = RECEIVERS): Promise<ConfigIssue[]> {
  const issues: ConfigIssue[] = [];
  /** Messages of the parts begin with the setting. */
  const attempt = async (path: Path, open: () => unknown): Promise<void> => {
    try {
      await open();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const [, named] = /^([\w./[\]-]+): /.exec(message) ?? [];
      issues.push({ path: named === undefined ? path : splitPath(named, path), text: message });
    }
  };
  if (config.storage.kind === "sqlite") {
    const problem = unwritableFolder(config.storage.path);
    if (problem !== undefined) issues.push({ path: ["storage", "path"], text: `storage.path: ${problem}` });
  }
  for (const { path, tls } of serverTls(config)) await attempt(path, () => loadTls(tls, pathText(path)));
  for (const [name, exporter] of Object.entries(config.exporters)) {
    await attempt(["exporters", name, "tls"], () => readTlsMaterial(name, tlsOf(exporter)));
    const path = fileOf(name, exporter);
    const problem = path === undefined ? undefined : unwritableFile(path);
    if (problem !== undefined) {
      issues.push({ path: ["exporters", name, "path"], text: `exporters.${name}.path: ${problem}` });
    }
  }
  for (const [key, path] of foreignUiFiles(config.ui)) {
    await attempt(["ui", key], () => readSettingFile(`ui.${key}`, path));
  }
  await checkRegistry(config.discovery, attempt);
  issues.push(...routeIssues(config.proxy));
  for (const { path, endpoint, derived } of listenersOf(config, table)) {
    if (derived === true) continue;
    const problem = await unusableAddress(parseEndpoint(endpoint) as Endpoint);
    if (problem !== undefined) issues.push({ path, text: `${pathText(path)}: ${problem} (found "${endpoint}")` });
  }
  return issues;
}

/** What has to be there of UIs of others. */
function foreignUiFiles({
  assets_path,
  config_file,
  zipkin_assets_path,
}: Config["ui"]): [string, string | undefined][] {
  const page = (folder: string | undefined) => folder && join(folder, "index.html");
  return [
    ["assets_path", page(assets_path)],
    ["config_file", assets_path === undefined ? undefined : config_file],
    ["zipkin_assets_path", page(zipkin_assets_path)],
  ];
}

/** Every listener's TLS settings. */
function serverTls({ receivers, discovery, proxy, ui }: Config): { path: Path; tls: TlsConfig }[] {
  const found: { path: Path; tls: TlsConfig }[] = [];
  for (const [name, receiver] of Object.entries(receivers)) {
    if (receiver.enabled) found.push(...tlsBelow(receiver, ["receivers", name]));
  }
  const { enabled, tls } = discovery.server;
  if (enabled && tls !== undefined) found.push({ path: ["discovery", "server", "tls"], tls });
  if (proxy.routes.length > 0 && proxy.tls !== undefined) found.push({ path: ["proxy", "tls"], tls: proxy.tls });
  if (ui.tls !== undefined) found.push({ path: ["ui", "tls"], tls: ui.tls });
  return found;
}

/** Of the listeners of a receiver, wherever its type has them; not of those that are off. */
function tlsBelow(node: unknown, path: Path): { path: Path; tls: TlsConfig }[] {
  if (typeof node !== "object" || node === null || Array.isArray(node)) return [];
  if ("enabled" in node && node.enabled === false) return [];
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    const at = [...path, key];
    return key === "tls" && typeof value === "object" && value !== null && "cert_file" in value
      ? [{ path: at, tls: value as TlsConfig }]
      : tlsBelow(value, at);
  });
}

function tlsOf(exporter: unknown): ClientTlsConfig | undefined {
  return (exporter as { readonly tls?: ClientTlsConfig }).tls;
}

function fileOf(name: string, exporter: unknown): string | undefined {
  return /^file(\/|$)/.test(name) ? (exporter as { readonly path: string }).path : undefined;
}

async function checkRegistry(
  { backend, consul, etcd, kubernetes }: Config["discovery"],
  attempt: (path: Path, open: () => unknown) => Promise<void>,
): Promise<void> {
  const path = ["discovery", backend];
  if (backend === "consul") await attempt(path, () => readRegistryTls("discovery.consul.tls", consul.tls));
  if (backend === "etcd") await attempt(path, () => readRegistryTls("discovery.etcd.tls", etcd.tls));
  if (backend !== "kubernetes") return;
  for (const key of ["kubeconfig", "ca_file", "token_file"] as const) {
    await attempt([...path, key], () => readSettingFile(`discovery.kubernetes.${key}`, kubernetes[key]));
  }
  const { kubeconfig, context } = kubernetes;
  if (kubeconfig !== undefined && existsSync(kubeconfig)) {
    await attempt([...path, "kubeconfig"], () => kubeconfigAccess(kubeconfig, context));
  }
}

function routeIssues({ routes, allow_link_local: allowLinkLocal }: Config["proxy"]): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const [at, { ca_file: file, upstream }] of routes.entries()) {
    const path = ["proxy", "routes", at];
    const pair = duplicateRoute(routes.slice(0, at + 1));
    if (pair?.[1] === at) {
      const reason = `takes the same requests as proxy.routes[${pair[0]}]; expected another prefix or host`;
      issues.push({ path, text: `${pathText(path)}: ${reason}` });
    }
    for (const fixed of upstream.filter((text) => !isDiscoverEndpoint(text))) {
      try {
        refuseLinkLocal(targetOf(fixed), { allowLinkLocal, key: pathText(path) });
      } catch (error) {
        issues.push({ path: [...path, "upstream"], text: messageOf(error) });
      }
    }
    const problem = file === undefined ? undefined : noCertificate(file);
    if (problem !== undefined) {
      issues.push({ path: [...path, "ca_file"], text: `${pathText([...path, "ca_file"])}: ${problem}` });
    }
  }
  return issues;
}

function noCertificate(path: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return `cannot read ${path}: ${fileReason(error)}`;
  }
  try {
    new X509Certificate(bytes);
    return undefined;
  } catch (error) {
    return `${path} holds no certificate: ${(error as Error).message.replace(/^error:\w+:/, "")}`;
  }
}

/** Why a folder cannot be used, or made where it is not there. */
function unwritableFolder(path: string): string | undefined {
  const wanted = resolve(path);
  let at = wanted;
  for (;;) {
    const found = statSync(at, { throwIfNoEntry: false });
    if (found === undefined) {
      at = dirname(at);
      continue;
    }
    if (!found.isDirectory()) return `${at} is a file, not a folder`;
    return accessProblem(at, constants.W_OK | constants.X_OK) ?? (at === wanted ? undefined : unmakeable(at, wanted));
  }
}

/** Why nothing can be made in a folder: rights are not all, and root has them everywhere. */
function unmakeable(folder: string, wanted: string): string | undefined {
  try {
    rmdirSync(mkdtempSync(join(folder, ".spanloom-check-")));
    return undefined;
  } catch (error) {
    return `${wanted} cannot be made: ${fileReason(error)}`;
  }
}

function unwritableFile(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return unwritableFolder(dirname(resolve(path)));
  return found.isDirectory() ? `${path} is a folder, not a file` : accessProblem(path, constants.W_OK);
}

function accessProblem(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return `cannot write to ${path}: ${fileReason(error)}`;
  }
}

const ADDRESS_REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not open that port",
  EADDRNOTAVAIL: "that is no address of this machine",
  ENOTFOUND: "the host name cannot be resolved",
  EAI_AGAIN: "the host name cannot be resolved",
};

async function unusableAddress({ host, port }: Endpoint): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
    return undefined;
  } catch (error) {
    return ADDRESS_REASONS[(error as NodeJS.ErrnoException).code ?? ""];
  } finally {
    server.close();
  }
}

/** Names of exporters and receivers may hold dots, so the beginning is taken from a path that is known. */
function splitPath(text: string, known: Path): Path {
  const head = pathText(known);
  return text.startsWith(`${head}.`) ? [...known, ...text.slice(head.length + 1).split(".")] : known;
}
