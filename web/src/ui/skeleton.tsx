import { classNames } from "./class-names.ts";
import styles from "./skeleton.module.css";

/** A grey place that something will come to stand in; who uses it gives the height. */
export function Skeleton() {
  return <div className={styles.skeleton} />;
}

/** Stands in for a page that loads. */
export function PageSkeleton() {
  return <div className={classNames(styles.skeleton, styles.page)} role="status" aria-label="Loading" />;
}
