import type { RegistryStore, StoredInstance } from "../../component/discovery.ts";

/** Registrations that live as long as this object: for collectors that keep nothing on disk. */
export function memoryRegistryStore(): RegistryStore {
  const records = new Map<string, StoredInstance>();
  return {
    load: () => [...records.values()],
    put(record) {
      records.set(record.instance.id, record);
    },
    remove(id) {
      records.delete(id);
    },
    close() {},
  };
}
