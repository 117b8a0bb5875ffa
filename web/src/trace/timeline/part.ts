/** An element with a class, for what is drawn without React. */
export function part<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string | undefined,
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  element.className = className ?? "";
  return element;
}
