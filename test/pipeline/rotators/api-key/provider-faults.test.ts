import { byExtent, inTurn } from '../../../extent.ts';
import type { Laptop } from '../native-rotation.ts';
import {
  type Arena,
  type ArenaOptions,
  accessKeyArena,
  bedrockArena,
  type CommonFault,
  generatedArena,
  httpArena,
} from './arenas.ts';
import { openBedrockLaptop, retire } from './subjects.ts';
import type { Operation } from './vendor.ts';

const DAY = 86_400_000;
let laptop: Laptop;
let opened: Arena | undefined;
beforeAll(async () => {
  laptop = await openBedrockLaptop();
});
afterEach(async () => {
  opened?.clearFaults();
  await opened?.close();
  opened = undefined;
});
afterAll(() => laptop.close());

const providers: Record<string, (options: ArenaOptions) => Promise<Arena>> = {
  'http, JSON, named keys': (options) => httpArena(laptop, options),
  'http, plain string, named keys': (options) => httpArena(laptop, { ...options, form: 'text' }),
  'http, keys without names': (options) => httpArena(laptop, { ...options, vendor: { named: false } }),
  'bedrock, JSON, asks a model': (options) => bedrockArena(laptop, { ...options, verify: 'Converse' }),
  'bedrock, plain string, lists models': (options) =>
    bedrockArena(laptop, { ...options, form: 'text', verify: 'ListFoundationModels' }),
  'iam-access-key': (options) => accessKeyArena(laptop, options),
  'generated, JSON': (options) => generatedArena(laptop, options),
  'generated, plain string': (options) => generatedArena(laptop, { ...options, form: 'text' }),
};

interface Row {
  readonly name: string;
  /** What the vendor does badly: providers that never ask it for that are left out. */
  readonly operation: Operation;
  strike(arena: Arena): void;
  readonly outcome: 'promoted' | 'given up';
  readonly settings?: Record<string, unknown>;
}

const failing = (operation: Operation, ...faults: CommonFault[]) => ({
  name: `${operation}: ${faults.join(', ')}`,
  operation,
  strike: (arena: Arena) => arena.fail(operation, ...faults),
  outcome: 'promoted' as const,
});
const activating = (name: string, milliseconds: number[], more: Partial<Row> = {}): Row => ({
  name: `verify: ${name}`,
  operation: 'verify',
  strike: (arena) => arena.activateAfter(...milliseconds),
  outcome: 'promoted',
  ...more,
});

const rotations: Row[] = [
  failing('create', 'answer-lost'),
  failing('create', 'answer-lost', 'answer-lost', 'answer-lost'),
  failing('create', 'acts-late'),
  failing('create', 'acts-late', 'answer-lost'),
  failing('create', 'failed', 'unreachable'),
  failing('create', 'rate-limited', 'rate-limited'),
  {
    ...failing('create', ...Array.from({ length: 9 }, () => 'answer-lost' as const)),
    name: 'create: every answer is lost',
    outcome: 'given up',
  },
  failing('list', 'failed', 'rate-limited', 'unreachable', 'answer-lost'),
  failing('verify', 'failed', 'unreachable', 'answer-lost'),
  failing('verify', 'rate-limited', 'rate-limited'),
  failing('verify', 'refused', 'refused'),
  failing('verify', 'misfit', 'misfit'),
  activating('a new key works after 20 seconds', [20_000]),
  activating('a new key works later than one attempt waits', [12_000], { settings: { activationTimeoutSeconds: 5 } }),
  activating('a new key works on one node and not yet on another', [0, 9_000]),
  activating('a new key works on two nodes and not yet on the third', [0, 0, 9_000]),
  activating('a new key never works', [10 * DAY], { outcome: 'given up', settings: { activationTimeoutSeconds: 5 } }),
];

/** A secret whose key every node knows, and whose every step is watched. */
async function enter(name: string, settings: Record<string, unknown> = {}, open = providers[name]!) {
  const arena = await open({ settings });
  opened = arena;
  const { secret } = arena.subject;
  if (name.startsWith('generated')) {
    // Its first rotation publishes the next key, the second is the first that changes it.
    const first = await secret.rotate();
    expect(first.promoted).toBe(true);
    await retire(laptop, arena.subject, first);
  }
  // The key is of a time before the fault, by every measure of it.
  await laptop.clock.advance(20 * DAY);
  const broken: string[] = [];
  const watched = secret.calls.watch;
  secret.calls.watch = () => {
    watched?.();
    if (!arena.works(secret.value())) broken.push(`call ${secret.calls.names.length}, ${secret.calls.names.at(-1)}`);
  };
  return { arena, secret, broken, steps: () => secret.calls.names.length };
}

type Entered = Awaited<ReturnType<typeof enter>>;

/** A working key was there at every step; now there is that one alone, and nothing in flight. */
async function expectSettled({ arena, secret, broken }: Entered, mostAtOnce = 2): Promise<void> {
  expect(broken).toEqual([]);
  expect(arena.works(secret.value())).toBe(true);
  expect(arena.orphans()).toEqual([]);
  expect(arena.subject.mostAtOnce()).toBeLessThanOrEqual(mostAtOnce);
  const labels = Object.values(await secret.stages()).flat();
  expect(labels).not.toContain('AWSPENDING');
  expect(labels).not.toContain('KEYTURN_IN_FLIGHT');
}

/** Rotates while the fault lasts; what was given up is abandoned as the workflow does, and the next one has to succeed. */
async function rotateThrough(entered: Entered): Promise<Row['outcome']> {
  const { arena, secret } = entered;
  const first = secret.value();
  const rotated = await secret.rotate();
  arena.clearFaults();
  if (rotated.promoted) {
    await retire(laptop, arena.subject, rotated);
  } else {
    expect(secret.value()).toBe(first);
    await secret.ask({ operation: 'Abandon', versionId: rotated.token });
    await expectSettled(entered);
    arena.activateAfter(0);
    const again = await secret.rotate();
    expect(again.promoted).toBe(true);
    await retire(laptop, arena.subject, again);
  }
  expect(secret.value()).not.toBe(first);
  await expectSettled(entered);
  return rotated.promoted ? 'promoted' : 'given up';
}

/** The form of a value decides which credential is whose, not how a key is tried. */
const isForm = (name: string) => /plain string|without names/.test(name) && !name.startsWith('generated');
const triedBy = Object.keys(providers).filter((name) => !isForm(name));
const met = byExtent({ short: triedBy, wide: Object.keys(providers), long: Object.keys(providers) });
const outside = met.filter((name) => !name.startsWith('generated'));

describe.each(met)('%s', (name) => {
  const rows = rotations.filter(({ operation }) =>
    operation === 'verify' ? triedBy.includes(name) : outside.includes(name),
  );
  test.each(inTurn(rows, 3, met.indexOf(name)))('$name → $outcome', async ({ strike, outcome, settings }) => {
    const entered = await enter(name, settings);
    strike(entered.arena);
    const before = entered.steps();
    // Acceptors of a ring have known the next key for a whole rotation: however slow they are, none has to learn it.
    expect(await rotateThrough(entered)).toBe(name === 'generated, JSON' ? 'promoted' : outcome);
    expect(entered.steps() - before).toBeGreaterThan(10);
  });
});

describe.each(triedBy)('%s', (name) => {
  const refusals: CommonFault[][][] = [
    [['refused', 'refused']],
    [['misfit', 'misfit', 'misfit']],
    [['failed', 'unreachable', 'rate-limited']],
  ];
  test.each(
    inTurn(refusals, 2, triedBy.indexOf(name)),
  )('verify of the previous key: %j while AWSCURRENT goes back: it goes back all the same', async (faults) => {
    const entered = await enter(name);
    const { arena, secret } = entered;
    const first = secret.value();
    const { token, previous } = await secret.rotate();
    arena.fail('verify', ...faults);
    await secret.ask({ operation: 'RollBack', versionId: token, previousVersionId: previous });
    expect(arena.faultsLeft()).toBeLessThan(faults.length);
    arena.clearFaults();
    expect(secret.value()).toBe(first);
    expect(await rotateThrough(entered)).toBe('promoted');
  });
});

describe.each(outside)('%s', (name) => {
  const revocations: CommonFault[][][] = [
    [['answer-lost']],
    [['failed', 'unreachable']],
    [['rate-limited', 'rate-limited']],
    [['not-found-lie']],
  ];
  test.each(inTurn(revocations, 2, outside.indexOf(name)))('revoke at retirement: %j', async (faults) => {
    const entered = await enter(name);
    const rotated = await entered.secret.rotate();
    expect(rotated.promoted).toBe(true);
    entered.arena.fail('revoke', ...faults);
    await retire(laptop, entered.arena.subject, rotated);
    expect(entered.arena.faultsLeft()).toBe(0);
    await expectSettled(entered);
  });

  test.each(
    inTurn(revocations, 2, outside.indexOf(name) + 1),
  )('revoke of a candidate that never works: %j', async (faults) => {
    const entered = await enter(name, { activationTimeoutSeconds: 2 });
    const { arena, secret } = entered;
    arena.activateAfter(10 * DAY);
    const { token, promoted } = await secret.rotate({ attempts: 1 });
    expect(promoted).toBe(false);
    expect(arena.orphans()).toHaveLength(1);
    arena.fail('revoke', ...faults);
    await secret.ask({ operation: 'Abandon', versionId: token });
    expect(arena.faultsLeft()).toBe(0);
    await expectSettled(entered);
  });

  test('the previous key was deleted by somebody: retired all the same', async () => {
    const entered = await enter(name);
    const { arena, secret } = entered;
    const rotated = await secret.rotate();
    expect(rotated.promoted).toBe(true);
    arena.deleteBehind(arena.subject.idOf(secret.value('AWSPREVIOUS')) as string);
    await retire(laptop, arena.subject, rotated);
    await expectSettled(entered);
  });

  test('the candidate’s key was deleted by somebody: never promoted, and the next rotation succeeds', async () => {
    const entered = await enter(name, { activationTimeoutSeconds: 5 });
    const { arena, secret } = entered;
    const watched = secret.calls.watch;
    let isDeleted = false;
    secret.calls.watch = () => {
      watched?.();
      const candidate = secret.value('AWSPENDING');
      if (isDeleted || !candidate || candidate === secret.value()) return;
      isDeleted = true;
      arena.deleteBehind(arena.subject.idOf(candidate) as string);
    };
    expect(await rotateThrough(entered)).toBe('given up');
  });
});

describe('a vendor without a limit, which acts on a create after the next one was answered', () => {
  const forms: [string, Parameters<typeof httpArena>[1]][] = [
    ['JSON, named keys', {}],
    ['plain string, named keys', { form: 'text' }],
    ['keys without names', { vendor: { named: false } }],
  ];
  test.each(
    forms,
  )('%s: the key that nobody waited for goes with the previous one of its version, the one in use never', async (name, form) => {
    const open = (options: ArenaOptions) =>
      httpArena(laptop, { ...options, ...form, vendor: { ...form.vendor, mostKeys: 100 } });
    const entered = await enter(name, {}, open);
    const { arena, secret } = entered;
    arena.fail('create', 'acts-late');
    const first = await secret.rotate();
    expect(first.promoted).toBe(true);
    // In use, previous, and the one that came late.
    expect(arena.subject.credentials()).toHaveLength(3);
    await retire(laptop, arena.subject, first);
    expect(arena.works(secret.value())).toBe(true);
    // Of two keys of one name a plain string does not tell which it is, so both stay until neither is in use.
    expect(arena.orphans()).toHaveLength(form.form === 'text' ? 1 : 0);
    const second = await secret.rotate();
    expect(second.promoted).toBe(true);
    await retire(laptop, arena.subject, second);
    await expectSettled(entered, 3);
  });
});

describe('somebody puts the same key again, where only its first version tells which credential it is', () => {
  test.each([
    ['http, plain string, named keys', (value: string) => value],
    ['http, JSON, named keys', (value: string) => JSON.stringify({ api_key: JSON.parse(value).api_key })],
    ['http, keys without names', (value: string) => JSON.stringify({ api_key: JSON.parse(value).api_key })],
    ['bedrock, plain string, lists models', (value: string) => value],
  ])('%s: that key is not swept away with its first version', async (name, again) => {
    const entered = await enter(name);
    const { arena, secret, broken } = entered;
    const rotated = await secret.rotate();
    await retire(laptop, arena.subject, rotated);
    await secret.put(again(secret.value()));
    await laptop.clock.advance(20 * DAY);
    const { token, promoted } = await secret.rotate();
    if (!promoted) {
      expect(secret.failures.at(-1)).toMatchObject({ code: 'UnsafeRotation' });
      await secret.ask({ operation: 'Abandon', versionId: token });
    }
    expect(broken).toEqual([]);
    expect(arena.works(secret.value())).toBe(true);
  });
});
