import { quantile, runLoad } from "./load.ts";
import { type IngestRun, openLoad, round } from "./measure.ts";
import { untilQuiet } from "./server-process.ts";
import type { StartedSystem } from "./systems.ts";

export interface PairedFigures {
  readonly format: string;
  readonly peer: string;
  readonly spansPerRequest: number;
  /** Medians of the rounds, spans per server CPU second. */
  readonly ours: number;
  readonly peers: number;
  /** Median of the ratios of the pairs, and the smallest and the largest of them. */
  readonly ratio: number;
  readonly least: number;
  readonly most: number;
  readonly failedRequests: number;
}

/**
 * Sends the same to both in turns, one round each, and compares the pairs: what else the machine does weighs on both
 * of a pair alike. With `together` both of a pair have their rounds at the same time, for a machine that does much else
 * and not always the same. A round's CPU counts until the server is quiet.
 */
export async function measurePaired(
  ours: StartedSystem,
  peer: StartedSystem,
  run: IngestRun,
  rounds: number,
  together = false,
): Promise<PairedFigures> {
  const sides = [side(ours, run), side(peer, run)] as const;
  try {
    for (const one of sides) await one.round(run.seconds);
    const pairs: [number, number][] = [];
    for (let r = 0; r < rounds; r++) {
      // Who goes first changes, so that neither has the warmer machine.
      const first = (sides[r % 2] as Side).round(run.seconds);
      if (!together) await first;
      const second = (sides[1 - (r % 2)] as Side).round(run.seconds);
      const [a, b] = await Promise.all([first, second]);
      const pair: [number, number] = r % 2 === 0 ? [a, b] : [b, a];
      pairs.push(pair);
      process.stderr.write(`  ${ours.name} ${Math.round(pair[0])}, ${peer.name} ${Math.round(pair[1])}\n`);
    }
    const ratios = pairs.map(([a, b]) => a / b).sort((a, b) => a - b);
    return {
      format: sides[0].format,
      peer: peer.name,
      spansPerRequest: run.spansPerRequest,
      ours: Math.round(median(pairs.map(([a]) => a))),
      peers: Math.round(median(pairs.map(([, b]) => b))),
      ratio: round(median(ratios)),
      least: round(ratios[0] as number),
      most: round(ratios.at(-1) as number),
      failedRequests: sides[0].failed() + sides[1].failed(),
    };
  } finally {
    for (const one of sides) one.close();
  }
}

interface Side {
  readonly format: string;
  /** Spans per CPU second of the server. */
  round(seconds: number): Promise<number>;
  failed(): number;
  close(): void;
}

function side(server: StartedSystem, run: IngestRun): Side {
  const { format, pool, connections, sender } = openLoad(server, run);
  let firstPass = 1;
  let failed = 0;
  return {
    format,
    async round(seconds) {
      await untilQuiet(server);
      const cpu = server.cpuSeconds();
      const result = await runLoad({ pool, connections, seconds, firstPass }, sender.send);
      await untilQuiet(server);
      firstPass = result.nextPass;
      failed += result.failed;
      return result.spans / (server.cpuSeconds() - cpu);
    },
    failed: () => failed,
    close: () => sender.close(),
  };
}

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
