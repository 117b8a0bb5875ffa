// What the scripts tell. It goes to stderr: what was asked for may print data.

export function say(text) {
  process.stderr.write(`spanloom: ${text}\n`);
}

export function fail(text) {
  say(text);
  process.exit(1);
}
