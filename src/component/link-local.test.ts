import { expect, it } from "vitest";
import { isLinkLocal } from "./link-local.ts";

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
