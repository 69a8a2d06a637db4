import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Retrier, StateDefinition } from '../../packages/laptop/services/states/interpreter/definition.ts';
import { parseDefinition } from '../../packages/laptop/services/states/interpreter/parse-definition.ts';
import { definitionText, machineNames, statesOf, substituted } from './definitions.ts';
import { exceptions, type PolicyName, permanentCodes, policies } from './retry-policies.ts';

const QUARTER_OF_AN_HOUR_SECONDS = 900;
const machines = machineNames.map((name) => [name, parseDefinition(substituted(definitionText(name)))] as const);
const states = machines.flatMap(([machine, definition]) =>
  statesOf(definition).map(([name, state]) => ({ machine, name, state })),
);

/** How long a retrier goes on, with no time for the attempts themselves. */
function secondsOf({ IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Infinity, MaxAttempts = 3 }: Retrier) {
  const delays = Array.from({ length: MaxAttempts }, (_, attempt) => IntervalSeconds * BackoffRate ** attempt);
  return delays.reduce((sum, delay) => sum + Math.min(delay, MaxDelaySeconds), 0);
}

/** How a Task that calls this must try again. */
function policyOf(name: string, { Resource = '' }: StateDefinition): PolicyName {
  const exception = exceptions[name];
  if (exception) return exception[0];
  if (Resource.endsWith('.sync:2')) return 'nested execution';
  if (Resource.endsWith(':states:startExecution')) return 'start, to the end';
  if (Resource.includes('aws-sdk:secretsmanager')) return 'Secrets Manager, to the end';
  return /^RunCheck/.test(name) ? 'check, to the end' : 'function, to the end';
}

test.each(machines)('%s: every Task tries again by a policy that has a name', (_, definition) => {
  const wrong = statesOf(definition).flatMap(([name, state]) => {
    if (state.Type !== 'Task') return [];
    const wanted = policyOf(name, state);
    const isWanted = JSON.stringify(state.Retry) === JSON.stringify(inOrder(policies[wanted]));
    return isWanted ? [] : [`${name} does not try again as "${wanted}"`];
  });
  expect(wrong).toEqual([]);
});

/** The members in the order in which the definitions have them. */
const inOrder = (retriers: readonly Retrier[]) =>
  retriers.map(({ ErrorEquals, IntervalSeconds, BackoffRate, MaxDelaySeconds, MaxAttempts }) =>
    IntervalSeconds === undefined
      ? { ErrorEquals, MaxAttempts }
      : { ErrorEquals, IntervalSeconds, BackoffRate, MaxDelaySeconds, MaxAttempts },
  );

test('what tries to the end does so for more than a quarter of an hour, whatever fails', () => {
  const short = Object.entries(policies).flatMap(([name, retriers]) => {
    const last = retriers.at(-1) as Retrier;
    if (!name.endsWith('to the end')) return [];
    return last.ErrorEquals[0] === 'States.ALL' && secondsOf(last) >= QUARTER_OF_AN_HOUR_SECONDS ? [] : [name];
  });
  expect(short).toEqual([]);
});

test.each([
  ...['Abandon', 'AbandonStraggler', 'ClearPending', 'RollBack', 'Retire', 'GatherEvidence', 'DescribeRotation'],
  ...['DescribeStragglers', 'ScheduleRetirement', 'ScheduleRevocation', 'StartRollBack', 'ReportRolledBack'],
  ...['ReportFailure', 'ReportSuccess', 'ReportRetired', 'ReportRetirementFailed', 'ReportConverged', 'ReportLagging'],
  ...['RunCheckLonger', 'ReportMirrors', 'ReportUnwatched', 'ReportFleet', 'LookAtSecret', 'LookAtParameter'],
])('%s undoes or ends something, and tries to the end', (name) => {
  const found = states.filter((one) => one.name === name);
  expect(found).not.toEqual([]);
  for (const { state } of found) expect(policyOf(name, state)).toMatch(/to the end$/);
});

test('the exceptions are states that exist', () => {
  const names = new Set(states.map(({ name }) => name));
  expect(Object.keys(exceptions).filter((name) => !names.has(name))).toEqual([]);
});

describe('what fails after all', () => {
  test.each(machines)('%s: every state that can fail catches everything', (_, definition) => {
    const canFail = statesOf(definition).filter(([, { Type }]) => ['Task', 'Map', 'Parallel'].includes(Type));
    const topLevel = new Set(Object.keys(definition.States));
    const open = canFail.filter(([name, { Type, Catch = [] }]) => {
      // A Map inside a Parallel fails with it, and the Parallel catches that.
      if (Type === 'Map' && !topLevel.has(name)) return false;
      return !Catch.some(({ ErrorEquals }) => ErrorEquals.includes('States.ALL'));
    });
    expect(open.map(([name]) => name)).toEqual([]);
  });
});

test('the permanent codes are those of our errors that say so, each of them', () => {
  const code =
    /class (\w+) extends KeyturnError \{\s+readonly code = '(\w+)';(\s+override readonly retryable = true;)?/g;
  const folders = ['rotation', 'rotators', 'propagation', 'workflow', 'fleet', 'contracts'];
  const sources = folders.flatMap((folder) => sourcesIn(`pipeline/${folder}`));
  const permanent = sources.flatMap((source) =>
    [...source.matchAll(code)].flatMap(([, , name, isRetryable]) => (isRetryable ? [] : [String(name)])),
  );
  // Of the command line alone.
  const elsewhere = ['ManifestUnreadable', 'ManifestUnsafe'];
  const known = [...permanentCodes.filter((name) => name !== 'ResourceNotFoundException'), ...elsewhere];
  expect([...new Set(permanent)].sort()).toEqual(known.sort());
});

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(`${folder}/${path}`, 'utf8'));
}
