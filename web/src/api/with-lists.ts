import { ApiError } from "./client.ts";

/**
 * An answer that has the lists which pages go through. Another program at the address, or a collector of another
 * version, may answer 200 with something else: that is an error of the answer, which a page shows where it belongs.
 * @throws ApiError
 */
export async function withLists<T extends object>(asked: Promise<T>, ...names: (keyof T & string)[]): Promise<T> {
  const answer: Partial<Record<string, unknown>> = { ...(await asked) };
  const missing = names.find((name) => !Array.isArray(answer[name]));
  if (missing === undefined) return answer as T;
  throw new ApiError(
    200,
    `The answer is not what this page knows: it has no list "${missing}". Is another version of the collector running? Load the page again`,
  );
}
