import { Icon } from "../ui/icon.tsx";
import { pathTo } from "./layout.ts";
import { firstErrorOrigin, type TraceModel } from "./trace-model.ts";

/** How many spans failed and the path to where the first failure began; steps through all of them. */
export function ErrorStrip({
  model,
  onShow,
  onStep,
}: {
  readonly model: TraceModel;
  readonly onShow: (row: number) => void;
  readonly onStep: (direction: 1 | -1) => void;
}) {
  const { columns, layout } = model;
  const origin = firstErrorOrigin(model);
  if (origin === undefined) return null;
  const path = pathTo(layout, origin);
  const shown = path.length <= 3 ? path : [path[0]!, ...path.slice(-2)];
  const name = (row: number) => `${columns.services[columns.service[row]!]} ${columns.names[columns.name[row]!]}`;
  const count = model.errorRows.length;
  return (
    <nav className="error-strip" aria-label="Errors">
      <span className="error-count">
        <Icon name="error" /> {count.toLocaleString("en")} {count === 1 ? "error" : "errors"}
      </span>
      <ol className="error-path" aria-label="Path to the first error">
        {shown.map((row, index) => (
          <li key={row}>
            {index === 1 && path.length > 3 && (
              <span className="muted" title={path.slice(1, -2).map(name).join(" › ")}>
                {path.length - 3} between ›{" "}
              </span>
            )}
            <button type="button" title={name(row)} onClick={() => onShow(row)}>
              <b>{columns.services[columns.service[row]!]}</b> {columns.names[columns.name[row]!]}
            </button>
          </li>
        ))}
      </ol>
      <button
        type="button"
        className="icon-button small"
        title="Previous error (E)"
        aria-label="Previous error"
        onClick={() => onStep(-1)}
      >
        <Icon name="up" />
      </button>
      <button
        type="button"
        className="icon-button small"
        title="Next error (e)"
        aria-label="Next error"
        onClick={() => onStep(1)}
      >
        <Icon name="down" />
      </button>
    </nav>
  );
}
