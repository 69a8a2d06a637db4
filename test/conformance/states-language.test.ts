import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { lines, StateMachines, written } from './state-machines.ts';

interface Case {
  readonly states: object;
  readonly timeoutSeconds?: number;
  readonly input: unknown;
  readonly output?: unknown;
  /** Null where the execution failed without one; left out where it does not matter. */
  readonly error?: string | null;
  readonly cause?: string | null;
  readonly status?: string;
  readonly history?: string[];
}

const cases = JSON.parse(readFileSync(new URL('vectors/state-machines.json', import.meta.url), 'utf8')) as [
  string,
  Case,
][];

let machines: StateMachines;
beforeAll(async () => {
  machines = await StateMachines.open();
});
afterAll(() => machines?.close());

describe('the states language, in JSONata', () => {
  test.each(cases)('%s', async (_, { states, timeoutSeconds, input, ...expected }) => {
    const definition = written(states, timeoutSeconds === undefined ? {} : { TimeoutSeconds: timeoutSeconds });
    const execution = await machines.run(definition, input);
    if ('output' in expected) {
      expect([execution.status, execution.error, execution.cause]).toEqual(['SUCCEEDED', undefined, undefined]);
      expect(JSON.parse(execution.output as string)).toEqual(expected.output);
    } else {
      expect(execution.status).toBe(expected.status ?? 'FAILED');
      expect(execution.error ?? null).toBe(expected.error);
      if (expected.cause !== undefined) expect(execution.cause ?? null).toBe(expected.cause);
    }
    if (expected.history) {
      expect(lines(await machines.history(execution.executionArn as string))).toEqual(expected.history);
    }
  });
});
