/**
 * Bytes or text that cannot be read as the format they claim to be. `message` says what was found and what was expected
 * in words a sender can act on; callers turn it into HTTP 400 or gRPC INVALID_ARGUMENT.
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  /** Offset of the fault in the input, bytes from its start; undefined where only a path is known. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(offset === undefined ? message : `${message} (at byte ${offset})`);
    this.offset = offset;
  }
}
