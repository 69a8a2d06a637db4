import * as v from 'valibot';
import { ApiKeyValue } from '../../../../pipeline/contracts/payloads/api-key.ts';
import { ApiKeySettings } from '../../../../pipeline/contracts/settings/api-key.ts';
import {
  credentialName,
  nameStem,
  readCredential,
  serializePayload,
  withCredential,
} from '../../../../pipeline/rotators/api-key/credential.ts';
import { type HeldId, judgeListed } from '../../../../pipeline/rotators/api-key/orphans.ts';
import type { ListedCredential, OrphanRule } from '../../../../pipeline/rotators/api-key/provider.ts';

const SINCE = new Date('2026-03-01T00:00:00Z');
const later = (seconds: number) => new Date(SINCE.getTime() + seconds * 1000);
const stem = nameStem('keyturn-', 'arn:secret');

describe('which of the listed credentials may go', () => {
  const current: HeldId = { versionId: 'v-current', id: 'in-use' };
  const inUse: ListedCredential = { id: 'in-use', name: 'by-hand', createdAt: later(-100) };
  const judge = (
    item: ListedCredential,
    rule: OrphanRule,
    more: Partial<Parameters<typeof judgeListed>[1]> = {},
    listed: ListedCredential[] = [inUse],
  ) => {
    const held = { wanted: [current], spent: [], current, stem, currentSince: SINCE, isSettled: true, ...more };
    const { revoke, strangers } = judgeListed([...listed, item], held, rule);
    expect(revoke.map((one) => one.id)).not.toContain('in-use');
    if (revoke.includes(item)) return 'revoked';
    return strangers.includes(item) ? 'stranger' : 'kept';
  };
  const named = (versionId: string): ListedCredential => ({ id: 'x', name: credentialName(stem, versionId) });

  test('what a wanted version holds is kept, by its id or by its name', () => {
    const wanted = [current, { versionId: 'v-previous', id: 'x' }];
    for (const rule of ['name', 'every', 'younger'] as const) {
      expect(judge({ id: 'x', createdAt: later(10) }, rule, { wanted })).toBe('kept');
    }
    // The id in the secret may be wrong: the name of a wanted version protects its key all the same.
    expect(judge(named('v-previous'), 'name', { wanted: [current, { versionId: 'v-previous', id: 'wrong' }] })).toBe(
      'kept',
    );
  });

  test('two keys of one version’s name: the one that the secret tells stays, the other came of a lost request', () => {
    const made: ListedCredential = { ...named('v-current'), id: 'in-use' };
    const twin = named('v-current');
    const told: HeldId = { ...current, isTold: true };
    expect(judge(twin, 'name', { current: told, wanted: [told] }, [made])).toBe('revoked');
    // The id was looked up by that name: either could be the one in use.
    expect(judge(twin, 'name', {}, [made])).toBe('kept');
  });

  test('what a spent version holds is revoked', () => {
    const spent = [{ versionId: 'v-failed', id: 'x' }];
    for (const rule of ['name', 'every', 'younger'] as const) {
      expect(
        judge({ id: 'x', name: 'any', createdAt: later(-900), lastUsed: { at: SINCE, by: 'a' } }, rule, { spent }),
      ).toBe('revoked');
    }
  });

  test('what wanted and spent versions hold together is kept', () => {
    const wanted = [current, { versionId: 'v-hand', id: 'x' }];
    expect(judge({ id: 'x' }, 'every', { wanted, spent: [{ versionId: 'v-failed', id: 'x' }] })).toBe('kept');
  });

  test('by name: ours are orphans, others are strangers', () => {
    expect(judge(named('v-crashed'), 'name')).toBe('revoked');
    expect(judge({ id: 'x', name: 'production key of somebody' }, 'name')).toBe('stranger');
    expect(judge({ id: 'x' }, 'name')).toBe('stranger');
    const otherSecret = nameStem('keyturn-', 'arn:another');
    expect(judge({ id: 'x', name: credentialName(otherSecret, 'v') }, 'name')).toBe('stranger');
  });

  test('inside the grace period only what is certainly an orphan goes', () => {
    const isSettled = false;
    // It may be what a version held that lost its label when a value was put by hand.
    expect(judge(named('v-lost-its-label'), 'name', { isSettled })).toBe('stranger');
    expect(judge({ id: 'x', createdAt: later(-1) }, 'every', { isSettled })).toBe('stranger');
    // It is younger than the current version, or has the name of the very candidate that is about to be made.
    expect(judge({ ...named('v-crashed'), createdAt: later(1) }, 'name', { isSettled })).toBe('revoked');
    expect(judge({ id: 'x', createdAt: later(1) }, 'every', { isSettled })).toBe('revoked');
    const unstoredName = credentialName(stem, 'v-token');
    expect(judge(named('v-token'), 'name', { isSettled, unstoredName })).toBe('revoked');
  });

  test('by id: nothing goes while it is not known which one is in use', () => {
    expect(judge({ id: 'x', createdAt: later(1) }, 'every')).toBe('revoked');
    const unknown = { versionId: 'v-current', id: undefined };
    expect(judge({ id: 'x', createdAt: later(1) }, 'every', { current: unknown, wanted: [unknown] })).toBe('stranger');
    expect(judge({ id: 'x', createdAt: later(1) }, 'every', {}, [])).toBe('stranger');
    const wanted = [current, { versionId: 'v-previous', id: undefined }];
    expect(judge({ id: 'x', createdAt: later(1) }, 'younger', { wanted })).toBe('stranger');
  });

  test('younger: what is older than the one in use, or was used, is somebody else’s', () => {
    expect(judge({ id: 'x', createdAt: later(1) }, 'younger')).toBe('revoked');
    expect(judge({ id: 'x', createdAt: later(-101) }, 'younger')).toBe('stranger');
    expect(judge({ id: 'x', createdAt: later(-101) }, 'every')).toBe('revoked');
    expect(judge({ id: 'x', createdAt: later(1), lastUsed: { at: later(2), by: 's3' } }, 'younger')).toBe('stranger');
  });
});

describe('the payload', () => {
  const settings = (more: object = {}) => v.parse(ApiKeySettings, { provider: 'generated', ...more });
  const credential = { key: 'new', id: 'id-2' };

  test.each([
    ['plain', 'sk-1', 'new'],
    ['plain with a line end', 'sk-1\n', 'new'],
    ['plain that looks like a number', '12345', 'new'],
    ['plain that begins with a brace', '{not json', 'new'],
    ['an object', '{"api_key":"sk-1","url":"u","n":[1]}', '{"api_key":"new","url":"u","n":[1],"api_key_id":"id-2"}'],
  ])('%s', (_, value, written) => {
    const payload = v.parse(ApiKeyValue, value);
    expect(readCredential('app/key', settings(), payload).key).toMatch(/^(sk-1|12345|\{not json)$/);
    expect(serializePayload(withCredential(settings(), payload, credential))).toBe(written);
  });

  test('pointers reach inside, and names that mean something to JavaScript are names', () => {
    const pointers = settings({ keyPointer: '/vendor/a~1b/key', idPointer: '/__proto__/id' });
    const payload = v.parse(ApiKeyValue, '{"vendor":{"a/b":{"key":"k","more":1}},"other":true}');
    expect(readCredential('app/key', pointers, payload)).toMatchObject({ key: 'k' });
    const written = serializePayload(withCredential(pointers, payload, credential));
    expect(written).toBe('{"vendor":{"a/b":{"key":"new","more":1}},"other":true,"__proto__":{"id":"id-2"}}');
    expect(({} as { id?: string }).id).toBeUndefined();
  });

  test('no key where it is expected: the place is named, nothing of what stood there', () => {
    const payload = v.parse(ApiKeyValue, '{"apikey":"sk-secret"}');
    const reading = () => readCredential('app/key', settings(), payload);
    expect(reading).toThrow('app/key: no text at /api_key');
    expect(reading).not.toThrow('sk-secret');
  });

  test('an empty value is none', () => {
    expect(v.safeParse(ApiKeyValue, '  ').success).toBe(false);
  });
});

test('names are short, of a modest alphabet, and lead from version to key and from secret to its keys', () => {
  const name = credentialName(stem, 'keyturn-emergency-0123456789012345678901234567890123456789');
  expect(name).toMatch(/^keyturn-[0-9a-f]{8}-[0-9a-f]{16}$/);
  expect(credentialName(stem, 'another')).not.toBe(name);
  expect(nameStem('keyturn-', 'arn:other')).not.toBe(stem);
});
