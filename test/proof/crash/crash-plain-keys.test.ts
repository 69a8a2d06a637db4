import { byExtent } from '../../extent.ts';
import {
  bedrockSubject,
  generatedSubject,
  openBedrockLaptop,
  retire,
  type Subject,
  vendorSubject,
} from '../../pipeline/rotators/api-key/subjects.ts';
import type { Kill, Laptop } from '../../pipeline/rotators/native-rotation.ts';

/** Every call is the long run. */
const STEP = byExtent({ short: 10, wide: 3, long: 1 });

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openBedrockLaptop();
});
afterAll(() => laptop.close());

/** Values that do not tell a key's id, and keys without names: all others are in crash-api-key.test.ts. */
const subjects: Record<string, () => Promise<Subject>> = {
  'http, named keys, plain string': () => vendorSubject(laptop, { form: 'text', vendor: { mostKeys: 2 } }),
  'http, keys without names': () => vendorSubject(laptop, { vendor: { named: false, mostKeys: 2 } }),
  'bedrock, plain string': () => bedrockSubject(laptop, { form: 'text' }),
  'generated, plain string': () => generatedSubject(laptop, { form: 'text' }),
};

async function rotateAndRetire(subject: Subject): Promise<void> {
  const rotated = await subject.secret.rotate();
  expect(rotated.promoted).toBe(true);
  await retire(laptop, subject, rotated);
}

/** Rotates and retires, killed once or not at all; answers the calls that it made. */
async function run(open: () => Promise<Subject>, kill?: Kill): Promise<string[]> {
  const subject = await open();
  try {
    const { calls } = subject.secret;
    const notWorking: string[] = [];
    const watched = calls.watch;
    calls.watch = () => {
      watched?.();
      if (!subject.works(subject.secret.value())) notWorking.push(`${calls.names.length} ${calls.names.at(-1)}`);
    };
    calls.kill = kill;
    await rotateAndRetire(subject);
    expect(calls.kill).toBeUndefined();
    expect(notWorking).toEqual([]);
    const left = subject.credentials();
    const inUse = subject.idOf(subject.secret.value());
    expect(left).toEqual(inUse === undefined ? [] : [inUse]);
    expect(subject.mostAtOnce()).toBeLessThanOrEqual(2);
    const labels = Object.values(await subject.secret.stages()).flat();
    expect(labels).not.toContain('AWSPENDING');
    expect(labels).not.toContain('KEYTURN_IN_FLIGHT');
    return calls.names;
  } finally {
    await subject.close();
  }
}

test.each(
  Object.keys(subjects),
)('%s: killed between any two calls, the key in use works throughout and no orphan is left', async (name) => {
  const open = subjects[name]!;
  const calls = await run(open);
  // Between two calls the world stands still: before the second is after the first.
  const after = calls.map((_, index): Kill => ({ call: index + 1, when: 'after' }));
  const kills: Kill[] = [{ call: 1, when: 'before' }, ...after.filter((_, index) => index % STEP === 0)];
  for (const kill of kills) {
    try {
      await run(open, kill);
    } catch (error) {
      throw new Error(`killed ${kill.when} call ${kill.call}, ${calls[kill.call - 1]}`, { cause: error });
    }
  }
  console.info(`${name}: ${kills.length} points`);
}, 120_000);
