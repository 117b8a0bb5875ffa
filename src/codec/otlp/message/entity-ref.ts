import { ByteReader, fieldSet } from "../wire/wire.ts";
import { WireWriter } from "../wire/wire-writer.ts";

/** opentelemetry.proto.common.v1.EntityRef as JSON has it; the model keeps its bytes. */
export interface EntityRef {
  readonly schemaUrl: string;
  readonly type: string;
  readonly idKeys: readonly string[];
  readonly descriptionKeys: readonly string[];
}

const KNOWN = fieldSet(1, 2, 3, 4);

/** EntityRef: schema_url 1, type 2, id_keys 3, description_keys 4. Throws DecodeError. */
export function decodeEntityRef(bytes: Uint8Array): EntityRef {
  const r = new ByteReader(bytes);
  const idKeys: string[] = [];
  const descriptionKeys: string[] = [];
  let schemaUrl = "";
  let type = "";
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x0a) schemaUrl = r.text();
    else if (tag === 0x12) type = r.text();
    else if (tag === 0x1a) idKeys.push(r.text());
    else if (tag === 0x22) descriptionKeys.push(r.text());
    else r.skip(tag, KNOWN);
  }
  return { schemaUrl, type, idKeys, descriptionKeys };
}

export function encodeEntityRef(ref: EntityRef): Uint8Array {
  const w = new WireWriter(128);
  if (ref.schemaUrl !== "") w.text(0x0a, ref.schemaUrl);
  if (ref.type !== "") w.text(0x12, ref.type);
  for (const key of ref.idKeys) w.text(0x1a, key);
  for (const key of ref.descriptionKeys) w.text(0x22, key);
  return w.finish();
}
