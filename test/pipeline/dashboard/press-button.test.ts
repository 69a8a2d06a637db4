import { ExecutionAlreadyExists, StartExecutionCommand } from '@aws-sdk/client-sfn';
import * as v from 'valibot';
import { RotationRequest } from '../../../pipeline/contracts/execution.ts';
import { pressButton } from '../../../pipeline/dashboard/press-button.ts';
import { ButtonEvent } from '../../../pipeline/dashboard/widget-event.ts';

const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:keyturn-rotate-secret';
const secretArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';
const press = '3f1c2a44-1b1a-4b7e-9a54-0d6c1f0e2b11';

/** A client that does what a test says, and keeps what it was sent. */
function clientThat(answer: () => { executionArn?: string }) {
  const sent: StartExecutionCommand['input'][] = [];
  const send = async (command: unknown) => {
    if (!(command instanceof StartExecutionCommand)) throw new TypeError('Only StartExecution is expected.');
    sent.push(command.input);
    return answer();
  };
  return { sent, client: { send } as unknown as Parameters<typeof pressButton>[0]['client'] };
}

test.each([
  'rotate',
  'check',
  'roll-back',
] as const)('%s starts rotate-secret with an input that it takes', async (operation) => {
  const { sent, client } = clientThat(() => ({ executionArn: 'arn:e' }));
  const pressed = await pressButton({ client, stateMachineArn }, { operation, secretArn, secretName: 'app/db', press });
  expect(pressed).toMatchObject({ executionArn: 'arn:e' });
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ stateMachineArn, name: `dashboard-${press}` });
  const request = v.parse(RotationRequest, JSON.parse(sent[0]?.input ?? ''));
  expect(request).toMatchObject({
    startedBy: 'dashboard',
    secretId: secretArn,
    operation,
    emergency: false,
    force: false,
    retireNow: false,
  });
});

test('the same press a second time starts nothing and says so', async () => {
  const { client } = clientThat(() => {
    throw new ExecutionAlreadyExists({ message: 'Execution Already Exists', $metadata: {} });
  });
  const pressed = await pressButton(
    { client, stateMachineArn },
    { operation: 'rotate', secretArn, secretName: 'app/db', press },
  );
  expect(pressed).toEqual({ title: 'Nothing was started', message: expect.stringContaining('was pressed before') });
});

test('any other failure is one', async () => {
  const { client } = clientThat(() => {
    throw new Error('no route');
  });
  await expect(
    pressButton({ client, stateMachineArn }, { operation: 'rotate', secretArn, secretName: 'app/db', press }),
  ).rejects.toThrow('no route');
});

test.each([
  ['another operation', { operation: 'emergency' }],
  ['a secret by name', { secretArn: 'app/db' }],
  ['another resource', { secretArn: stateMachineArn }],
  ['a press of one’s own', { press: '../x' }],
])('%s is refused before anything is started', (_name, more) => {
  expect(
    v.safeParse(ButtonEvent, { operation: 'rotate', secretArn, secretName: 'app/db', press, ...more }).success,
  ).toBe(false);
  expect(
    v.safeParse(ButtonEvent, { operation: 'rotate', secretArn, secretName: 'app/db', press, widgetContext: {} })
      .success,
  ).toBe(true);
});
