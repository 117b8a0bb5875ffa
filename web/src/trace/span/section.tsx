import { type ReactNode, useState } from "react";
import { formatCount } from "../../format/count.ts";

/** A titled part that folds; its content is drawn only while it is open. */
export function Section({
  title,
  count,
  note,
  open,
  children,
}: {
  readonly title: string;
  readonly count?: number;
  readonly note?: string;
  readonly open: boolean;
  readonly children: ReactNode;
}) {
  const [shown, setShown] = useState(open);
  return (
    <details className="section" open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <span className="section-title">{title}</span>
        {count !== undefined && <span className="section-count">{formatCount(count)}</span>}
        {note !== undefined && <span className="section-note">{note}</span>}
      </summary>
      {shown && <div className="section-body">{children}</div>}
    </details>
  );
}
