import { FleetRequest } from '../../../pipeline/contracts/fleet.ts';
import { parse } from '../../../pipeline/contracts/parse.ts';
import {
  defaultFleetConcurrency,
  fleetConcurrency,
  WRITE_QUOTA_PER_SECOND,
} from '../../../pipeline/fleet/concurrency.ts';
import { selectSecrets } from '../../../pipeline/fleet/select-secrets.ts';
import { PREFIX, startStore } from '../workflow/managed-secret.ts';

let store: Awaited<ReturnType<typeof startStore>>;
const names = Array.from({ length: 23 }, (_, index) => `fleet/s${String(index).padStart(2, '0')}`);

beforeAll(async () => {
  store = await startStore();
  for (const [index, name] of names.entries()) {
    await store.create(name, index < 3 ? { team: 'shop' } : { team: 'shopping' });
    await store.settle(name, { kind: index % 2 === 0 ? 'jwt' : 'postgres', group: index < 12 ? 'first' : 'second' });
  }
  await store.settle('fleet/watched', { rotated: false });
});
afterAll(() => store.stop());

const select = (request: object, position: Parameters<typeof selectSecrets>[2] = null) =>
  selectSecrets({ ...store, prefix: PREFIX }, parse('The request', FleetRequest, request), position);

test('without a choice it is every rotated secret of the pipeline, over all pages of Parameter Store', async () => {
  const selection = await select({});
  expect(selection.secretIds.sort()).toEqual(names);
  expect(selection).toMatchObject({ total: 23, after: null, maxConcurrency: defaultFleetConcurrency });
});

test.each([
  ['kind', { kind: 'postgres' }, 11],
  ['group', { group: 'first' }, 12],
  ['a tag’s value, exactly', { tag: { key: 'team', value: 'shop' } }, 3],
  ['a tag’s key', { tag: { key: 'team' } }, 23],
  ['name', { secretIds: ['fleet/s05', 'fleet/nobody'] }, 1],
  ['several at once', { kind: 'jwt', group: 'first', tag: { key: 'team', value: 'shop' } }, 2],
])('by %s', async (_, request, count) => {
  expect((await select(request)).secretIds).toHaveLength(count);
});

test('canaries come first, once, and count', async () => {
  const selection = await select({ group: 'first', canaries: ['fleet/s00'] });
  expect(selection).toMatchObject({ canaries: ['fleet/s00'], total: 12 });
  expect(selection.secretIds).not.toContain('fleet/s00');
});

test('who started it comes along: a schedule’s first run rotates nothing', async () => {
  expect(await select({ group: 'first', startedBy: 'schedule' })).toMatchObject({ startedBy: 'schedule' });
  expect(await select({ group: 'first' })).toMatchObject({ startedBy: 'fleet' });
});

test('a fleet of none is refused', async () => {
  await expect(select({ group: 'nobody' })).rejects.toMatchObject({ code: 'FleetEmpty' });
});

test('rotations under way stay below the write quota', () => {
  const writesPerSecond = (defaultFleetConcurrency * 4) / 10;
  expect(writesPerSecond).toBeLessThanOrEqual(WRITE_QUOTA_PER_SECOND);
  expect(fleetConcurrency({ writes: 4, seconds: 10 })).toBe(100);
  expect(fleetConcurrency({ writes: 1_000, seconds: 1 })).toBe(1);
});
