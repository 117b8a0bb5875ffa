import type { LookupAddress } from "node:dns";
import { describe, expect, it } from "vitest";
import { guardedLookup, isLinkLocal, LinkLocalError } from "./link-local.ts";

it.each([
  "169.254.169.254",
  "169.254.0.1",
  "::ffff:169.254.169.254",
  "::ffff:a9fe:a9fe",
  "[fe80::1]",
  "fe80::1%eth0",
  "febf::1",
  "FE80::A",
  "fd00:ec2::254",
  "[fd00:ec2::254]",
  "100.100.100.200",
  "::ffff:100.100.100.200",
])("%s is refused", (host) => expect(isLinkLocal(host)).toBe(true));

it.each([
  "127.0.0.1",
  "10.0.0.1",
  "169.253.1.1",
  "fec0::1",
  "::1",
  "fd00::1",
  "collector",
  "169.254.example",
  "localhost",
])("%s is not", (host) => expect(isLinkLocal(host)).toBe(false));

function resolved(addresses: readonly string[], all: boolean): Promise<unknown> {
  const lookup = guardedLookup("nobody goes there", (_name, _options, callback) => {
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  });
  return new Promise((resolve, reject) => {
    lookup("backend", { all }, (error, address) => (error ? reject(error) : resolve(address)));
  });
}

describe("guardedLookup", () => {
  it("leaves out link-local addresses", async () => {
    expect(await resolved(["169.254.169.254", "10.0.0.1", "fe80::1"], true)).toEqual([
      { address: "10.0.0.1", family: 4 },
    ]);
    expect(await resolved(["fe80::1", "::1"], false)).toBe("::1");
  });

  it("refuses a name that has no other", async () => {
    const none = resolved(["169.254.169.254", "fe80::1"], true);
    await expect(none).rejects.toThrow(LinkLocalError);
    await expect(none).rejects.toThrow("backend (169.254.169.254, fe80::1) is a link-local address; nobody goes there");
  });

  it("hands on the resolver's error", async () => {
    const lookup = guardedLookup("nobody goes there", (_name, _options, callback) =>
      callback(new Error("ENOTFOUND"), []),
    );
    await expect(
      new Promise((resolve, reject) => lookup("x", {}, (error) => (error ? reject(error) : resolve(0)))),
    ).rejects.toThrow("ENOTFOUND");
  });
});
