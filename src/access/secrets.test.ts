import { expect, it } from "vitest";
import { hashPassword, isPassword, makeToken, parsePasswordHash, tokenDigest, tokenProblem } from "./secrets.ts";

it("makes tokens that it takes, and keeps their SHA-256", () => {
  const token = makeToken();
  expect(tokenProblem(token)).toBeUndefined();
  expect(tokenDigest(token)).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(tokenDigest(tokenDigest(token))).toBe(tokenDigest(token));
  expect(tokenDigest("abc")).toBe("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

it.each([
  ["secret", "at least 128 random bits"],
  ["a".repeat(200), "at least 128 random bits"],
  ["0123456789abcdef0123456789abcde", "at least 128 random bits"],
  ["123456789012345678901234567890", "at least 128 random bits"],
  ["0123456789 0123456789 abcdefghij", "without blanks"],
  ["sha256:12", "64 lower-case hex digits"],
])("refuses the token %s", (token, problem) => {
  expect(tokenProblem(token)).toContain(problem);
});

it.each(["0123456789abcdef0123456789abcdef", "Zm9vYmFyMTIzNDU2Nzg5MA", `sha256:${"0".repeat(64)}`])(
  "takes the token %s",
  (token) => {
    expect(tokenProblem(token)).toBeUndefined();
  },
);

it("knows a password by its hash", async () => {
  const text = await hashPassword("correct horse");
  const hashed = parsePasswordHash(text);
  if (hashed === undefined) throw new Error(text);
  expect(await isPassword("correct horse", hashed)).toBe(true);
  expect(await isPassword("correct house", hashed)).toBe(false);
});

it.each([
  "",
  "secret",
  "scrypt:2:8:1:c2FsdHNhbHRzYWx0c2FsdA:a2V5",
  `scrypt:33554432:8:1:${"a".repeat(22)}:${"b".repeat(43)}`,
])("takes no hash that is weak or asks for too much: %s", (text) => {
  expect(parsePasswordHash(text)).toBeUndefined();
});
