// Starts a localnet for a test and stops it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../../tools/localnet/run", import.meta.url));

export async function start_localnet(...args) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const ready = await new Promise((resolve, reject) => {
    lines.once("line", (line) => resolve(JSON.parse(line)));
    child.once("exit", (code) => reject(new Error(`localnet ended with ${code} before it was ready`)));
  });
  return {
    ...ready,
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const code = await ended;
      if (code !== 0) throw new Error(`localnet ended with ${code}`);
    },
  };
}
