import { existsSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import type { Call, Service, ServiceFactory } from '../../../packages/laptop/cloud.ts';
import { type CloudOptions, createCloud } from '../../../packages/laptop/create-cloud.ts';
import { administrator } from '../../../packages/laptop/identity/principals.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createIamService from '../../../packages/laptop/services/iam/service.ts';
import { loadServices } from '../../../packages/laptop/services/index.ts';
import { loadServiceModel } from '../../../packages/laptop/wire/service-model.ts';

let cloud: RunningCloud;
afterEach(() => cloud?.close());

const start = async (services: ServiceFactory[], more: CloudOptions = {}) => {
  cloud = await createCloud({ services, log: () => {}, ...more });
  return cloud;
};
const plain = (name: string, more: Partial<Service> = {}): ServiceFactory => {
  return () => ({ name, schemas: async () => ({}), operations: {}, reset() {}, ...more });
};

test('a call inside goes the same way as one on the wire: validated, authorised, recorded', async () => {
  const order: string[] = [];
  await start([
    plain('sqs', {
      operations: {
        SendMessage: {
          validate: () => void order.push('validate'),
          access: () => {
            order.push('access');
            return [{ action: 'sqs:SendMessage', resource: 'arn:aws:sqs:us-east-1:000000000000:q' }];
          },
          handle: (_input, call: Call) => void order.push(`handle ${call.source} ${call.region}`),
        },
      },
    }),
  ]);
  const request = { service: 'sqs', operation: 'SendMessage', input: {}, region: 'eu-west-1' };
  await cloud.call({ ...request, principal: administrator(cloud.accountId) });
  expect(order).toEqual(['validate', 'access', 'handle inside eu-west-1']);
  const nobody = {
    kind: 'role',
    arn: 'arn:aws:sts::000000000000:assumed-role/x/y',
    identityArn: 'arn:aws:iam::000000000000:role/x',
  } as const;
  await expect(cloud.call({ ...request, principal: nobody })).rejects.toMatchObject({ code: 'AccessDeniedException' });
  expect(cloud.recorder.calls().map((call) => [call.source, call.outcome, call.resources])).toEqual([
    ['inside', 'ok', ['arn:aws:sqs:us-east-1:000000000000:q']],
    ['inside', 'AccessDeniedException', ['arn:aws:sqs:us-east-1:000000000000:q']],
  ]);
  await expect(cloud.call({ ...request, operation: 'Nothing', principal: nobody })).rejects.toThrow('not supported');
  await expect(cloud.call({ ...request, service: 'nothing', principal: nobody })).rejects.toThrow(
    'no service "nothing"',
  );
});

test('events of services are doubled and lost as often as the settings say', async () => {
  const accepted: string[] = [];
  const ids = new Set<string>();
  let random = 0;
  const events = plain('events', {
    acceptServiceEvent: (event: { detailType: string }, id: string) => {
      accepted.push(event.detailType);
      ids.add(id);
    },
  } as Partial<Service>);
  await start([events], { random: () => random, settings: { eventsDuplicatedRate: 0.5, eventsLostRate: 0 } });
  const publish = (detailType: string) => cloud.publish({ source: 'aws.x', detailType, resources: [], detail: {} });
  random = 0.4;
  publish('twice');
  random = 0.6;
  publish('once');
  cloud.settings.eventsLostRate = 0.7;
  publish('lost');
  expect(accepted).toEqual(['twice', 'twice', 'once']);
  expect(ids.size).toBe(2);
});

test('the hub’s own services are there once, whether named or not', async () => {
  await start([createIamService]);
  expect([...cloud.services.keys()]).toEqual(['iam', 'sts', 'kms']);
  expect(() => cloud.addService(plain('sts'))).toThrow('two services named sts');
});

test('reset empties every service, close closes every one and takes the folder away', async () => {
  const heard: string[] = [];
  await start([plain('sqs', { reset: () => void heard.push('reset'), close: () => void heard.push('close') })]);
  expect(existsSync(cloud.directory)).toBe(true);
  await cloud.reset();
  await Promise.all([cloud.close(), cloud.close()]);
  expect(heard).toEqual(['reset', 'close']);
  expect(existsSync(cloud.directory)).toBe(false);
  await expect(fetch(cloud.endpointUrl)).rejects.toThrow();
});

test('a start that fails leaves nothing behind', async () => {
  await start([]);
  const broken: ServiceFactory = () => {
    throw new Error('cannot start');
  };
  const port = cloud.port;
  await expect(createCloud({ port, services: [], log: () => {} })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(createCloud({ services: [broken], log: () => {} })).rejects.toThrow('cannot start');
});

test('every service folder has a factory', async () => {
  const factories = await loadServices();
  expect(factories.every((factory) => typeof factory === 'function')).toBe(true);
  expect(factories).toContain(createIamService);
});

test('every operation of every service is one that its client knows', async () => {
  await start(await loadServices());
  for (const service of cloud.services.values()) {
    const { operations } = await loadServiceModel(service);
    const unknown = Object.keys(service.operations).filter((name) => !operations.has(name));
    expect([service.name, unknown]).toEqual([service.name, []]);
  }
});
