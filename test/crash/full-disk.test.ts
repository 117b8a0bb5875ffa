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

function send(): Promise<Response> {
  const body = incompressible(nextId, 10, 4_000);
  nextId += 10;
  const headers = { "content-type": "application/x-protobuf" };
  return fetch((collector as CollectorProcess).otlpHttp, { method: "POST", headers, body });
}

/** Sends until a request is refused; how many were taken, and the refusal. */
async function fill(): Promise<{ readonly taken: number; readonly refused: Response }> {
  for (let taken = 0; ; taken++) {
    const response = await send();
    if (!response.ok) return { taken, refused: response };
    await response.arrayBuffer();
    if (taken > (DISK_MIB * MIB) / 10_000) throw new Error("the disk takes more than it can hold");
  }
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
  ] as const)("%s: senders are told to wait, queries go on, and it recovers by itself", async (_, reserveMib) => {
    const ballast = join(disk, "ballast");
    writeFileSync(ballast, Buffer.alloc(BALLAST_MIB[reserveMib] * MIB, 1));
    const settings = [`storage.min_free_mebibytes=${reserveMib}`];
    collector = await startCollectorProcess(join(disk, "data"), settings);
    const running = collector;
    const { taken, refused } = await fill();
    expect(taken).toBeGreaterThan(5);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    // With a reserve nothing is ever met by a full disk.
    if (reserveMib > 0) expect(statfsSync(disk).bavail).toBeGreaterThan(0);

    const client = grpcClient(running.otlpGrpc);
    const answer = await grpcCall(client, EXPORT_PATH, incompressible(nextId, 10, 4_000));
    client.close();
    nextId += 10;
    expect(answer.error?.code).toBe(status.UNAVAILABLE);
    // google.rpc.RetryInfo, as OTLP asks for.
    const details = answer.error?.metadata.get("grpc-status-details-bin")[0] as Buffer;
    expect(details.toString("latin1")).toContain("google.rpc.RetryInfo");

    expect(await storedSpans()).toBe(taken * 10);
    expect(running.child.exitCode).toBeNull();

    rmSync(ballast);
    const freed = performance.now();
    let more = 0;
    await eventually("spans are taken again", async () => {
      const { ok } = await send();
      if (ok) more += 10;
      return ok;
    });
    expect(performance.now() - freed).toBeLessThan(5_000);
    expect(await storedSpans()).toBe(taken * 10 + more);

    expect(await running.end("SIGTERM")).toBe(0);
    collector = await startCollectorProcess(join(disk, "data"), settings);
    expect(await storedSpans()).toBe(taken * 10 + more);
  });
});
