import { setTimeout as wait } from 'node:timers/promises';
import { byExtent } from '../../extent.ts';
import type { Subject, SubjectName } from '../model/subjects.ts';

/** Long enough to be through when nobody holds a lock; it goes on meanwhile in any case. */
const MOST_WAIT_MILLISECONDS = 200;
const MOST_CALLS = 100;
const everybody = ['a key of AWS', 'a key of a vendor', 'a login'] as const;
/** Who races. The calls of a vendor's key are much like those of a key of AWS: the short run leaves it out. */
export const racers = byExtent<readonly SubjectName[]>({
  short: ['a key of AWS', 'a login'],
  wide: everybody,
  long: everybody,
});

/** A database has many calls, a key has few. */
export function stepOf(name: SubjectName): number {
  return name === 'a login' ? byExtent({ short: 13, wide: 7, long: 1 }) : byExtent({ short: 5, wide: 2, long: 1 });
}

/** One attempt of Secrets Manager's: the four steps. One that fails, overtaken or waiting for a lock, is the end of it. */
export async function attempt({ secret }: Pick<Subject, 'secret'>, token: string): Promise<void> {
  for (const Step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret']) {
    const failed = await secret.invoke({ Step, SecretId: secret.arn, ClientRequestToken: token }).then(
      () => false,
      () => true,
    );
    if (failed) return;
  }
}

/**
 * Lets `other` begin right before the n-th call, and waits until it is through: all of it, unless it waits for a lock that
 * the interrupted one holds. `end` waits for the rest, and answers whether that call came.
 */
export function before(
  n: number,
  { kind, secret: { calls } }: Pick<Subject, 'kind' | 'secret'>,
  other: () => Promise<void>,
) {
  const process = calls.process.bind(calls);
  let count = 0;
  let begun: Promise<void> | undefined;
  calls.process = () => {
    const around = process();
    return async (name, call) => {
      count += 1;
      if (count === n) {
        calls.process = process;
        begun = other();
        await (kind === 'postgres' ? Promise.race([begun, wait(MOST_WAIT_MILLISECONDS)]) : begun);
      }
      return around(name, call);
    };
  };
  return async function end(): Promise<boolean> {
    calls.process = process;
    await begun;
    return begun !== undefined;
  };
}

/** Around which calls AWSCURRENT is refused from here on. */
export function watch(subject: Subject): string[] {
  const { calls, value } = subject.secret;
  const refused: string[] = [];
  const watched = calls.watch;
  calls.watch = async () => {
    await watched?.();
    if (!(await subject.works(value()))) refused.push(`call ${calls.names.length}, ${calls.names.at(-1)}`);
  };
  return refused;
}

/** Of so many calls, those at which two meet: how many places a race may be expected to have. */
export function placesIn(calls: number, step: number): number {
  return Math.ceil(calls / step);
}

/** Until the n-th call does not come any more; answers at how many places the two met. */
export async function everyPlace(step: number, meet: (place: number) => Promise<boolean>): Promise<number> {
  let places = 0;
  for (let place = 1; place < MOST_CALLS; place += step) {
    if (!(await meet(place))) return places;
    places += 1;
  }
  throw new Error(`${MOST_CALLS} calls did not do.`);
}
