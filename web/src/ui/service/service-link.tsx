import { Link } from "@tanstack/react-router";
import styles from "./service-link.module.css";
import { useServiceLooks } from "./service-looks.ts";
import { ServiceSwatch } from "./service-swatch.tsx";

/** A service in a table: a press searches its traces. */
export function ServiceLink({ name, lookback }: { readonly name: string; readonly lookback?: string }) {
  const lookOf = useServiceLooks();
  return (
    <Link to="/search" search={{ service: name, ...(lookback !== undefined && { lookback }) }} className={styles.link}>
      <ServiceSwatch look={lookOf(name)} />
      {name}
    </Link>
  );
}
