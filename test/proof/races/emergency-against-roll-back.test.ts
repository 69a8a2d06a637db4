import {
  bedrockSubject,
  openBedrockLaptop,
  type Subject,
  vendorSubject,
} from '../../pipeline/rotators/api-key/subjects.ts';
import type { Laptop } from '../../pipeline/rotators/native-rotation.ts';
import { askAsWorkflow } from '../crash/faults.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
const MOST_CALLS = 100;

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openBedrockLaptop();
});
afterAll(() => laptop?.close());

/** Lets `other` happen whole, right before the n-th call. Answers whether that call came. */
function before(n: number, { secret: { calls } }: Subject, other: () => Promise<void>): () => boolean {
  const process = calls.process.bind(calls);
  let count = 0;
  calls.process = () => {
    const around = process();
    return async (name, call) => {
      count += 1;
      if (count === n) {
        calls.process = process;
        await other();
      }
      return around(name, call);
    };
  };
  return () => {
    calls.process = process;
    return count >= n;
  };
}

/** An emergency that has begun: Secrets Manager's attempt at it is still to come. */
async function beginEmergency({ secret }: Subject): Promise<string> {
  secret.calls.kill = { call: secret.calls.names.length + 1, when: 'before' };
  const { token, promoted } = await secret.rotate({ emergency: true, attempts: 1 });
  expect(promoted).toBe(false);
  return token;
}

/** Around which calls AWSCURRENT is refused from here on. */
function watch({ secret, works }: Subject): string[] {
  const refused: string[] = [];
  const watched = secret.calls.watch;
  secret.calls.watch = () => {
    watched?.();
    if (!works(secret.value())) refused.push(`call ${secret.calls.names.length}, ${secret.calls.names.at(-1)}`);
  };
  return refused;
}

/** One attempt of Secrets Manager's; a step that fails is the end of it. */
async function attempt({ secret }: Subject, token: string): Promise<void> {
  for (const Step of STEPS) {
    const failed = await secret.invoke({ Step, SecretId: secret.arn, ClientRequestToken: token }).then(
      () => false,
      () => true,
    );
    if (failed) return;
  }
}

async function race(make: () => Promise<Subject>, inner: 'the roll-back' | 'the emergency'): Promise<number> {
  for (let place = 1; place < MOST_CALLS; place += 1) {
    const subject = await make();
    const { secret } = subject;
    const { token: failed, previous, promoted } = await secret.rotate();
    expect(promoted).toBe(true);
    const emergency = inner === 'the roll-back' ? await beginEmergency(subject) : undefined;
    const refused = watch(subject);
    // It may be refused: the previous key is gone, or somebody else was faster. What counts is what AWSCURRENT holds.
    const rollBack = () =>
      askAsWorkflow(secret, { operation: 'RollBack', versionId: failed, previousVersionId: previous }).then(
        () => undefined,
        (error: Error) =>
          expect(['TargetRefused', 'RollBackImpossible', 'InvalidParameterException']).toContain(error.name),
      );
    const whole = async () => void (await secret.rotate({ emergency: true, attempts: 1 }));
    const hasCome = before(place, subject, emergency === undefined ? whole : rollBack);
    await (emergency === undefined ? rollBack() : attempt(subject, emergency));
    try {
      expect(refused).toEqual([]);
      expect(subject.works(secret.value())).toBe(true);
    } catch (error) {
      throw new Error(`${inner} came at call ${place}`, { cause: error });
    } finally {
      await subject.close();
    }
    if (!hasCome()) return place - 1;
  }
  throw new Error(`${MOST_CALLS} calls did not do.`);
}

describe.each([
  ['bedrock', () => bedrockSubject(laptop)],
  ['http', () => vendorSubject(laptop)],
] as const)('%s', (name, make) => {
  test.each([
    'the roll-back',
    'the emergency',
  ] as const)('a roll-back and an emergency at once, at whichever call %s comes: AWSCURRENT always works', async (inner) => {
    const places = await race(make, inner);
    console.info(`${name}: a roll-back against an emergency, ${inner} inside of the other, ${places} places`);
    expect(places).toBeGreaterThan(4);
  }, 120_000);
});
