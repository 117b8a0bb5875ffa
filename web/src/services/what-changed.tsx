import { ServiceLink } from "../ui/service/service-link.tsx";
import { beforeWords, type Change, changeWords, newsOf } from "./changes.ts";
import styles from "./services-page.module.css";

/** Services that are told of. */
const TOLD = 4;

/** Which services do otherwise than in the period before, the most changed first. */
export function WhatChanged({
  services,
  lookback,
  comparable,
}: {
  readonly services: readonly { readonly name: string; readonly changes: readonly Change[] }[];
  readonly lookback: string;
  /** The store has seen enough of the period before. */
  readonly comparable: boolean;
}) {
  const before = beforeWords(lookback);
  const { news, everywhere } = newsOf(services);
  return (
    <section className={styles.changes} aria-label="What changed">
      <h2>Against {before}</h2>
      {news.length === 0 && everywhere === undefined && (
        <p className="muted">
          {comparable ? "No service does otherwise." : "Nothing to compare with: the store has seen too little of it."}
        </p>
      )}
      <ul>
        {everywhere !== undefined && (
          <li>
            <span aria-hidden="true">{everywhere === "up" ? "▲" : "▼"}</span>
            most services are called {everywhere === "up" ? "more" : "less"} often
          </li>
        )}
        {news.slice(0, TOLD).map(({ name, change }) => (
          <li key={name}>
            <ServiceLink name={name} lookback={lookback} />
            <span className={change.worse === true ? "error-text" : undefined}>
              <span aria-hidden="true">{change.up ? "▲" : "▼"}</span> {changeWords(change)}
            </span>
          </li>
        ))}
        {news.length > TOLD && <li className="muted">and {news.length - TOLD} more below</li>}
      </ul>
    </section>
  );
}
