import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { createCloud } from '../../packages/laptop/create-cloud.ts';
import type { PostgresServer } from '../../packages/laptop/postgres/server.ts';
import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import createSecretsManagerService from '../../packages/laptop/services/secretsmanager/service.ts';
import { rotatingDatabase, trust } from '../packages/consumer/database.ts';
import { startTarget } from '../pipeline/rotators/postgres/fixture.ts';
import { program } from './database-libraries-program.ts';
import { install, writeApp } from './install-app.ts';
import { environmentFor } from './laptop-beside.ts';
import { printFigure } from './print-figure.ts';
import { environmentOutside } from './run-command.ts';
import { tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

const libraries = [
  'pg@8',
  'knex@3',
  'typeorm@1',
  'sequelize@6',
  'kysely@0.28',
  'drizzle-orm@0.45',
  'postgres@3',
  '@prisma/adapter-pg@7',
  'reflect-metadata',
];
const mikroOrm = ['@mikro-orm/core@7.2.5', '@mikro-orm/postgresql@7.2.5'];

interface Answer {
  readonly isEncrypted?: boolean;
  readonly user?: string;
  readonly error?: string;
}

let cloud: RunningCloud;
let target: { server: PostgresServer; stop(): Promise<void> };
let secret: Awaited<ReturnType<typeof rotatingDatabase>>;
let child: ChildProcess;
let lines: Interface;
let distrust: () => void;
const app = temporaryFolder('database-libraries');

beforeAll(async () => {
  await writeApp(app, {
    'package.json': { name: 'shop', version: '1.0.0', private: true, type: 'module' },
    'program.js': program,
  });
  await install(app, ...libraries, ...mikroOrm, tarballs.consumer);
  cloud = await createCloud({ log: () => undefined, services: [createSecretsManagerService] });
  target = await startTarget({});
  distrust = await trust(cloud, target.server);
  secret = await rotatingDatabase(cloud, target.server, 'alternating-users');
  // Either login may see whether its own session is encrypted.
  await target.server.query(`GRANT pg_read_all_stats TO "${secret.state.current.payload.username}"`);
  child = spawn('node', ['program.js'], {
    cwd: app,
    env: {
      ...environmentOutside(),
      ...environmentFor(cloud),
      PGSSLROOTCERT: process.env.PGSSLROOTCERT,
      DB_SECRET_ARN: secret.secretId,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  lines = createInterface({ input: child.stdout! });
}, 300_000);
afterAll(async () => {
  child?.stdin?.end();
  distrust?.();
  await target?.stop();
  await cloud?.close();
});

/** Lets every library make one query. */
async function ask(): Promise<Record<string, Answer>> {
  const answer = new Promise<string>((resolve, reject) => {
    // Libraries write lines of their own.
    const onLine = (line: string) => {
      if (!line.startsWith('{"pg":')) return;
      lines.off('line', onLine);
      resolve(line);
    };
    lines.on('line', onLine);
    child.once('exit', (code, signal) => reject(new Error(`The program ended with ${code ?? signal}.`)));
  });
  child.stdin!.write('go\n');
  return JSON.parse(await answer);
}

test('each library logs in through two rotations with what the library answers, and its connection is encrypted', async () => {
  const installed = [...libraries, ...mikroOrm].map((name) => name.replace(/(.)@.*$/, '$1'));
  const versions = await Promise.all(
    installed.map(async (name) => {
      const { version } = JSON.parse(await readFile(join(app, 'node_modules', name, 'package.json'), 'utf8'));
      return `${name} ${version}`;
    }),
  );
  printFigure('database libraries', versions.join(', '));
  for (let rotation = 0; rotation <= 2; rotation += 1) {
    const { username } = secret.state.current.payload;
    const answers = await ask();
    expect(Object.keys(answers).length).toBeGreaterThanOrEqual(10);
    for (const [library, answer] of Object.entries(answers)) {
      expect({ rotation, library, ...answer }).toEqual({ rotation, library, user: username, isEncrypted: true });
    }
    const before = secret.state.current.payload.username;
    await secret.rotateAll();
    await secret.retire(before);
  }
}, 120_000);
