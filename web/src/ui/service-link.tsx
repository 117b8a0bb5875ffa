import { Link } from "@tanstack/react-router";
import { preferredHue } from "../format/service-look.ts";
import styles from "./service-link.module.css";
import { ServiceSwatch } from "./service-swatch.tsx";

/** A service in a table: a press searches its traces. */
export function ServiceLink({ name, lookback }: { readonly name: string; readonly lookback?: string }) {
  return (
    <Link to="/search" search={{ service: name, ...(lookback !== undefined && { lookback }) }} className={styles.link}>
      <ServiceSwatch look={{ hue: preferredHue(name), pattern: 0 }} />
      {name}
    </Link>
  );
}
