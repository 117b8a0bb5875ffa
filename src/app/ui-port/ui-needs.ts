import type { Need, NeedOf } from "../../component/access.ts";
import { OWN_PATH, withSlash } from "./base-path.ts";
import { LOGIN_PATHS } from "./lead-to-login.ts";

/** How the collector is, for probes; at the root too, as they know nothing of a base path. */
const HEALTH: readonly string[] = ["/healthz", "/readyz"];

/**
 * What requests on the UI port need, by what stands below the base path. What is not named here is reading, whatever
 * it is: a new route is closed. What needs nothing has to be asked for to the letter; what needs more than reading is
 * found however it is written.
 */
export function uiNeeds(basePath: string): NeedOf {
  const bases = new Set(["/", withSlash(basePath), `/${OWN_PATH}`, withSlash(basePath) + OWN_PATH]);
  const below = (paths: readonly string[]) =>
    new Set([...bases].flatMap((base) => paths.map((path) => base + path.slice(1))));
  const [health, login] = [below(HEALTH), below(LOGIN_PATHS)];
  return (method, path) => {
    const reads = method === "GET" || method === "HEAD";
    if ((reads && health.has(path)) || ((reads || method === "POST") && login.has(path))) return "nothing";
    const plain = plainPath(path);
    return [...bases].map((base) => needBelow(method, plain, base.toLowerCase())).find((need) => need !== READ) ?? READ;
  };
}

const READ: Need = ["read"];
const ADMIN: Need = ["admin"];
const REGISTRY: Need = ["registry"];
const STATUS: Need = ["read", "admin"];
const LOOK_UP: Need = ["read", "registry"];

function needBelow(method: string, path: string, base: string): Need {
  if (!path.startsWith(base)) return READ;
  const below = path.slice(base.length);
  if (/^api\/ui\/admin(?:\/|$)/.test(below)) return ADMIN;
  // What maintenance asks first: whether this is the collector that has the data.
  if (below === "api/ui/status") return STATUS;
  if (!/^api\/registry(?:\/|$)/.test(below)) return READ;
  return method === "GET" || method === "HEAD" ? LOOK_UP : REGISTRY;
}

/** As a lenient router might read it. */
function plainPath(path: string): string {
  let text = path;
  try {
    text = decodeURIComponent(path);
  } catch {
    // No router decodes it either.
  }
  return text.toLowerCase().replace(/\/{2,}/g, "/");
}
