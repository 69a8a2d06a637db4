import { EventBridgeClient, PutPermissionCommand, RemovePermissionCommand } from '@aws-sdk/client-eventbridge';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createEventsService, { type EventsService } from '../../../packages/laptop/services/events/service.ts';
import { findBusPolicy } from '../../../pipeline/audit/find-bus-policy.ts';
import { busStatements } from '../../../pipeline/contracts/bus-policy.ts';

const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
const parties = {
  busArn: 'arn:aws:events:us-east-1:000000000000:event-bus/shop',
  publishers: [role('report'), role('audit')],
  requesters: [role('deployer')],
};

let cloud: RunningCloud;
let client: EventBridgeClient;
beforeEach(async () => {
  cloud = await createCloud({ services: [createEventsService] });
  client = new EventBridgeClient({
    endpoint: cloud.endpointUrl,
    region: cloud.region,
    credentials: cloud.administrator,
  });
  cloud.service<EventsService>('events').buses.create(cloud.region, { Name: 'shop' });
});
afterEach(async () => {
  client.destroy();
  await cloud.close();
});

const put = (...Statement: object[]) =>
  client.send(
    new PutPermissionCommand({ EventBusName: 'shop', Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
  );
const [others, requests] = busStatements(parties);

test('what was deployed is no finding, in whatever way AWS writes it', async () => {
  await put(others, requests);
  expect(await findBusPolicy(client, parties)).toEqual([]);
  const reversed = { ArnNotEquals: { 'aws:PrincipalArn': [...parties.publishers, ...parties.requesters].reverse() } };
  await put(requests, { ...others, Principal: { AWS: '*' }, Action: [others.Action], Condition: reversed });
  expect(await findBusPolicy(client, parties)).toEqual([]);
});

test.each<[string, object[]]>([
  ['a statement is gone', [others]],
  ['a statement came', [others, requests, { ...requests, Sid: 'more', Effect: 'Allow', Condition: {} }]],
  [
    'a role was let in',
    [{ ...others, Condition: { ArnNotEquals: { 'aws:PrincipalArn': [role('other')] } } }, requests],
  ],
  ['it denies less', [others, { ...requests, Action: 'events:PutRule' }]],
  ['it allows', [{ ...others, Effect: 'Allow' }, requests]],
  ['it is about another bus', [{ ...others, Resource: `${parties.busArn}-2` }, requests]],
])('%s: a finding, whose command puts the policy back', async (_case, statements) => {
  await put(...statements);
  const [found, ...more] = await findBusPolicy(client, parties);
  expect(more).toEqual([]);
  expect(found).toMatchObject({ code: 'BusPolicyChanged', secretName: 'shop', isSafe: false });
  const [, name, policy = ''] =
    /^aws events put-permission --event-bus-name (\S+) --policy '(.*)'$/.exec(found?.command ?? '') ?? [];
  await client.send(new PutPermissionCommand({ EventBusName: name, Policy: policy }));
  expect(await findBusPolicy(client, parties)).toEqual([]);
});

test('no policy and no bus are findings too; a look that is refused is thrown', async () => {
  await put(others, requests);
  await client.send(new RemovePermissionCommand({ EventBusName: 'shop', RemoveAllPermissions: true }));
  expect(await findBusPolicy(client, parties)).toMatchObject([
    { message: expect.stringContaining('it has no policy') },
  ]);
  const gone = { ...parties, busArn: `${parties.busArn}-gone` };
  expect(await findBusPolicy(client, gone)).toMatchObject([{ message: expect.stringContaining('it is not there') }]);
  const refused = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
  await expect(findBusPolicy({ send: () => Promise.reject(refused) } as never, parties)).rejects.toBe(refused);
});
