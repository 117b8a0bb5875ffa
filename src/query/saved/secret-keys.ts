/** Words of a key that name a secret, each by itself. */
const WORDS = new Set([
  "authorization",
  "cookie",
  "cookies",
  "credential",
  "credentials",
  "csrf",
  "cvc",
  "cvv",
  "jwt",
  "passphrase",
  "passwd",
  "password",
  "passwords",
  "pwd",
  "secret",
  "secrets",
  "token",
  "xsrf",
]);
/** Words that name one where they follow each other, written together or apart. */
const PAIRS = new Set([
  "apikey",
  "accesskey",
  "privatekey",
  "secretkey",
  "signingkey",
  "authkey",
  "cardnumber",
  "sessionid",
]);
/** Keys with such a word that hold no secret. */
const HARMLESS = new Set(["gen_ai.token.type", "session.id"]);

/** The default secret keys, in words, for pages and commands. */
export const SECRET_WORDS = [...WORDS, "api key", "access key", "private key", "signing key", "card number"];

/**
 * Whether a key, of an attribute or a URL's parameter, names a secret: `http.request.header.authorization`,
 * `db.password`, `apiKey`, `x-api-key`.
 */
export function isSecretKey(key: string): boolean {
  if (HARMLESS.has(key)) return false;
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word, at) => WORDS.has(word) || PAIRS.has(word) || PAIRS.has(word + (words[at + 1] ?? "")));
}
