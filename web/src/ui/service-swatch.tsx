import { serviceLook } from "../trace/trace-model.ts";

/** The mark of a service in the colour and pattern its bars have; always stands beside the service's name. */
export function ServiceSwatch({ service }: { readonly service: number }) {
  const { hue, pattern } = serviceLook(service);
  return <span className="swatch" data-hue={hue} data-pattern={pattern} aria-hidden="true" />;
}
