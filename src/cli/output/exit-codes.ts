/** Exit codes that scripts may rely on. */
export const EXIT = {
  ok: 0,
  /** Something failed while running. */
  failed: 1,
  /** Wrong flags, unreadable or invalid config or input, or a Node that is too old. */
  usage: 2,
  /** The data folder is in use, unusable or of a newer version. */
  data: 3,
  /** A listener's address cannot be used. */
  listen: 4,
  /** The collector that a command talks to cannot be reached. */
  unreachable: 5,
  /** The answer may lack something: a part of what is stored cannot be read, or the search ran out of time. */
  incomplete: 6,
  /** The destination of a replay answered, and refused spans for good. */
  refused: 7,
  /** Stopped by SIGINT. */
  interrupted: 130,
} as const;
