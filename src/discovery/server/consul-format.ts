import type { CheckState, CheckStatus, LocalRecord } from "../instance/local-record.ts";
import { formatDuration } from "./duration.ts";

/** The collector, as the node that Consul's answers name. */
export interface ConsulNode {
  readonly name: string;
  readonly address: string;
  readonly datacenter: string;
}

/** Entry of /v1/health/service and /v1/health/connect. */
export function healthEntry(record: LocalRecord, node: ConsulNode): object {
  return { Node: nodeOf(node, record), Service: serviceOf(record), Checks: checksOf(record, node) };
}

/** Entry of /v1/agent/services. */
export function agentService(record: LocalRecord, node: ConsulNode): object {
  const { CreateIndex: _c, ModifyIndex: _m, ...service } = serviceOf(record);
  return { ...service, EnableTagOverride: false, Datacenter: node.datacenter };
}

/** Entry of /v1/catalog/service/:name. */
export function catalogEntry(record: LocalRecord, node: ConsulNode): object {
  const { instance } = record;
  return {
    ...nodeOf(node, record),
    ServiceID: instance.id,
    ServiceName: instance.name,
    ServiceAddress: instance.host,
    ServicePort: instance.port,
    ServiceTags: instance.tags,
    ServiceMeta: metaOf(record),
    ServiceWeights: weightsOf(record),
    ServiceEnableTagOverride: false,
  };
}

/** Entry of /v1/catalog/nodes. */
export function catalogNode(node: ConsulNode): object {
  return { ...nodeFields(node), CreateIndex: 1, ModifyIndex: 1 };
}

/** The worst that a check of the records says. */
export function aggregateStatus(records: readonly LocalRecord[]): Exclude<CheckStatus, "unknown"> {
  const statuses = new Set(records.flatMap(({ checks }) => checks.map(statusOf)));
  if (statuses.has("critical")) return "critical";
  return statuses.has("warning") ? "warning" : "passing";
}

/** Consul has no word for not checked yet: critical is what it starts with. */
function statusOf({ status }: CheckState): Exclude<CheckStatus, "unknown"> {
  return status === "unknown" ? "critical" : status;
}

export function checksOf(record: LocalRecord, node: ConsulNode) {
  return record.checks.map((check) => checkOf(record, check, node));
}

function nodeOf(node: ConsulNode, record: LocalRecord) {
  return { ...nodeFields(node), CreateIndex: record.createIndex, ModifyIndex: record.modifyIndex };
}

function nodeFields(node: ConsulNode) {
  return {
    ID: "",
    Node: node.name,
    Address: node.address,
    Datacenter: node.datacenter,
    TaggedAddresses: { lan: node.address, wan: node.address },
    Meta: {},
  };
}

function serviceOf(record: LocalRecord) {
  const { instance } = record;
  return {
    ID: instance.id,
    Service: instance.name,
    Tags: instance.tags,
    Address: instance.host,
    Meta: metaOf(record),
    Port: instance.port,
    Weights: weightsOf(record),
    CreateIndex: record.createIndex,
    ModifyIndex: record.modifyIndex,
  };
}

function metaOf({ instance }: LocalRecord): Record<string, string> {
  return { ...instance.metadata, ...(instance.zone === undefined ? {} : { zone: instance.zone }) };
}

function weightsOf({ instance }: LocalRecord) {
  return { Passing: Math.round(instance.weight), Warning: 1 };
}

function checkOf(record: LocalRecord, check: CheckState, node: ConsulNode) {
  const { instance } = record;
  return {
    Node: node.name,
    CheckID: check.id,
    Name: check.name,
    Status: statusOf(check),
    Notes: "",
    Output: check.output,
    ServiceID: instance.id,
    ServiceName: instance.name,
    ServiceTags: instance.tags,
    Type: check.spec === undefined ? "ttl" : check.spec.type,
    Interval: check.spec?.intervalMs === undefined ? "" : formatDuration(check.spec.intervalMs),
    Timeout: check.spec?.timeoutMs === undefined ? "" : formatDuration(check.spec.timeoutMs),
    Definition: {},
    CreateIndex: record.createIndex,
    ModifyIndex: record.modifyIndex,
  };
}
