import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { otlpEndpoints } from "../api/otlp-endpoints.ts";
import { statusQuery } from "../api/queries.ts";
import { LoadDemo } from "../demo/load-demo.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { Waiting } from "../ui/waiting.tsx";
import styles from "./first-span.module.css";
import { firstSpanRecipes } from "./first-span-recipes.ts";

/** What an empty store shows: how to send the first span to this very collector. The page around it keeps asking. */
export function FirstSpan() {
  const status = useQuery(statusQuery);
  const endpoints = otlpEndpoints(status.data, location.hostname);
  const { grpc, http } = endpoints;
  // Ids and times of the example stay as they are while the page polls, or copying would race with it.
  const recipes = useMemo(() => firstSpanRecipes({ grpc, http }, Date.now()), [grpc, http]);
  const [chosen, setChosen] = useState(recipes[0]!.id);
  const recipe = recipes.find((candidate) => candidate.id === chosen) ?? recipes[0]!;
  return (
    <section className={styles.firstSpan} aria-labelledby="first-span-title">
      <h2 id="first-span-title">Nothing is stored yet. Send the first span</h2>
      <p>
        Point any OpenTelemetry SDK or Collector at this collector. The page turns into results as soon as a span
        arrives.
      </p>
      <LoadDemo />
      <dl className={styles.endpoints}>
        <Endpoint name="OTLP over HTTP" value={endpoints.http} />
        <Endpoint name="OTLP over gRPC" value={endpoints.grpc} />
      </dl>
      <Segmented
        label="How to send"
        options={recipes.map(({ id, title }) => ({ value: id, title }))}
        chosen={recipe.id}
        onChoose={setChosen}
      />
      <div className={styles.recipe}>
        <div className={styles.head}>
          <span>{recipe.note}</span>
          <CopyButton text={recipe.text} label="Copy the commands" caption="Copy" />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <pre tabIndex={0}>{recipe.text}</pre>
      </div>
      <Waiting text="Waiting for spans" />
    </section>
  );
}

function Endpoint({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <code>{value}</code>
        <CopyButton text={value} label={`Copy ${name} endpoint`} />
      </dd>
    </div>
  );
}
