import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";
import styles from "./fact.module.css";

/** A figure under its name, as an entry of a `dl`. */
export function Fact({
  name,
  value,
  extra,
  error = false,
}: {
  readonly name: string;
  readonly value: ReactNode;
  readonly extra?: string;
  readonly error?: boolean;
}) {
  return (
    <div className={styles.fact} data-error={error}>
      <dt>{name}</dt>
      <dd>
        {value}
        {extra !== undefined && " "}
        {extra !== undefined && <span className={classNames("muted", styles.extra)}>{extra}</span>}
      </dd>
    </div>
  );
}
