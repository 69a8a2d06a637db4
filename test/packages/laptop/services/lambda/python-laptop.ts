import { expect, test } from '@jest/globals';
import { PythonLookup } from '../../../../../packages/laptop/environments/python.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { eventually } from '../eventually.ts';
import { asPerson, type NewFunction, roleArn, settled, startLaptop, zip } from './laptop.ts';

/** The python3 of the machine that the tests run on, or why there is none. */
export const here = await new PythonLookup(process.env.PATH).find();

/** CreateFunction of Python code. */
export function create(cloud: RunningCloud, code: string, { name = 'f', files, ...members }: NewFunction = {}) {
  return asPerson(cloud, 'lambda', 'CreateFunction', {
    FunctionName: name,
    Runtime: 'python3.12',
    Handler: 'index.handler',
    Role: roleArn,
    Timeout: 30,
    Code: { ZipFile: zip(files ?? { 'index.py': code }) },
    ...members,
  });
}

/** The same, and waits until it is Active. */
export async function make(cloud: RunningCloud, code: string, more: NewFunction = {}): Promise<void> {
  await create(cloud, code, more);
  await settled(cloud, more.name);
}

/** What a function is refused with where there is no python3. */
export const refusal = (missing: string) => ({
  code: 'InvalidParameterValueException',
  message: `The runtime python3.12 runs on the machine's python3, 3.9 or newer, and ${missing}. Install Python 3, or start the laptop with a PATH that leads to it.`,
});

/** On a machine with a python3 the promise is kept; on one without, its functions are refused. Never neither. */
export function promise(name: string, keep: () => Promise<void>): void {
  if ('executable' in here) test(name, keep);
  else {
    test(`refused without a python3: ${name}`, async () => {
      const cloud = await startLaptop();
      try {
        await expect(create(cloud, 'def handler(event, context): return 1')).rejects.toMatchObject(
          refusal(here.missing),
        );
      } finally {
        await cloud.close();
      }
    });
  }
}

/** Everything in the log of a function. */
export const eventsOf = async (cloud: RunningCloud, logGroupName = '/aws/lambda/f'): Promise<string[]> => {
  const { events } = await asPerson(cloud, 'logs', 'FilterLogEvents', { logGroupName });
  return events.map((event: { message: string }) => event.message);
};
/** The log of a function, once so many requests are reported. */
export const logged = (cloud: RunningCloud, reports = 1, logGroupName?: string) =>
  eventually(
    () => eventsOf(cloud, logGroupName),
    (lines) => lines.filter((line) => line.startsWith('REPORT')).length === reports,
  );
