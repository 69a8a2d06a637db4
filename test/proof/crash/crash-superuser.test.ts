import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CreateDBInstanceCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import * as v from 'valibot';
import createRdsService, { type RdsService } from '../../../packages/laptop/services/rds/service.ts';
import { databaseAddress, type PostgresPayload } from '../../../pipeline/contracts/payloads/postgres.ts';
import { PostgresSettings } from '../../../pipeline/contracts/settings/postgres.ts';
import { connectWith } from '../../../pipeline/rotators/postgres/connect.ts';
import { createPostgresRotator } from '../../../pipeline/rotators/postgres/postgres-rotator.ts';
import { eventually } from '../../eventually.ts';
import { byExtent } from '../../extent.ts';
import { counted, type Laptop, manage, openLaptop } from '../../pipeline/rotators/native-rotation.ts';
import { attack } from './attack.ts';
import { expectNoLabels } from './database-secret.ts';
import { Faults } from './faults.ts';
import { parts, type Subject } from './parts.ts';

const INSTANCE = 'shop';
const MASTER = { MasterUsername: 'boss', MasterUserPassword: 'Administrator1' };

const PAUSE_MILLISECONDS = 15_000;

let laptop: Laptop;
let rds: RDSClient;
const faults = new Faults();
beforeAll(async () => {
  // How long RDS takes is the same each time, so that the calls of a recorded run come again.
  laptop = await openLaptop([createRdsService], () => 0);
  faults.around(laptop);
  rds = new RDSClient(laptop.clientOptions);
}, 120_000);
afterAll(async () => {
  rds?.destroy();
  await laptop?.close();
});

async function openInstance(): Promise<{ host: string; port: number; caPem: string }> {
  const wanted = { DBInstanceIdentifier: INSTANCE, DBInstanceClass: 'db.t4g.micro', Engine: 'postgres', DBName: 'app' };
  await rds.send(new CreateDBInstanceCommand({ ...wanted, ...MASTER }));
  const { Endpoint } = await eventually('the instance', async () => {
    await laptop.clock.advance(1_000);
    const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: INSTANCE }));
    return DBInstances.find(({ DBInstanceStatus }) => DBInstanceStatus === 'available');
  });
  const service = laptop.cloud.service<RdsService>('rds');
  await service.ready;
  const caPem = await readFile(service.caBundlePath, 'utf8');
  return { host: Endpoint?.Address as string, port: Endpoint?.Port as number, caPem };
}

/** What was due is done when the pause is over, so that a recorded run asks as often as the next one. */
async function sleep(milliseconds: number): Promise<void> {
  await laptop.clock.advance(milliseconds);
  const { instances } = laptop.cloud.service<RdsService>('rds').state;
  await eventually('RDS to have changed the password', async () =>
    [...instances.values()].some(({ passwordPending }) => passwordPending) ? undefined : true,
  );
}

/** The master user of an instance, whose password RDS changes a while after it has answered. */
async function superuser(): Promise<Subject> {
  const { host, port, caPem } = await openInstance();
  const connect = connectWith(caPem);
  const client = faults.aroundClient(counted(new RDSClient(laptop.clientOptions)), 'rds');
  const { MasterUsername: username, MasterUserPassword: password } = MASTER;
  const first = { engine: 'postgres', host, port, dbname: 'app', username, password, dbInstanceIdentifier: INSTANCE };
  const managed = await manage(laptop, {
    value: JSON.stringify(first),
    settings: v.parse(PostgresSettings, { strategy: 'superuser' }),
    secret: { kind: 'postgres' },
    rotator: (secretsManager) =>
      createPostgresRotator({
        secretsManager,
        rds: () => client,
        now: () => laptop.clock.now(),
        sleep,
        randomBytes,
        caBundle: caPem,
        connect: faults.connect(connect),
      }),
  });
  const watched = faults.watch(laptop, managed);
  // The workflow's next try comes after a pause, in which RDS ends what it was about.
  const invoke = async (event: unknown) => {
    try {
      return await watched.invoke(event);
    } catch (error) {
      await sleep(PAUSE_MILLISECONDS);
      throw error;
    }
  };
  const secret = { ...watched, invoke };
  const useCurrent = async () => {
    const payload = JSON.parse(secret.value()) as PostgresPayload;
    await (await connect(databaseAddress(payload), payload)).end();
  };
  const expectClean = async () => {
    await useCurrent();
    await expectNoLabels(secret);
  };
  return { secret, useCurrent, expectClean };
}

let subject: Subject;
beforeAll(async () => {
  subject = await superuser();
  await parts.rotation!({ laptop, faults }, subject);
}, 120_000);

test.each(
  Object.keys(parts),
)('a superuser, %s: whatever befalls a call, the next run ends with a password that logs in', async (part) => {
  const { calls, points, windows } = await attack({ laptop, faults }, subject, part, {
    step: byExtent({ short: 16, wide: 5, long: 1 }),
  });
  console.info(`superuser, ${part}: ${calls} calls, ${points} points, ${windows.length} inside the window`);
  // One password, which RDS changes some time after it was asked: until the secret follows, AWSCURRENT waits.
  for (const where of windows) expect(part === 'retirement' ? where : '').toBe('');
}, 900_000);
