import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type CollectorProcess, startCollectorProcess } from "../support/collector-process.ts";
import { eventually } from "../support/eventually.ts";
import { EXPORT_PATH, grpcCall, grpcClient } from "../support/receiver-rig.ts";
import { describeWhere } from "../support/requires.ts";
import { incompressible } from "../support/storage/batches.ts";

/** A disk of its own takes the right to mount one, which only root has. */
const canMount = (() => {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-mount-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]).status === 0;
  if (mounted) spawnSync("umount", [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
})();
const DISK_MIB = 96;
/** Less for the commits, so that the test is short; the reserve has to hold what a checkpoint writes, up to 20 MiB. */
const BALLAST_MIB = { 0: 76, 32: 24 } as const;
const MIB = 1024 * 1024;

let disk: string;
let collector: CollectorProcess | undefined;
let nextId = 1;

beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), "spanloom-disk-"));
  if (canMount) spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", disk]);
});
afterEach(async () => {
  await collector?.end("SIGKILL");
  collector = undefined;
  if (canMount) spawnSync("umount", ["-l", disk]);
  rmSync(disk, { recursive: true });
});

/** A request of ten spans that no other request has. */
function body(): Uint8Array<ArrayBuffer> {
  nextId += 10;
  return incompressible(nextId - 10, 10, 4_000);
}

async function send(): Promise<Response> {
  const headers = { "content-type": "application/x-protobuf" };
  const response = await fetch((collector as CollectorProcess).otlpHttp, { method: "POST", headers, body: body() });
  await response.arrayBuffer();
  return response;
}

/**
 * Sends until a request is refused: how many were taken, and the refusal. One refusal does not promise another, for a
 * checkpoint between two requests makes room in the write-ahead log.
 */
async function fill<T>(
  ask: () => Promise<T>,
  isRefusal: (answer: T) => boolean,
): Promise<{ readonly taken: number; readonly refusal: T }> {
  for (let taken = 0; taken < (DISK_MIB * MIB) / 10_000; taken++) {
    const refusal = await ask();
    if (isRefusal(refusal)) return { taken, refusal };
  }
  throw new Error("the disk takes more than it can hold");
}

async function storedSpans(): Promise<number> {
  const response = await fetch(
    `${(collector as CollectorProcess).ui}api/traces?service=full&start=1&end=2000000000000000&limit=100000`,
  );
  expect(response.status).toBe(200);
  const { data } = (await response.json()) as { data: readonly { readonly spans: readonly unknown[] }[] };
  return data.reduce((sum, { spans }) => sum + spans.length, 0);
}

describeWhere(canMount, "no disk can be mounted, which takes root", "a full disk", () => {
  it.each([
    ["met by the commits themselves", 0],
    ["seen coming by the reserve", 32],
  ] as const)(
    "%s: senders are told to wait, queries go on, and it recovers by itself",
    async (_, reserveMib) => {
      const ballast = join(disk, "ballast");
      writeFileSync(ballast, Buffer.alloc(BALLAST_MIB[reserveMib] * MIB, 1));
      const settings = [`storage.min_free_mebibytes=${reserveMib}`];
      collector = await startCollectorProcess(join(disk, "data"), settings);
      const running = collector;
      const http = await fill(send, ({ ok }) => !ok);
      expect(http.taken).toBeGreaterThan(5);
      expect(http.refusal.status).toBe(503);
      expect(Number(http.refusal.headers.get("retry-after"))).toBeGreaterThan(0);
      // With a reserve nothing is ever met by a full disk.
      if (reserveMib > 0) expect(statfsSync(disk).bavail).toBeGreaterThan(0);

      const client = grpcClient(running.otlpGrpc);
      const grpc = await fill(
        () => grpcCall(client, EXPORT_PATH, body()),
        ({ error }) => error !== undefined,
      );
      client.close();
      expect(grpc.refusal.error?.code).toBe(status.UNAVAILABLE);
      // google.rpc.RetryInfo, as OTLP asks for.
      const details = grpc.refusal.error?.metadata.get("grpc-status-details-bin")[0] as Buffer;
      expect(details.toString("latin1")).toContain("google.rpc.RetryInfo");

      let stored = (http.taken + grpc.taken) * 10;
      expect(await storedSpans()).toBe(stored);
      expect(running.child.exitCode).toBeNull();

      rmSync(ballast);
      await eventually("spans are taken again", async () => {
        const { ok } = await send();
        if (ok) stored += 10;
        return ok;
      });
      expect(await storedSpans()).toBe(stored);

      expect(await running.end("SIGTERM")).toBe(0);
      collector = await startCollectorProcess(join(disk, "data"), settings);
      expect(await storedSpans()).toBe(stored);
    },
    300_000,
  );
});
