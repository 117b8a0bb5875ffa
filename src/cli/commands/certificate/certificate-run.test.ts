import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkServerIdentity, connect, createServer, type PeerCertificate, type TLSSocket } from "node:tls";
import { Command } from "commander";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { addCertificate } from "./certificate.ts";
import { makeCertificate } from "./certificate-run.ts";

const DAY_MS = 86_400_000;

let folder: string;
const file = (name: string): string => join(folder, "tls", name);
const read = (name: string): Buffer => readFileSync(file(name));
const make = async (more: { name?: readonly string[]; client?: string; days?: number; out?: string } = {}) => {
  const wrote = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await makeCertificate({ out: file(""), name: [], days: 30, json: true, ...more });
    return JSON.parse(String(wrote.mock.calls[0]?.[0]));
  } finally {
    wrote.mockRestore();
  }
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-certificate-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("makes a certificate that clients take for each of its names, from the authority that they were given", async () => {
  const made = await make({ name: ["traces.example.org", "127.0.0.1", "::1"] });
  expect(made).toMatchObject({ cert: file("cert.pem"), key: file("key.pem"), new_authority: true });
  expect(statSync(file("key.pem")).mode & 0o777).toBe(0o600);
  expect(statSync(file("ca-key.pem")).mode & 0o777).toBe(0o600);
  for (const name of ["traces.example.org", "127.0.0.1", "::1"]) {
    expect(await handshake({ ca: read("ca.pem") }, name)).toMatchObject({ authorized: true });
  }
  await expect(handshake({ ca: read("ca.pem") }, "other.example.org")).rejects.toThrow("altnames");
  await expect(handshake({}, "127.0.0.1")).rejects.toThrow(/certificate/);
  const ends = new X509Certificate(read("cert.pem")).validToDate.getTime();
  expect(Math.abs(ends - Date.now() - 30 * DAY_MS)).toBeLessThan(60_000);
  expect(made.valid_until).toBe(new Date(ends).toISOString());
});

it("makes one for a client, which the listener takes and which is none for a listener", async () => {
  await make();
  await make({ client: "checkout" });
  const client = { cert: read("client-checkout.pem"), key: read("client-checkout-key.pem") };
  const asked = { ca: read("ca.pem"), requestCert: true, rejectUnauthorized: true };
  expect(await handshake({ ca: read("ca.pem"), ...client }, "localhost", asked)).toMatchObject({
    authorized: true,
    peer: "CN=checkout",
  });
  expect(new X509Certificate(client.cert).keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
});

it("keeps the authority, so that clients take a renewed certificate as they took the first", async () => {
  await make();
  const [ca, first] = [read("ca.pem"), read("cert.pem")];
  expect(await make()).toMatchObject({ new_authority: false });
  expect(read("ca.pem")).toEqual(ca);
  expect(read("cert.pem")).not.toEqual(first);
  expect(await handshake({ ca }, "localhost")).toMatchObject({ authorized: true });
});

it("leaves alone what is not its own, and says what is in the way", async () => {
  await make();
  await expect(make({ days: 9_999 })).rejects.toThrow(/--days 9999: the authority .*ca\.pem ends before; at most 3649/);
  const [cert, caKey] = [read("cert.pem"), read("ca-key.pem")];
  rmSync(file("ca.pem"));
  await expect(make()).rejects.toThrow(/ca-key\.pem is there and .*ca\.pem is not/);
  rmSync(file("ca-key.pem"));
  await expect(make()).rejects.toThrow(/cert\.pem is there and is not signed by the authority beside it/);
  expect(read("cert.pem")).toEqual(cert);
  writeFileSync(file("ca-key.pem"), caKey);
  await expect(make()).rejects.toThrow(/ca-key\.pem is not the key of the authority in .*ca\.pem/);
  writeFileSync(file("ca.pem"), "nothing\n");
  await expect(make()).rejects.toThrow(/ca\.pem: expected a certificate in PEM/);
});

it("says that a folder cannot be made, also where the file system says that it is not there", async () => {
  await expect(make({ out: "/proc/none/tls" })).rejects.toThrow("cannot make the folder /proc/none/tls: ");
});

it.each(["0", "3651", "99999999999", "1e3", "-1"])("takes no --days %s", async (days) => {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addCertificate(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  const parsed = program.parseAsync(["node", "spanloom", "certificate", "--out", file("none"), "--days", days]);
  await expect(parsed).rejects.toThrow("from 1 to 3650");
});

/** A connection to a listener with the certificate that was made. */
async function handshake(client: object, host: string, server: object = {}) {
  const listener = createServer({ cert: read("cert.pem"), key: read("key.pem"), ...server });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "secureConnection");
  accepted.catch(() => {});
  const servername = /[:\d]$/.test(host) ? "" : host;
  // The name that the client means, whatever address the listener has.
  const checked = (_: string, cert: PeerCertificate) => checkServerIdentity(host, cert);
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", ...client, servername, checkServerIdentity: checked });
  try {
    await once(socket, "secureConnect");
    const [peer] = (await accepted) as [TLSSocket];
    const subject = peer.getPeerX509Certificate()?.subject;
    peer.destroy();
    return { authorized: socket.authorized, peer: subject };
  } finally {
    socket.destroy();
    listener.close();
  }
}
