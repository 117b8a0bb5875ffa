import { formatCount } from "../../format/count.ts";
import styles from "./dropped.module.css";

/** How many more there were, which the sender did not send; nothing where there were none. */
export function Dropped({ count, as: Part }: { readonly count: number; readonly as: "p" | "li" }) {
  if (count === 0) return null;
  return <Part className={styles.dropped}>{formatCount(count)} more were dropped by the sender</Part>;
}
