/**
 * As much of a box's label as it has room for: the name with its figures, the name alone, else its beginning. A figure
 * that is cut reads as another one, so that it stands whole or not at all.
 * @param measure width of a text, in the unit of `width`
 */
export function fittedLabel(name: string, figures: string, width: number, measure: (text: string) => number): string {
  const whole = `${name} ${figures}`;
  if (measure(whole) <= width) return whole;
  if (measure(name) <= width) return name;
  const characters = [...name];
  let [least, most] = [0, characters.length];
  const cut = (length: number) => `${characters.slice(0, length).join("")}…`;
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (measure(cut(middle)) <= width) least = middle;
    else most = middle - 1;
  }
  return least === 0 ? "" : cut(least);
}
