import type { ServiceLook } from "../format/service-look.ts";

/** The mark of a service in the colour and pattern its bars have; always stands beside the service's name. */
export function ServiceSwatch({ look }: { readonly look: ServiceLook }) {
  return <span className="swatch" data-hue={look.hue} data-pattern={look.pattern} aria-hidden="true" />;
}
