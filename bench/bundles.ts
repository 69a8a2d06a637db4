import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { writeBundle } from '../tools/bundle.ts';
import { median } from './statistics.ts';

export interface BundleFigures {
  readonly handler: string;
  readonly bytes: number;
  readonly defaultBytes: number;
  readonly loadMilliseconds: number;
  readonly defaultLoadMilliseconds: number;
  readonly loadRatio: number;
}

/** What the functions parse before they start. */
const environment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
  KEYTURN_SETTINGS_PREFIX: '/keyturn',
  KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:x',
  EVENT_BUS_NAME: 'keyturn',
  KEYTURN_DATABASE_CA_FILE: 'ca.pem',
  NODE_NO_WARNINGS: '1',
};

/**
 * Bytes and load time of a function's bundle against what `cdk-nodejs` makes by default with the SDK inside
 * (`bundleAwsSDK`): the same esbuild, not minified, every credential provider. Each in turn, in a process of its own.
 */
export function measureBundle(handler: string, rounds = 15): BundleFigures {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-bench-'));
  try {
    const entry = `handlers/${handler}.ts`;
    const [ours, theirs] = [join(folder, 'ours.js'), join(folder, 'default.js')];
    writeBundle(entry, ours);
    buildSync({
      entryPoints: [entry],
      outfile: theirs,
      bundle: true,
      platform: 'node',
      target: 'node20',
      conditions: ['keyturn-source', 'module'],
      format: 'cjs',
      logLevel: 'error',
    });
    const times = { ours: [] as number[], theirs: [] as number[] };
    for (let round = -2; round < rounds; round += 1) {
      const [one, other] = [load(ours), load(theirs)];
      if (round < 0) continue; // The first rounds bring the files into memory.
      times.ours.push(one);
      times.theirs.push(other);
    }
    const [loadMilliseconds, defaultLoadMilliseconds] = [median(times.ours), median(times.theirs)];
    return {
      handler,
      bytes: statSync(ours).size,
      defaultBytes: statSync(theirs).size,
      loadMilliseconds,
      defaultLoadMilliseconds,
      loadRatio: loadMilliseconds / defaultLoadMilliseconds,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function load(file: string): number {
  const script = `const s=process.hrtime.bigint();require(${JSON.stringify(file)});process.stdout.write(String(Number(process.hrtime.bigint()-s)/1e6));process.exit(0)`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script], {
    env: environment,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${file} does not load: ${stderr}`);
  return Number(stdout);
}
