// After tsc: the command must be executable when it is linked from a checkout.
import { chmodSync } from "node:fs";

chmodSync(new URL("../dist/cli/main.js", import.meta.url), 0o755);
