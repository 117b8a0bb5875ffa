/** -1, 0 or 1 by UTF-16 units, as for Array.prototype.sort: the same order in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
