interface Rule {
  readonly selector: string;
  /** Names of the layers around it, the outer first. */
  readonly layer: string;
}

/** The selectors of a style sheet's rules, each with its layer; steps of keyframes are none. */
export function selectorsOf(sheet: string): readonly Rule[] {
  const rules: Rule[] = [];
  const open: string[] = [];
  for (const [, head, brace] of sheet.replace(/\/\*.*?\*\//gs, "").matchAll(/([^{};]*)([{};])/g)) {
    if (brace === "}") open.pop();
    if (brace !== "{") continue;
    const prelude = (head as string).trim().replace(/\s+/g, " ");
    if (!prelude.startsWith("@") && !open.some((outer) => outer.startsWith("@keyframes"))) {
      const layers = open.filter((outer) => outer.startsWith("@layer ")).map((outer) => outer.slice("@layer ".length));
      rules.push({ selector: prelude, layer: layers.join(".") });
    }
    open.push(prelude);
  }
  return rules;
}

/** Every class that a style sheet's selectors name, sorted. */
export function classesOf(sheet: string): string[] {
  const found = selectorsOf(sheet).flatMap(({ selector }) =>
    [...selector.replace(/"[^"]*"/g, "").matchAll(/\.([a-z_][\w-]*)/gi)].map((match) => match[1] as string),
  );
  return [...new Set(found)].sort();
}
