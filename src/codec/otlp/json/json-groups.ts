import { SPAN_MARK } from "../../../model/span.ts";
import { JSON_KIND, type JsonCursor } from "../../json/json-cursor.ts";
import { FieldTable } from "../../json/json-fields.ts";
import type { Refusals } from "../message/refusals.ts";
import type { SpanLimits } from "../message/span-limits.ts";
import type { WireWriter } from "../wire/wire-writer.ts";
import type { JsonScalars } from "./json-scalars.ts";
import type { JsonValues } from "./json-values.ts";

/** Most entity references of a resource. */
const MAX_ENTITY_REFS = 256;

const RESOURCE = { attributes: 1, droppedAttributesCount: 2, entityRefs: 3 } as const;
const RESOURCE_FIELDS = new FieldTable(RESOURCE);
const SCOPE = { name: 1, version: 2, attributes: 3, droppedAttributesCount: 4 } as const;
const SCOPE_FIELDS = new FieldTable(SCOPE);
const ENTITY_REF_FIELDS = new FieldTable({ schemaUrl: 1, type: 2, idKeys: 3, descriptionKeys: 4 });

/**
 * Writes what spans share: resource, scope and schema URLs. What is wrong in them is left out, and their spans are
 * marked.
 */
export class JsonGroups {
  readonly #cursor: JsonCursor;
  readonly #writer: WireWriter;
  readonly #scalars: JsonScalars;
  readonly #values: JsonValues;
  readonly #limits: SpanLimits;
  readonly #refusals: Refusals;

  constructor(
    cursor: JsonCursor,
    writer: WireWriter,
    scalars: JsonScalars,
    values: JsonValues,
    limits: SpanLimits,
    refusals: Refusals,
  ) {
    this.#cursor = cursor;
    this.#writer = writer;
    this.#scalars = scalars;
    this.#values = values;
    this.#limits = limits;
    this.#refusals = refusals;
  }

  schemaUrl(): void {
    this.#scalars.putText(0x1a, this.#limits.maxNameBytes);
  }

  /** Resource: attributes 1, dropped_attributes_count 2, entity_refs 3. */
  resource(path: string): void {
    const cursor = this.#cursor;
    if (!this.#isObject(path)) return;
    const start = this.#writer.open(0x0a);
    let dropped = 0;
    let refs = 0;
    if (cursor.enterObject()) {
      do {
        cursor.key();
        switch (RESOURCE_FIELDS.find(cursor)) {
          case RESOURCE.attributes:
            dropped += this.#attributes(0x0a, path);
            break;
          case RESOURCE.droppedAttributesCount:
            dropped += this.#scalars.u32();
            break;
          case RESOURCE.entityRefs:
            refs = this.#list(path, "entityRefs", refs, MAX_ENTITY_REFS, () => this.#entityRef());
            break;
          default:
            cursor.skip();
        }
      } while (cursor.moreMembers());
    }
    this.#count(0x10, dropped);
    this.#writer.close(start);
  }

  /** InstrumentationScope: name 1, version 2, attributes 3, dropped_attributes_count 4. */
  scope(path: string): void {
    const cursor = this.#cursor;
    if (!this.#isObject(path)) return;
    const start = this.#writer.open(0x0a);
    let dropped = 0;
    if (cursor.enterObject()) {
      do {
        cursor.key();
        switch (SCOPE_FIELDS.find(cursor)) {
          case SCOPE.name:
            this.#scalars.putText(0x0a, this.#limits.maxNameBytes);
            break;
          case SCOPE.version:
            this.#scalars.putText(0x12, this.#limits.maxNameBytes);
            break;
          case SCOPE.attributes:
            dropped += this.#attributes(0x1a, path);
            break;
          case SCOPE.droppedAttributesCount:
            dropped += this.#scalars.u32();
            break;
          default:
            cursor.skip();
        }
      } while (cursor.moreMembers());
    }
    this.#count(0x20, dropped);
    this.#writer.close(start);
  }

  #isObject(path: string): boolean {
    const kind = this.#cursor.kind();
    if (kind === JSON_KIND.object) return true;
    this.#leaveOut(path, "an object", kind === JSON_KIND.null);
    return false;
  }

  #attributes(tag: number, path: string): number {
    this.#cursor.kind();
    const from = this.#cursor.at;
    const dropped = this.#values.attributes(tag, 0, tag === 0x0a);
    if (dropped >= 0) return dropped;
    this.#note(`${path}.attributes`, "an array", from);
    return 0;
  }

  #leaveOut(path: string, expected: string, silently: boolean): void {
    const from = this.#cursor.at;
    this.#cursor.skip();
    if (!silently) this.#note(path, expected, from);
  }

  #note(path: string, expected: string, from: number): void {
    const cursor = this.#cursor;
    this.#scalars.marks |= SPAN_MARK.mended;
    this.#refusals.note(() => `${path}: expected ${expected}, found ${cursor.shown(from, cursor.at)}; it is left out`);
  }

  /** Reads a list of at most `max` items, of which there were `before`; gives how many there are. */
  #list(path: string, name: string, before: number, max: number, item: () => void): number {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    if (kind !== JSON_KIND.array) {
      this.#leaveOut(`${path}.${name}`, "an array", kind === JSON_KIND.null);
      return before;
    }
    let count = before;
    if (cursor.enterArray()) {
      do {
        if (count < max) item();
        else this.#scalars.skipOdd();
        count++;
      } while (cursor.moreItems());
    }
    return count;
  }

  /** EntityRef: schema_url 1, type 2, id_keys 3, description_keys 4, all texts. */
  #entityRef(): void {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.object) {
      this.#scalars.skipOdd();
      return;
    }
    const start = this.#writer.open(0x1a);
    if (cursor.enterObject()) {
      do {
        cursor.key();
        const field = ENTITY_REF_FIELDS.find(cursor);
        const tag = field * 8 + 2;
        const { maxNameBytes, maxAttributes } = this.#limits;
        if (field === 0) cursor.skip();
        else if (field < 3) this.#scalars.putText(tag, maxNameBytes);
        else if (cursor.kind() === JSON_KIND.array) {
          this.#list("", "", 0, maxAttributes, () => this.#scalars.putText(tag, maxNameBytes));
        } else if (cursor.kind() === JSON_KIND.null) cursor.skip();
        else this.#scalars.skipOdd();
      } while (cursor.moreMembers());
    }
    this.#writer.close(start);
  }

  #count(tag: number, value: number): void {
    if (value === 0) return;
    this.#writer.tag(tag);
    this.#writer.varint(Math.min(value, 0xffff_ffff));
  }
}
