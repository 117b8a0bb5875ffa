import { JSON_KIND, type JsonCursor } from "../json/json-cursor.ts";
import { isUtf8 } from "../utf8.ts";

/** Longer text is no number. */
const MAX_NUMBER = 40;

/** Values of JSON as the text that they plainly mean. */
export class JsonTexts {
  /** Some value since the owner cleared it was no plain text or number: ill-formed UTF-8, an object, a fraction. */
  odd = false;
  readonly #cursor: JsonCursor;
  readonly #buffer: Buffer;
  #scratch = Buffer.alloc(256);
  #from = 0;
  #to = 0;

  constructor(cursor: JsonCursor) {
    const { bytes } = cursor;
    this.#cursor = cursor;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The value at hand, which is passed: numbers as they are written, objects and lists as JSON. Undefined for null. */
  text(): string | undefined {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    this.#from = cursor.at;
    const text = this.#read(kind);
    this.#to = cursor.at;
    return text;
  }

  /** The last string or property name that the cursor read. */
  last(): string {
    const cursor = this.#cursor;
    const { start, end } = cursor;
    if (cursor.plain) {
      if (cursor.ascii) return this.#buffer.toString("latin1", start, end);
      if (!isUtf8(cursor.bytes, start, end)) this.odd = true;
      return this.#buffer.toString("utf8", start, end);
    }
    if (this.#scratch.length < end - start) this.#scratch = Buffer.alloc((end - start) * 2);
    const length = cursor.unescape(this.#scratch);
    if (!isUtf8(this.#scratch, 0, length)) this.odd = true;
    return this.#scratch.toString("utf8", 0, length);
  }

  /** Whole microseconds, 0 for null; undefined for what is no time. Text of a number is one, too. */
  micros(): number | undefined {
    const text = this.text();
    if (text === undefined) return 0;
    const number = text === "" || text.length > MAX_NUMBER ? Number.NaN : Number(text);
    if (!(number >= 0) || number === Number.POSITIVE_INFINITY) return undefined;
    const whole = Math.trunc(number);
    if (whole !== number) this.odd = true;
    return whole;
  }

  /** The value that `text` or `micros` passed last, for people. */
  shown(): string {
    return this.#cursor.shown(this.#from, this.#to);
  }

  #read(kind: number): string | undefined {
    const cursor = this.#cursor;
    switch (kind) {
      case JSON_KIND.string:
        cursor.string();
        return this.last();
      case JSON_KIND.number:
        cursor.number();
        return this.#buffer.toString("latin1", cursor.start, cursor.end);
      case JSON_KIND.bool:
        return String(cursor.bool());
      case JSON_KIND.null:
        cursor.null();
        return undefined;
      default:
        this.odd = true;
        cursor.skip();
        return this.#buffer.toString("utf8", this.#from, cursor.at);
    }
  }
}
