export type Labels = Readonly<Record<string, string>>;

/** One value of one series, as it travels between threads and to `/metrics`. */
export interface MetricSample {
  /** Prometheus name, `spanloom_…`, counters ending in `_total`, units in the name. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly labels: Labels;
  readonly value: number;
}

export interface Counter {
  add(value: number): void;
}

export interface Gauge {
  set(value: number): void;
}

interface Series {
  name: string;
  type: "counter" | "gauge";
  help: string;
  labels: Labels;
  value: number;
}

/** The counters and gauges of one thread of one collector. Asking for a series twice gives the same one. */
export class Metrics {
  readonly #series = new Map<string, Series>();
  readonly #collectors: (() => readonly MetricSample[])[] = [];

  counter(name: string, help: string, labels: Labels = {}): Counter {
    const series = this.#get(name, "counter", help, labels);
    return {
      add(value) {
        series.value += value;
      },
    };
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    const series = this.#get(name, "gauge", help, labels);
    return {
      set(value) {
        series.value = value;
      },
    };
  }

  /** Adds samples that are computed when somebody looks. */
  onSnapshot(collect: () => readonly MetricSample[]): void {
    this.#collectors.push(collect);
  }

  snapshot(): MetricSample[] {
    const samples: MetricSample[] = [...this.#series.values()].map((series) => ({ ...series }));
    for (const collect of this.#collectors) samples.push(...collect());
    return samples;
  }

  #get(name: string, type: "counter" | "gauge", help: string, labels: Labels): Series {
    const key = `${name}${JSON.stringify(Object.entries(labels).sort())}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { name, type, help, labels, value: 0 };
      this.#series.set(key, series);
    }
    return series;
  }
}

/** Prometheus text exposition format 0.0.4. Samples of one name from several threads must differ in labels. */
export function renderPrometheus(samples: readonly MetricSample[]): string {
  const byName = new Map<string, MetricSample[]>();
  for (const sample of samples) {
    const list = byName.get(sample.name);
    if (list === undefined) byName.set(sample.name, [sample]);
    else list.push(sample);
  }
  let text = "";
  for (const [name, list] of [...byName].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const first = list[0] as MetricSample;
    text += `# HELP ${name} ${first.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${first.type}\n`;
    for (const sample of list) text += `${name}${labelText(sample.labels)} ${sample.value}\n`;
  }
  return text;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    return `${key}="${escaped}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
