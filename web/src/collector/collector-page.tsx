import { useQuery } from "@tanstack/react-query";
import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiStatusResponse } from "../../../src/query/ui/status-types.ts";
import { statusQuery } from "../api/queries.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { Notice } from "../ui/notice.tsx";
import { Page, PageHead } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/skeleton.tsx";
import { Card } from "./card.tsx";
import styles from "./collector-page.module.css";
import { ExporterCard } from "./exporter-card.tsx";
import { Endpoints, Storage } from "./figures.tsx";
import { SeriesTable } from "./series-table.tsx";
import { exporterKey, useRates } from "./use-rates.ts";

const POLL_MS = 2_000;

/** What the collector receives, samples, stores and exports, as it happens. */
export function CollectorPage() {
  usePageTitle("Collector");
  const answer = useQuery({ ...statusQuery, refetchInterval: POLL_MS });
  const status = answer.data;
  const rates = useRates(status);
  return (
    <Page wide>
      <PageHead title="Collector" note={status && runningText(status)} />
      {answer.isError && (
        <Notice tone="error" title="The status could not be loaded">
          {answer.error.message}
        </Notice>
      )}
      {answer.isPending && <PageSkeleton />}
      {status !== undefined && (
        <div className={styles.grid}>
          <div className={styles.column}>
            <Card title="Received">
              <SeriesTable series={status.received} rates={rates} empty="Nothing received since the start." />
            </Card>
            <Card title="Endpoints">
              <Endpoints listeners={status.listeners} />
            </Card>
          </div>
          <div className={styles.column}>
            <Card title="Sampling">
              <SeriesTable series={status.sampling} rates={rates} empty="Every span is kept." />
            </Card>
            <Card title="Storage">
              <Storage status={status} />
            </Card>
            <Card title="Not in rates and calls">
              <SeriesTable series={status.uncounted} rates={rates} empty="Every stored span counts." />
            </Card>
          </div>
          <Card title="Exporters" wide>
            {status.exporters.length === 0 ? (
              <p className="muted">None configured.</p>
            ) : (
              <ul>
                {status.exporters.map((exporter) => (
                  <ExporterCard
                    key={exporter.name}
                    exporter={exporter}
                    rate={rates.get(exporterKey(exporter.name))}
                    nowMs={status.nowMs}
                  />
                ))}
              </ul>
            )}
          </Card>
        </div>
      )}
    </Page>
  );
}

function runningText({ version, nowMs, startedAtMs }: UiStatusResponse): string {
  return `${version === "" ? "" : `version ${version}, `}running for ${formatDuration((nowMs - startedAtMs) * 1e6)}`;
}
