import { Link } from "@tanstack/react-router";
import styles from "./service-link.module.css";
import { useServiceLooks } from "./service-looks.ts";
import { ServiceSwatch } from "./service-swatch.tsx";

/** A service in a table or a list: a press opens its page. */
export function ServiceLink({ name, lookback }: { readonly name: string; readonly lookback?: string }) {
  const lookOf = useServiceLooks();
  return (
    <Link
      to="/services/$name"
      params={{ name }}
      search={lookback === undefined ? {} : { lookback }}
      className={styles.link}
    >
      <ServiceSwatch look={lookOf(name)} />
      {name}
    </Link>
  );
}
