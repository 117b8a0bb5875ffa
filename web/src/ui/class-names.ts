/** The `class` attribute of several classes; undefined for none. */
export function classNames(...names: readonly (string | undefined)[]): string | undefined {
  const given = names.filter((name) => name !== undefined);
  return given.length === 0 ? undefined : given.join(" ");
}
