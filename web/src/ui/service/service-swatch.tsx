import type { ServiceLook } from "../../format/service-look.ts";
import styles from "./service-swatch.module.css";

/** The mark of a service in the colour and pattern its bars have; always stands beside the service's name. */
export function ServiceSwatch({ look }: { readonly look: ServiceLook }) {
  return <span className={styles.swatch} data-hue={look.hue} data-pattern={look.pattern} aria-hidden="true" />;
}

/** The mark as DOM, for what is drawn without React; `setSwatchLook` says whose it is. */
export function swatchElement(): HTMLElement {
  const element = document.createElement("span");
  element.className = styles.swatch ?? "";
  return element;
}

export function setSwatchLook(element: HTMLElement, look: ServiceLook): void {
  element.dataset.hue = String(look.hue);
  element.dataset.pattern = String(look.pattern);
}
