import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { HealthCheckSpec } from "../../component/discovery.ts";
import { reasonOf } from "../../component/reasons.ts";
import { LinkLocalError } from "../../model/net/link-local.ts";
import { authority } from "../instance/instance.ts";
import { probeGrpc } from "./grpc-probe.ts";
import type { ProbeOptions, ProbeResult } from "./probe-result.ts";
import { assertAllowed, targetLookup } from "./target-guard.ts";

/** Statuses of a server that may be well again soon; 429 and 503 are what an overloaded one says. */
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Of an answer's body, kept to show. */
const MAX_OUTPUT = 256;

/** One check. Never rejects; ends when the signal aborts, which counts as a timeout. */
export async function probe(spec: HealthCheckSpec, options: ProbeOptions, signal: AbortSignal): Promise<ProbeResult> {
  try {
    switch (spec.type) {
      case "http":
        return await probeHttp(spec, options, signal);
      case "tcp":
        return await probeTcp(spec, options, signal);
      case "grpc":
        return await probeGrpc(spec, options, signal);
    }
  } catch (error) {
    if (signal.aborted) return { ok: false, output: "no answer in time", final: false };
    // Refused means that nothing listens: the process is gone, which is what checks are for.
    const code = (error as { code?: unknown }).code;
    const final = error instanceof LinkLocalError || code === "ECONNREFUSED";
    return { ok: false, output: reasonOf(error), final };
  }
}

/** 2xx passes. Redirects are not followed: they would lead to targets that nobody configured. */
function probeHttp(
  spec: HealthCheckSpec & { type: "http" },
  { allowLinkLocal, userAgent, showAnswers = false }: ProbeOptions,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const url = new URL(spec.url);
  assertAllowed(url.hostname, allowLinkLocal);
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: spec.method ?? "GET",
      headers: { "user-agent": `${userAgent} health check`, accept: "*/*", ...spec.headers },
      // A connection of its own: a kept one would say nothing about new clients.
      agent: false,
      lookup: targetLookup(allowLinkLocal, spec.isForeign),
      signal,
    });
    request.on("error", reject);
    request.on("response", (response) => {
      readStart(response, (text) => {
        request.destroy();
        resolve(httpResult(response.statusCode ?? 0, showAnswers ? text : "", response.headers.location));
      });
    });
    request.end();
  });
}

function httpResult(status: number, text: string, location: string | undefined): ProbeResult {
  const output = `HTTP ${status}${text === "" ? "" : `: ${text}`}`;
  if (status >= 200 && status < 300) return { ok: true, output };
  const redirect = status >= 300 && status < 400 && location !== undefined;
  return {
    ok: false,
    output: redirect ? `HTTP ${status}: redirects are not followed` : output,
    final: !TRANSIENT_STATUS.has(status),
  };
}

function readStart(response: IncomingMessage, done: (text: string) => void): void {
  let text = "";
  response.setEncoding("utf8");
  const finish = (): void => done(text.slice(0, MAX_OUTPUT).trim());
  response.on("data", (chunk: string) => {
    text += chunk;
    if (text.length >= MAX_OUTPUT) finish();
  });
  response.on("end", finish).on("error", finish);
}

/** An accepted connection passes; nothing is sent. */
function probeTcp(
  { host, port, isForeign }: HealthCheckSpec & { type: "tcp" },
  { allowLinkLocal }: ProbeOptions,
  signal: AbortSignal,
): Promise<ProbeResult> {
  assertAllowed(host, allowLinkLocal);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup: targetLookup(allowLinkLocal, isForeign), signal });
    socket.on("error", reject);
    socket.on("connect", () => {
      socket.destroy();
      resolve({ ok: true, output: `TCP connect ${authority(host, port)}: success` });
    });
  });
}
