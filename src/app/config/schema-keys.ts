import { z } from "zod";

/** The keys that the schema allows at a path, through defaults and optionals. */
export function schemaKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let node = unwrap(schema);
  for (const part of path) {
    if (node instanceof z.ZodArray) node = unwrap(node.element as z.ZodType);
    else if (node instanceof z.ZodObject) {
      const next = (node.shape as Record<PropertyKey, z.ZodType | undefined>)[part];
      if (next === undefined) return [];
      node = unwrap(next);
    } else return [];
  }
  return node instanceof z.ZodObject ? Object.keys(node.shape as object) : [];
}

function unwrap(schema: z.ZodType): z.ZodType {
  let node = schema;
  for (;;) {
    if (
      node instanceof z.ZodDefault ||
      node instanceof z.ZodPrefault ||
      node instanceof z.ZodOptional ||
      node instanceof z.ZodNullable
    ) {
      node = node.unwrap() as z.ZodType;
    } else return node;
  }
}

/** The paths of all settings that hold a value of their own. Lists, and mappings with keys of any name, are values. */
export function settingPaths(schema: z.ZodType, path: readonly string[]): readonly (readonly string[])[] {
  const node = unwrap(schema);
  if (!(node instanceof z.ZodObject)) return [path];
  return Object.entries(node.shape as Record<string, z.ZodType>).flatMap(([key, inner]) =>
    settingPaths(inner, [...path, key]),
  );
}
