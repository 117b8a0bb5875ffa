import { ICON_PATHS, type IconName } from "./icon-paths.ts";

/** A 16-unit line icon that takes the text's colour. Decorative unless `label` is given. */
export function Icon({ name, label }: { readonly name: IconName; readonly label?: string }) {
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: titled where it is not decorative
    <svg
      className="icon"
      viewBox="0 0 16 16"
      role={label === undefined ? undefined : "img"}
      aria-hidden={label === undefined}
    >
      {label !== undefined && <title>{label}</title>}
      <path d={ICON_PATHS[name]} />
    </svg>
  );
}
