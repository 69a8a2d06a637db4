import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { LaptopNotRunning } from '../terminal/errors.ts';

/** The port of `keyturn local` where none is named. */
export const LAPTOP_PORT = 4599;

/** What a run of the laptop's cloud writes for programs of its user. Further members are of newer laptops. */
const LaptopRun = v.object({
  schemaVersion: v.literal(1),
  endpoint: v.string(),
  region: v.string(),
  accessKeyId: v.string(),
  secretAccessKey: v.string(),
});

export interface LaptopConnection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * How to reach the laptop's cloud on a port, and as whom, from the file that its run has written.
 *
 * @throws LaptopNotRunning
 */
export function readLaptopRun(port: number, environment: NodeJS.ProcessEnv = process.env): LaptopConnection {
  const folder = environment.LAPTOP_RUN_FOLDER || join(homedir(), '.keyturn');
  const path = join(folder, `laptop-${port}.json`);
  const owner = statSync(path, { throwIfNoEntry: false })?.uid;
  if (owner === undefined) {
    throw new LaptopNotRunning(
      `No laptop's cloud runs on port ${port}: ${path} is not there. keyturn local starts one; --laptop=PORT names another port.`,
    );
  }
  if (process.getuid !== undefined && owner !== process.getuid()) {
    throw new LaptopNotRunning(`${path} belongs to another user. Start a laptop's cloud of your own: keyturn local.`);
  }
  const { endpoint, region, accessKeyId, secretAccessKey } = parse(path);
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
}

function parse(path: string): v.InferOutput<typeof LaptopRun> {
  try {
    return v.parse(LaptopRun, JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new LaptopNotRunning(`${path} is not what a laptop's cloud writes. Start it again: keyturn local.`, {
      cause,
    });
  }
}
