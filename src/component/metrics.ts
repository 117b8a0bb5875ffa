export type Labels = Readonly<Record<string, string>>;

// Written by hand: what is needed of a client library is a map of numbers and their text, but samples have to come out
// of threads as plain values, and a thread counts without asking another.

/** One value of one series, as it travels between threads and to `/metrics`. */
export interface MetricSample {
  /** Prometheus name, `spanloom_…`, counters ending in `_total`, units in the name. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Of a histogram's series: the name without `_bucket`, `_sum` or `_count`. */
  readonly family?: string;
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

export interface Histogram {
  observe(value: number): void;
}

/** Upper bounds of times from a memory access to a call that is stuck, s. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Series {
  name: string;
  type: "counter" | "gauge";
  help: string;
  labels: Labels;
  value: number;
}

/** The counters, gauges and histograms of one thread of one collector. Asking for a series twice gives the same one. */
export class Metrics {
  readonly #series = new Map<string, Series>();
  readonly #histograms = new Map<string, Buckets>();
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

  /** Of times in seconds. An observation costs a look through a dozen bounds and no memory. */
  histogram(name: string, help: string, labels: Labels = {}): Histogram {
    const key = seriesKey(name, labels);
    let buckets = this.#histograms.get(key);
    if (buckets === undefined) {
      buckets = new Buckets(name, help, labels);
      this.#histograms.set(key, buckets);
    }
    return buckets;
  }

  /** Adds samples that are computed when somebody looks. */
  onSnapshot(collect: () => readonly MetricSample[]): void {
    this.#collectors.push(collect);
  }

  snapshot(): MetricSample[] {
    const samples: MetricSample[] = [...this.#series.values()].map((series) => ({ ...series }));
    for (const buckets of this.#histograms.values()) samples.push(...buckets.samples());
    for (const collect of this.#collectors) samples.push(...collect());
    return samples;
  }

  #get(name: string, type: "counter" | "gauge", help: string, labels: Labels): Series {
    const key = seriesKey(name, labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { name, type, help, labels, value: 0 };
      this.#series.set(key, series);
    }
    return series;
  }
}

class Buckets implements Histogram {
  readonly #family: string;
  readonly #help: string;
  readonly #labels: Labels;
  /** Of each bound alone, and of what is above all of them. */
  readonly #counts = new Float64Array(SECONDS.length + 1);
  #sum = 0;

  constructor(family: string, help: string, labels: Labels) {
    this.#family = family;
    this.#help = help;
    this.#labels = labels;
  }

  observe(value: number): void {
    let at = 0;
    while (at < SECONDS.length && value > (SECONDS[at] as number)) at++;
    (this.#counts[at] as number)++;
    this.#sum += value;
  }

  samples(): MetricSample[] {
    const of = (part: string, value: number, labels = this.#labels): MetricSample => ({
      name: `${this.#family}_${part}`,
      family: this.#family,
      type: "histogram",
      help: this.#help,
      labels,
      value,
    });
    let count = 0;
    const buckets = [...this.#counts].map((own, at) => {
      count += own;
      return of("bucket", count, { ...this.#labels, le: String(SECONDS[at] ?? "+Inf") });
    });
    return [...buckets, of("sum", this.#sum), of("count", count)];
  }
}

function seriesKey(name: string, labels: Labels): string {
  return `${name}${JSON.stringify(Object.entries(labels).sort())}`;
}

/** Prometheus text exposition format 0.0.4. Samples of one name from several threads must differ in labels. */
export function renderPrometheus(samples: readonly MetricSample[]): string {
  const byName = new Map<string, MetricSample[]>();
  for (const sample of samples) {
    const name = sample.family ?? sample.name;
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [sample]);
    else list.push(sample);
  }
  let text = "";
  for (const [name, list] of [...byName].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const first = list[0] as MetricSample;
    text += `# HELP ${name} ${first.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${first.type}\n`;
    for (const sample of list) text += `${sample.name}${labelText(sample.labels)} ${sample.value}\n`;
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
