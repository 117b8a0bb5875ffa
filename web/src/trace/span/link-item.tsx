import type { ReactNode } from "react";
import { classNames } from "../../ui/class-names.ts";
import styles from "./link-item.module.css";

/** A span at the other end of a link: who it is, its ids, and what else is known of the link. */
export function LinkItem({
  traceId,
  spanId,
  head,
  children,
}: {
  readonly traceId: string;
  readonly spanId: string;
  readonly head: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <li className={styles.item}>
      <div className={styles.head}>{head}</div>
      <LinkText text={`${traceId} · ${spanId}`} />
      {children}
    </li>
  );
}

/** Ids and state of a link, small. */
export function LinkText({ text }: { readonly text: string }) {
  return <div className={classNames("mono muted break-anywhere", styles.ids)}>{text}</div>;
}
