import { afterEach, expect, test } from '@jest/globals';
import { EventsLaptop } from './laptop.ts';

let laptop: EventsLaptop;
afterEach(() => laptop?.cloud.close());

const entry = { Source: 'app', DetailType: 'Case', Detail: '{}' };
const put = (...Entries: object[]) => laptop.call('events', 'PutEvents', { Entries });
/** A detail of so many bytes, of characters that have two. */
const detail = (bytes: number) => JSON.stringify({ a: 'é'.repeat((bytes - 8) / 2) });

test('the entries of a call have 256 KiB together, counted in bytes: texts, resources, and a time', async () => {
  laptop = await EventsLaptop.start();
  const room = 262_144 - 'app'.length - 'Case'.length - 'r'.length - 14;
  const full = { ...entry, Resources: ['r'], Time: new Date(0), Detail: detail(room) };
  expect((await put(full)).FailedEntryCount).toBe(0);
  const over = 'Total size of the entries in the request is over the limit.';
  await expect(put({ ...full, Resources: ['rr'] })).rejects.toThrow(over);
  await expect(put(full, entry)).rejects.toThrow(over);
});

test('global endpoints are refused, not passed over', async () => {
  laptop = await EventsLaptop.start();
  const input = { Entries: [entry], EndpointId: 'abcde.veo' };
  await expect(laptop.call('events', 'PutEvents', input)).rejects.toMatchObject({
    code: 'ValidationException',
    message: 'EndpointId: global endpoints are not supported on the laptop.',
  });
});

test.each(['KmsKeyIdentifier', 'DeadLetterConfig', 'EventSourceName'])('a bus with %s is refused', async (member) => {
  laptop = await EventsLaptop.start();
  const value = member === 'DeadLetterConfig' ? { Arn: 'arn:aws:sqs:us-east-1:000000000000:q' } : 'a';
  await expect(laptop.call('events', 'CreateEventBus', { Name: 'b', [member]: value })).rejects.toMatchObject({
    code: 'ValidationException',
    message: `${member} is not supported on the laptop.`,
  });
});
