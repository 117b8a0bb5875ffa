import { GRPC_STATUS, grpcStatusName } from "./grpc-status.ts";

/**
 * Attribute keys that the OpenTelemetry semantic conventions renamed, as the "deprecated" notes of their attribute
 * registry say it (opentelemetry.io/docs/specs/semconv/registry/attributes, 1.3x). Senders of every age meet in one
 * store: a search for either name has to find both.
 */
export interface SemconvRename {
  readonly from: string;
  readonly to: string;
  /** Values that changed with the key, old → new; others stay. */
  readonly values?: Readonly<Record<string, string>>;
  /** True where values that are not listed have no counterpart under the new key. */
  readonly listedOnly?: boolean;
  /** True where the new key holds the text of what was an integer. */
  readonly toText?: boolean;
  /** Which spans the rename is for: a server names its peer as client. Absent: all. */
  readonly side?: "client" | "server";
}

const DB_SYSTEMS = {
  adabas: "softwareag.adabas",
  cosmosdb: "azure.cosmosdb",
  db2: "ibm.db2",
  dynamodb: "aws.dynamodb",
  firebird: "firebirdsql",
  h2: "h2database",
  hanadb: "sap.hana",
  informix: "ibm.informix",
  ingres: "actian.ingres",
  intersystems_cache: "intersystems.cache",
  maxdb: "sap.maxdb",
  mssql: "microsoft.sql_server",
  netezza: "ibm.netezza",
  oracle: "oracle.db",
  redshift: "aws.redshift",
  spanner: "gcp.spanner",
} as const;

/** Where several old keys have one new key, the first of them comes first in `aliasesOf`. */
export const SEMCONV_RENAMES: readonly SemconvRename[] = [
  { from: "http.method", to: "http.request.method" },
  { from: "http.status_code", to: "http.response.status_code" },
  { from: "http.url", to: "url.full" },
  { from: "http.scheme", to: "url.scheme" },
  { from: "http.user_agent", to: "user_agent.original" },
  { from: "http.client_ip", to: "client.address" },
  { from: "http.server_name", to: "server.address" },
  { from: "http.resend_count", to: "http.request.resend_count" },
  { from: "http.request_content_length_uncompressed", to: "http.request.body.size" },
  { from: "http.response_content_length_uncompressed", to: "http.response.body.size" },
  {
    from: "http.flavor",
    to: "network.protocol.version",
    values: { "1.0": "1.0", "1.1": "1.1", "2.0": "2", "2": "2", "3.0": "3", "3": "3" },
    listedOnly: true,
  },
  { from: "net.peer.name", to: "server.address", side: "client" },
  { from: "net.peer.name", to: "client.address", side: "server" },
  { from: "net.peer.port", to: "server.port", side: "client" },
  { from: "net.peer.port", to: "client.port", side: "server" },
  { from: "net.host.name", to: "server.address" },
  { from: "net.host.port", to: "server.port" },
  { from: "net.peer.ip", to: "network.peer.address" },
  { from: "net.host.ip", to: "network.local.address" },
  { from: "net.sock.peer.addr", to: "network.peer.address" },
  { from: "net.sock.peer.port", to: "network.peer.port" },
  { from: "net.sock.host.addr", to: "network.local.address" },
  { from: "net.sock.host.port", to: "network.local.port" },
  { from: "net.sock.family", to: "network.type", values: { inet: "ipv4", inet6: "ipv6" }, listedOnly: true },
  {
    from: "net.transport",
    to: "network.transport",
    values: { ip_tcp: "tcp", ip_udp: "udp", pipe: "pipe", unix: "unix" },
    listedOnly: true,
  },
  { from: "net.protocol.name", to: "network.protocol.name" },
  { from: "net.protocol.version", to: "network.protocol.version" },
  { from: "net.app.protocol.name", to: "network.protocol.name" },
  { from: "net.app.protocol.version", to: "network.protocol.version" },
  { from: "net.host.connection.type", to: "network.connection.type" },
  { from: "net.host.connection.subtype", to: "network.connection.subtype" },
  { from: "net.host.carrier.name", to: "network.carrier.name" },
  { from: "net.host.carrier.mcc", to: "network.carrier.mcc" },
  { from: "net.host.carrier.mnc", to: "network.carrier.mnc" },
  { from: "net.host.carrier.icc", to: "network.carrier.icc" },
  { from: "peer.service", to: "service.peer.name" },
  { from: "tls.client.server_name", to: "server.address" },
  { from: "db.system", to: "db.system.name", values: DB_SYSTEMS },
  { from: "db.statement", to: "db.query.text" },
  { from: "db.name", to: "db.namespace" },
  { from: "db.operation", to: "db.operation.name" },
  { from: "db.sql.table", to: "db.collection.name" },
  { from: "db.mongodb.collection", to: "db.collection.name" },
  { from: "db.cassandra.table", to: "db.collection.name" },
  { from: "db.cosmosdb.container", to: "db.collection.name" },
  { from: "db.redis.database_index", to: "db.namespace", toText: true },
  { from: "db.elasticsearch.cluster.name", to: "db.namespace" },
  { from: "db.elasticsearch.node.name", to: "elasticsearch.node.name" },
  { from: "db.cassandra.consistency_level", to: "cassandra.consistency.level" },
  { from: "db.cassandra.coordinator.dc", to: "cassandra.coordinator.dc" },
  { from: "db.cassandra.coordinator.id", to: "cassandra.coordinator.id" },
  { from: "db.cassandra.idempotence", to: "cassandra.query.idempotent" },
  { from: "db.cassandra.page_size", to: "cassandra.page.size" },
  { from: "db.cassandra.speculative_execution_count", to: "cassandra.speculative_execution.count" },
  { from: "db.client.connections.pool.name", to: "db.client.connection.pool.name" },
  { from: "db.client.connections.state", to: "db.client.connection.state" },
  { from: "messaging.destination", to: "messaging.destination.name" },
  {
    from: "messaging.operation",
    to: "messaging.operation.type",
    values: { publish: "send", deliver: "process" },
  },
  { from: "messaging.message_id", to: "messaging.message.id" },
  { from: "messaging.conversation_id", to: "messaging.message.conversation_id" },
  { from: "messaging.message_payload_size_bytes", to: "messaging.message.body.size" },
  { from: "messaging.message.payload_size_bytes", to: "messaging.message.body.size" },
  { from: "messaging.client_id", to: "messaging.client.id" },
  { from: "messaging.kafka.consumer_group", to: "messaging.consumer.group.name" },
  { from: "messaging.kafka.consumer.group", to: "messaging.consumer.group.name" },
  { from: "messaging.eventhubs.consumer.group", to: "messaging.consumer.group.name" },
  { from: "messaging.rocketmq.client_group", to: "messaging.consumer.group.name" },
  { from: "messaging.kafka.partition", to: "messaging.destination.partition.id", toText: true },
  { from: "messaging.kafka.destination.partition", to: "messaging.destination.partition.id", toText: true },
  { from: "messaging.kafka.message.offset", to: "messaging.kafka.offset" },
  { from: "messaging.servicebus.destination.subscription_name", to: "messaging.destination.subscription.name" },
  { from: "rpc.system", to: "rpc.system.name" },
  {
    from: "rpc.grpc.status_code",
    to: "rpc.response.status_code",
    values: Object.fromEntries(Object.values(GRPC_STATUS).map((code) => [String(code), grpcStatusName(code)])),
    listedOnly: true,
  },
  { from: "rpc.connect_rpc.error_code", to: "rpc.response.status_code" },
  { from: "rpc.jsonrpc.error_code", to: "rpc.response.status_code", toText: true },
  { from: "rpc.jsonrpc.request_id", to: "jsonrpc.request.id" },
  { from: "rpc.jsonrpc.version", to: "jsonrpc.protocol.version" },
  { from: "code.function", to: "code.function.name" },
  { from: "code.filepath", to: "code.file.path" },
  { from: "code.lineno", to: "code.line.number" },
  { from: "code.column", to: "code.column.number" },
  { from: "deployment.environment", to: "deployment.environment.name" },
  { from: "container.runtime", to: "container.runtime.name" },
  { from: "faas.execution", to: "faas.invocation_id" },
  { from: "faas.id", to: "cloud.resource_id" },
  { from: "feature_flag.variant", to: "feature_flag.result.variant" },
  { from: "feature_flag.evaluation.reason", to: "feature_flag.result.reason" },
  { from: "feature_flag.provider_name", to: "feature_flag.provider.name" },
  { from: "gen_ai.system", to: "gen_ai.provider.name" },
  { from: "gen_ai.usage.prompt_tokens", to: "gen_ai.usage.input_tokens" },
  { from: "gen_ai.usage.completion_tokens", to: "gen_ai.usage.output_tokens" },
  { from: "az.namespace", to: "azure.resource_provider.namespace" },
  { from: "az.service_request_id", to: "azure.service.request.id" },
  { from: "otel.library.name", to: "otel.scope.name" },
  { from: "otel.library.version", to: "otel.scope.version" },
  { from: "telemetry.auto.version", to: "telemetry.distro.version" },
];

/** A path and its query in one key, later in two: it can be looked for under `url.path` as long as it has no query. */
const TARGET = { from: "http.target", to: "url.path" } as const;

/** A key under which the same fact may stand, and the text it has there. */
export interface AliasedValue {
  readonly key: string;
  readonly value: string;
}

const NONE: readonly never[] = Object.freeze([]);
const BY_OLD = index((rename) => rename.from);
const BY_NEW = index((rename) => rename.to);

function index(keyOf: (rename: SemconvRename) => string): ReadonlyMap<string, readonly SemconvRename[]> {
  const map = new Map<string, SemconvRename[]>();
  for (const rename of SEMCONV_RENAMES) {
    const list = map.get(keyOf(rename));
    if (list === undefined) map.set(keyOf(rename), [rename]);
    else list.push(rename);
  }
  return map;
}

/** The renames of an old key, in order; empty for every other key. */
export function renamesOf(key: string): readonly SemconvRename[] {
  return BY_OLD.get(key) ?? NONE;
}

/**
 * The other keys under which senders of another age put what stands under `key`: the new ones of an old key, the old
 * ones of a new key; without `key` itself. Two old keys of one new key are no aliases of each other.
 */
export function aliasesOf(key: string): readonly string[] {
  const keys = [
    ...(BY_OLD.get(key) ?? NONE).map(({ to }) => to),
    ...(BY_NEW.get(key) ?? NONE).map(({ from }) => from),
    ...(key === TARGET.from ? [TARGET.to] : key === TARGET.to ? [TARGET.from] : NONE),
  ];
  return keys.length === 0 ? NONE : [...new Set(keys)];
}

/**
 * `aliasesOf`, with the text that `value` has under each: `db.system` = `mssql` is `db.system.name` =
 * `microsoft.sql_server`. An alias that cannot hold the value is left out.
 */
export function aliasedValues(key: string, value: string): readonly AliasedValue[] {
  const found: AliasedValue[] = [];
  const add = (alias: string, text: string): void => {
    if (!found.some((one) => one.key === alias && one.value === text)) found.push({ key: alias, value: text });
  };
  for (const rename of BY_OLD.get(key) ?? NONE) {
    const text = renamedValue(rename, value);
    if (text !== undefined) add(rename.to, text);
  }
  for (const rename of BY_NEW.get(key) ?? NONE) {
    const olds = Object.entries(rename.values ?? {}).filter(([, to]) => to === value);
    for (const [old] of olds) add(rename.from, old);
    // Some senders of the new key's time kept an old value, so that it is looked for as it stands, too.
    if (olds.length === 0 && rename.listedOnly !== true) add(rename.from, value);
  }
  if (key === TARGET.from && !value.includes("?")) add(TARGET.to, value);
  if (key === TARGET.to) add(TARGET.from, value);
  return found;
}

/** The text under the new key of what had `value` under the old one; undefined where it has none. */
export function renamedValue(rename: SemconvRename, value: string): string | undefined {
  const listed = rename.values !== undefined && Object.hasOwn(rename.values, value) ? rename.values[value] : undefined;
  return listed ?? (rename.listedOnly === true ? undefined : value);
}
