import { STDIN } from "../../replay/open-recording.ts";

/** Lines that cannot be read are named up to here: a file that is no recording has nothing else. */
const SHOWN = 10;

/** Names the first lines of recordings that were left out, on stderr. */
export function badLineReporter(write: (text: string) => void = (text) => process.stderr.write(text)) {
  let seen = 0;
  return (file: string, line: number, reason: string): void => {
    seen++;
    if (seen <= SHOWN) write(`spanloom: ${file === STDIN ? "stdin" : file}:${line}: left out: ${reason}\n`);
    else if (seen === SHOWN + 1) write("spanloom: more lines were left out\n");
  };
}
