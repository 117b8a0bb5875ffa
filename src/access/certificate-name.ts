/** A name of a config as listeners tell those of certificates: what is no URI in lower case. */
export function certificateName(name: string): string {
  return name.includes("://") ? name : name.toLowerCase();
}
