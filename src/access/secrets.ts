import { hash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** Bits that a token has to have at least. */
export const TOKEN_BITS = 128;
const TOKEN_BYTES = 32;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** A short alphabet or a word that is repeated has few different characters. */
const FEWEST_CHARACTERS = 10;

/** What is kept of a token: `sha256:` and 64 hex digits. What is that already stays as it is. */
export function tokenDigest(token: string): string {
  return DIGEST.test(token) ? token : `sha256:${hash("sha256", token)}`;
}

/** A token of 256 random bits, as text that headers and shells take as it is. */
export function makeToken(): string {
  return `spl_${randomBytes(TOKEN_BYTES).toString("base64url")}`;
}

/**
 * What is wrong with a token, or undefined. Its bits are reckoned from its length and the alphabet that it uses, which
 * is an upper bound: a token is to be made at random.
 */
export function tokenProblem(token: string): string | undefined {
  if (DIGEST.test(token)) return undefined;
  if (/^sha256:/i.test(token)) return "expected sha256: and 64 lower-case hex digits, as `spanloom token` prints it";
  if (!/^[\x21-\x7e]+$/.test(token)) return "expected visible ASCII characters without blanks";
  const bits = Math.floor(token.length * Math.log2(alphabetOf(token)));
  if (bits < TOKEN_BITS || new Set(token).size < FEWEST_CHARACTERS) {
    return `a token has at least ${TOKEN_BITS} random bits, and this one has ${Math.min(bits, TOKEN_BITS - 1)} at most; \`spanloom token\` makes one`;
  }
  return undefined;
}

function alphabetOf(token: string): number {
  if (/^\d+$/.test(token)) return 10;
  if (/^[\da-f]+$/i.test(token)) return 16;
  if (/^[\da-z]+$/.test(token)) return 36;
  return 64;
}

/** RFC 7914. `N` of 2^15 with 8 blocks takes 32 MiB and about 80 ms. */
const COST = { N: 32_768, r: 8, p: 1 } as const;
const KEY_BYTES = 32;
/** What a config may ask for: more would let one log-in take the machine. */
const MAX_MEMORY = 256 * 1024 * 1024;

interface PasswordHash {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** `scrypt:N:r:p:salt:key`, the last two in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, { ...COST, salt, key: Buffer.alloc(KEY_BYTES) });
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), key.toString("base64url")].join(":");
}

/** Undefined for what is no such text, or asks for more than a log-in may take. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3}):([\w-]{16,}):([\w-]{40,})$/.exec(text);
  if (match === null) return undefined;
  const [N, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const powerOfTwo = N > 1 && (N & (N - 1)) === 0;
  if (!powerOfTwo || N < 16_384 || r < 1 || p < 1 || 128 * N * r * p > MAX_MEMORY) return undefined;
  return {
    N,
    r,
    p,
    salt: Buffer.from(match[4] as string, "base64url"),
    key: Buffer.from(match[5] as string, "base64url"),
  };
}

/** Compares in constant time. */
export async function isPassword(password: string, hashed: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, hashed), hashed.key);
}

function derive(password: string, { N, r, p, salt, key }: PasswordHash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, key.length, { N, r, p, maxmem: MAX_MEMORY * 2 }, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}
