import { useMutation, useQueryClient } from "@tanstack/react-query";
import { postJson } from "../api/client.ts";
import { counted } from "../format/count.ts";
import { Button } from "../ui/button.tsx";
import { turnGuide } from "./guide-state.ts";
import styles from "./load-demo.module.css";

/** Fills an empty store with the traces of a shop, and shows the way through them. */
export function LoadDemo() {
  const queries = useQueryClient();
  const load = useMutation({
    mutationFn: () => postJson<{ traces: number; spans: number }>("api/ui/admin/demo", {}),
    onSuccess: async () => {
      turnGuide(true);
      await queries.invalidateQueries();
    },
  });
  return (
    <div className={styles.offer}>
      <div>
        <h3>Just looking?</h3>
        <p className="muted">
          A shop of thirteen services, with a slow call and a failing one to find: 1,000 traces of the last hour.
        </p>
        {load.isError && (
          <p className="error-text" role="alert">
            {load.error.message}. On the collector's machine <code>spanloom send --demo</code> does the same.
          </p>
        )}
      </div>
      <Button primary disabled={load.isPending || load.isSuccess} onClick={() => load.mutate()}>
        {load.isPending
          ? "Loading the demo shop …"
          : load.isSuccess
            ? `${counted(load.data.traces, "trace")} loaded`
            : "Load the demo shop"}
      </Button>
    </div>
  );
}
