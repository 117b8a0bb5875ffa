import type { AnswerRest, ViewResult } from "../component/read.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What yields the pieces of an answer, and returns its last. */
export type AnswerPieces = AsyncGenerator<Bytes, Bytes, void>;

/** Bytes of one piece: little enough to make between other requests, and enough to be worth a turn. */
export const PIECE_BYTES = 256 * 1024;

/**
 * A successful answer that is made piece by piece. What the generator yields are pieces, what it returns is the last.
 * One that yields nothing is a plain answer.
 * @throws what the generator throws before its first piece
 */
export async function piecedAnswer(contentType: string, pieces: AnswerPieces): Promise<ViewResult> {
  const first = await pieces.next();
  const result = { status: 200, contentType, body: first.value };
  return first.done === true ? result : { ...result, rest: new Pieces(pieces) };
}

class Pieces implements AnswerRest {
  readonly pieceBytes = PIECE_BYTES;
  readonly ended: Promise<void>;
  readonly #pieces: AnswerPieces;
  #end: () => void = () => {};

  constructor(pieces: AnswerPieces) {
    this.#pieces = pieces;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async next(): Promise<{ readonly bytes: Bytes; readonly last: boolean }> {
    try {
      const { value: bytes, done = false } = await this.#pieces.next();
      if (done) this.#end();
      return { bytes, last: done };
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  cancel(): void {
    // It stops at its next piece, and reads nothing after that.
    this.#pieces.return(new Uint8Array(0)).then(this.#end, this.#end);
  }
}
