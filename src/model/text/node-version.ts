/** The oldest Node that will do, as `engines` of package.json has it. */
const OLDEST = [22, 13] as const;

/** What is wrong with a version of Node and what to do, or undefined where it will do. */
export function whyTooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `Node ${version} is too old: spanloom needs Node ${OLDEST.join(".")} or newer (https://nodejs.org, or nvm install 24)`;
}
