import styles from "./waiting.module.css";

/** Says that the page goes on by itself as soon as something arrives. */
export function Waiting({ text }: { readonly text: string }) {
  return (
    <p className={styles.waiting} role="status">
      <span className={styles.pulse} aria-hidden="true" /> {text}
    </p>
  );
}
