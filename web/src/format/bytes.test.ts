import { expect, it } from "vitest";
import { formatBytes } from "./bytes.ts";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "0.98 KiB"],
  [50_647_040, "48.3 MiB"],
  [10 * 1024 ** 3, "10 GiB"],
  [5000 * 1024 ** 4, "5000 TiB"],
])("%d reads %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
