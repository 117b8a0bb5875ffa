import { useIncomplete } from "../api/use-incomplete.ts";
import { Notice } from "../ui/notice.tsx";
import styles from "./incomplete-notice.module.css";

/** Says that what is on the page may lack something, and why. */
export function IncompleteNotice() {
  const reasons = useIncomplete();
  if (reasons.length === 0) return null;
  return (
    <Notice className={styles.notice} tone="warning" title="This page may lack something">
      {reasons.map((reason) => (
        <p key={reason}>{sentence(reason)}</p>
      ))}
    </Notice>
  );
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
