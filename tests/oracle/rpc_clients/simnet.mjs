// Starts a simnet for a test and stops it: the program is given by $SIMNET, its addresses come from its first line.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export async function start_simnet(...args) {
  const program = process.env.SIMNET;
  if (!program) throw new Error('SIMNET must name the simnet program');
  const child = spawn(program, ['--summary', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const ready = await new Promise((resolve, reject) => {
    lines.once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code) => reject(new Error(`simnet ended with ${code} before it was ready`)));
  });
  const admin = async (method, path, body) => {
    const answer = await fetch(ready.admin + path, { method, body: body && JSON.stringify(body) });
    const value = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  };
  return {
    ...ready,
    step: (slots = 1) => admin('POST', `/admin/step?slots=${slots}`),
    fault: (description) => admin('POST', '/admin/fault', description),
    clear_faults: () => admin('DELETE', '/admin/fault'),
    ledger: () => admin('GET', '/admin/ledger'),
    async stop() {
      const summary = new Promise((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))));
      const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
      child.kill('SIGTERM');
      const code = await ended;
      if (code !== 0) throw new Error(`simnet ended with ${code}`);
      return summary;
    },
  };
}

/// Resolves with the value that `give` is first called with, or fails after the time.
export function first(what, subscribe, milliseconds = 10_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${what} within ${milliseconds} ms`)), milliseconds);
    subscribe((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

export async function within(what, promise, milliseconds = 10_000) {
  let timer;
  try {
    return await Promise.race([promise, new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`no ${what} within ${milliseconds} ms`)), milliseconds)))]);
  } finally {
    clearTimeout(timer);
  }
}

/// Runs named cases one after the other; prints one line each and exits 1 when any failed.
export async function run(cases) {
  let failed = 0;
  for (const [name, body] of Object.entries(cases)) {
    try {
      await body();
      console.log(`ok    ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${name}: ${error.stack ?? error}`);
    }
  }
  console.log(`${Object.keys(cases).length - failed}/${Object.keys(cases).length} agreed`);
  return failed;
}
