import styles from "./icon.module.css";
import { ICON_PATHS, type IconName } from "./icon-paths.ts";

/** A 16-unit line icon that takes the text's colour. Decorative unless `label` is given. */
export function Icon({ name, label }: { readonly name: IconName; readonly label?: string }) {
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: titled where it is not decorative
    <svg
      className={styles.icon}
      viewBox="0 0 16 16"
      role={label === undefined ? undefined : "img"}
      aria-hidden={label === undefined}
    >
      {label !== undefined && <title>{label}</title>}
      <path d={ICON_PATHS[name]} />
    </svg>
  );
}

/** A decorative icon as DOM, for what is drawn without React. */
export function iconElement(name: IconName): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", styles.icon ?? "");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICON_PATHS[name]);
  svg.append(path);
  return svg;
}
