import { expect, it } from "vitest";
import { createRegistryAddress, readRegistryAddress } from "./registry-address.ts";

it("tells an address, or that there is none, to whoever shares the memory", () => {
  const address = createRegistryAddress();
  const shared = structuredClone({ memory: address.memory }).memory;
  expect(readRegistryAddress(shared)).toBe("unknown");
  address.tell("[::1]:8500");
  expect(readRegistryAddress(shared)).toEqual({ address: "[::1]:8500" });
  address.tell(undefined);
  expect(readRegistryAddress(shared)).toBe("none");
  expect(() => address.tell("h".repeat(600))).toThrow(RangeError);
});
