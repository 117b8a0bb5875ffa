/**
 * What a span's attributes say by OpenTelemetry's semantic conventions: the names of today first, then those before
 * them. An attribute that is not there is undefined; values are texts as they are shown.
 */
export type ReadAttribute = (key: string) => string | undefined;

export interface HttpFacts {
  readonly system: "http";
  readonly method: string;
  readonly route: string;
  readonly path: string;
  readonly url: string;
  readonly status: string;
  readonly server: string;
}

export interface DatabaseFacts {
  readonly system: "database";
  readonly product: string;
  readonly operation: string;
  readonly collection: string;
  readonly namespace: string;
  readonly query: string;
  readonly status: string;
  readonly server: string;
}

export interface RpcFacts {
  readonly system: "rpc";
  readonly product: string;
  readonly service: string;
  readonly method: string;
  readonly status: string;
  readonly server: string;
}

export interface MessagingFacts {
  readonly system: "messaging";
  readonly product: string;
  readonly operation: string;
  readonly destination: string;
  readonly server: string;
}

export interface GenAiFacts {
  readonly system: "genai";
  readonly product: string;
  readonly operation: string;
  /** What answered, or was asked. */
  readonly model: string;
  readonly tool: string;
  readonly inputTokens: string;
  readonly outputTokens: string;
}

export type SpanFacts = HttpFacts | DatabaseFacts | RpcFacts | MessagingFacts | GenAiFacts;

/** Each fact's attributes, in the order in which they are believed. */
export const FACT_KEYS = {
  method: ["http.request.method", "http.method"],
  status: ["http.response.status_code", "http.status_code"],
  route: ["http.route"],
  path: ["url.path", "http.target"],
  url: ["url.full", "http.url"],
  server: ["server.address", "net.peer.name", "http.host"],
  database: ["db.system.name", "db.system"],
  dbOperation: ["db.operation.name", "db.operation"],
  dbCollection: ["db.collection.name", "db.sql.table", "db.mongodb.collection", "db.cassandra.table"],
  dbNamespace: ["db.namespace", "db.name"],
  dbQuery: ["db.query.text", "db.statement"],
  dbSummary: ["db.query.summary"],
  dbStatus: ["db.response.status_code"],
  rpc: ["rpc.system.name", "rpc.system"],
  rpcService: ["rpc.service"],
  rpcMethod: ["rpc.method"],
  rpcStatus: ["rpc.response.status_code", "rpc.grpc.status_code"],
  messaging: ["messaging.system"],
  messagingOperation: ["messaging.operation.name", "messaging.operation.type", "messaging.operation"],
  destination: ["messaging.destination.name", "messaging.destination"],
  genAi: ["gen_ai.provider.name", "gen_ai.system"],
  genAiOperation: ["gen_ai.operation.name"],
  genAiModel: ["gen_ai.response.model", "gen_ai.request.model"],
  genAiTool: ["gen_ai.tool.name"],
  inputTokens: ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"],
  outputTokens: ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/**
 * What kind of work the span says it is, undefined where it says none. A call of a model or a database that goes over
 * HTTP is the former: the rarer convention says more.
 */
export function spanFacts(read: ReadAttribute): SpanFacts | undefined {
  const of = (name: keyof typeof FACT_KEYS): string => {
    for (const key of FACT_KEYS[name]) {
      const value = read(key);
      if (value !== undefined && value !== "") return value;
    }
    return "";
  };
  return genAiFacts(of) ?? databaseFacts(of) ?? messagingFacts(of) ?? rpcFacts(of) ?? httpFacts(of);
}

type Of = (name: keyof typeof FACT_KEYS) => string;

function genAiFacts(of: Of): GenAiFacts | undefined {
  const [product, operation, model, tool] = [of("genAi"), of("genAiOperation"), of("genAiModel"), of("genAiTool")];
  if (product === "" && operation === "" && model === "") return undefined;
  const tokens = { inputTokens: of("inputTokens"), outputTokens: of("outputTokens") };
  return { system: "genai", product, operation, model, tool, ...tokens };
}

function databaseFacts(of: Of): DatabaseFacts | undefined {
  const [product, query] = [of("database"), of("dbQuery")];
  if (product === "" && query === "") return undefined;
  const said = queryWords(of("dbSummary") || query);
  return {
    system: "database",
    product,
    operation: of("dbOperation") || said.verb,
    collection: of("dbCollection") || said.table,
    namespace: of("dbNamespace"),
    query,
    status: of("dbStatus"),
    server: of("server"),
  };
}

function messagingFacts(of: Of): MessagingFacts | undefined {
  const product = of("messaging");
  if (product === "") return undefined;
  const place = { operation: of("messagingOperation"), destination: of("destination") };
  return { system: "messaging", product, ...place, server: of("server") };
}

function rpcFacts(of: Of): RpcFacts | undefined {
  const [product, method] = [of("rpc"), of("rpcMethod")];
  if (product === "" && method === "") return undefined;
  return { system: "rpc", product, service: of("rpcService"), method, status: of("rpcStatus"), server: of("server") };
}

function httpFacts(of: Of): HttpFacts | undefined {
  const [method, status, url] = [of("method"), of("status"), of("url")];
  if (method === "" && status === "") return undefined;
  const path = of("path") || pathOf(url);
  return { system: "http", method, route: of("route"), path, url, status, server: of("server") };
}

/** The path of a URL or of a request target, without its query. */
function pathOf(url: string): string {
  const match = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url);
  return match === null ? "" : match[1] || "/";
}

/** So much of a statement is looked at. */
const READ = 2_000;
const NAME = /(?:[`"[]?[\w$-]+[`"\]]?\.){0,3}[`"[]?[\w$-]+[`"\]]?/;
const TABLE = new RegExp(
  `\\b(?:FROM|INTO|UPDATE|JOIN|TABLE)\\s+(?:ONLY\\s+|IF\\s+(?:NOT\\s+)?EXISTS\\s+)?(${NAME.source})`,
  "i",
);

/** The verb of a SQL statement and the first table that it names; empty for what is no SQL. */
export function queryWords(statement: string): { readonly verb: string; readonly table: string } {
  const text = statement.slice(0, READ).replace(/^(?:\s|--[^\n]*\n|\/\*.*?\*\/)+/s, "");
  const verb =
    /^(select|insert|update|delete|merge|replace|upsert|with|create|alter|drop|truncate|call|exec(?:ute)?|begin|commit|rollback|explain|set|show|use|pragma|copy|grant|vacuum)\b/i.exec(
      text,
    )?.[1];
  if (verb === undefined) return { verb: "", table: "" };
  const table = TABLE.exec(text)?.[1] ?? "";
  return { verb: verb.toUpperCase(), table: table.replace(/[`"[\]]/g, "") };
}
