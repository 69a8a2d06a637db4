import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import createIamService from '../../../packages/laptop/services/iam/service.ts';
import createStatesService from '../../../packages/laptop/services/states/service.ts';
import { adoptWith } from '../../../pipeline/rotation/adopt.ts';
import { byExtent } from '../../extent.ts';
import { counted } from '../../pipeline/rotators/native-rotation.ts';
import { attack } from './attack.ts';
import { type DatabaseLaptop, manageDatabaseSecret, openDatabaseLaptop } from './database-secret.ts';
import { manageKeyRing } from './key-ring-secret.ts';
import { type Part, parts, retire, type Subject } from './parts.ts';

type Adopt = ReturnType<typeof adoptWith>;

let world: DatabaseLaptop;
let states: SFNClient;
let stateMachineArn: string;
let adopt: Adopt;

beforeAll(async () => {
  world = await openDatabaseLaptop([createIamService, createStatesService]);
  states = new SFNClient(world.laptop.clientOptions);
  stateMachineArn = await makeStateMachine();
  const client = world.faults.aroundClient(counted(new SFNClient(world.laptop.clientOptions)), 'executions');
  adopt = adoptWith({ client, stateMachineArn });
}, 120_000);
afterAll(async () => {
  states?.destroy();
  await world?.close();
});

/** What matters here is whether an execution is there: what it does is looked at in the scenarios. */
async function makeStateMachine(): Promise<string> {
  const iam = new IAMClient(world.laptop.clientOptions);
  const Statement = [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'states.amazonaws.com' } }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'workflow', AssumeRolePolicyDocument }));
  iam.destroy();
  const definition = JSON.stringify({ StartAt: 'Adopted', States: { Adopted: { Type: 'Succeed' } } });
  const made = await states.send(
    new CreateStateMachineCommand({ name: 'rotate-secret', definition, roleArn: Role?.Arn }),
  );
  return made.stateMachineArn as string;
}

async function executionsOf(token: string): Promise<number> {
  const { executions = [] } = await states.send(new ListExecutionsCommand({ stateMachineArn }));
  return executions.filter(({ name }) => name === token).length;
}

/** Secrets Manager begins by itself, and tries again with the same token: the workflow has one execution for it. */
const nativeRotation: Part = async (world, subject, strike) => {
  const { faults } = world;
  const { secret } = subject;
  faults.arm(secret, strike);
  const rotation = await secret.rotate({ native: true });
  faults.disarm();
  expect(rotation.promoted).toBe(true);
  expect(await executionsOf(rotation.token)).toBe(1);
  await retire(world, subject, rotation);
  return faults.calls;
};

const keyRing = ['jwt', () => manageKeyRing(world, { adopt })] as const;
const login = ['alternating-users', () => manageDatabaseSecret(world, 'alternating-users', { adopt })] as const;
/** How a rotation begins is the same for every kind; what comes after is slow with a database: that is the long run. */
const subjects: (readonly [string, () => Promise<Subject>])[] = byExtent({
  short: [keyRing],
  wide: [keyRing],
  long: [keyRing, login],
});

test.each(subjects)(
  '%s: a rotation that Secrets Manager begins is promoted, and the workflow has it once, whatever befalls a call',
  async (kind, open) => {
    const subject = await open();
    await parts.rotation!(world, subject);
    await parts.rotation!(world, subject);
    const { calls, points, windows } = await attack(world, subject, 'native rotation', {
      run: nativeRotation,
      step: byExtent({ short: 3, wide: 1, long: 1 }),
    });
    console.info(`${kind}, native rotation: ${calls} calls, ${points} points`);
    expect(windows).toEqual([]);
  },
  900_000,
);
