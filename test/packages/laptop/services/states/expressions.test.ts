import { afterEach, expect, test } from '@jest/globals';
import { StatesLaptop } from './laptop.ts';

let laptop: StatesLaptop;
afterEach(() => laptop?.cloud.close());

const answer = (expression: string) => ({ A: { Type: 'Pass', Output: `{% ${expression} %}`, End: true } });

test('an expression that runs for ever lets others run meanwhile, and is stopped with its execution', async () => {
  laptop = await StatesLaptop.start();
  const endless = await laptop.begin(await laptop.create(answer('($again := function() { $again() }; $again())')));
  const short = await laptop.run(answer('1 + 1'));
  expect(short).toMatchObject({ status: 'SUCCEEDED', output: '2' });
  expect(endless.status).toBe('RUNNING');
  await laptop.call('states', 'StopExecution', { executionArn: endless.arn, error: 'Enough', cause: 'it never ends' });
  await endless.ended;
  expect(endless).toMatchObject({ status: 'ABORTED', error: 'Enough' });
});

test('a function that calls itself for ever fails, and the next execution runs', async () => {
  laptop = await StatesLaptop.start();
  const execution = await laptop.run(answer('($deep := function($n) { 1 + $deep($n + 1) }; $deep(0))'));
  expect(execution).toMatchObject({
    status: 'FAILED',
    error: 'States.QueryEvaluationError',
    cause: expect.stringContaining('Stack overflow'),
  });
  expect(await laptop.run(answer('2 * 2'))).toMatchObject({ status: 'SUCCEEDED', output: '4' });
});

test('what one expression assigns inside, no other sees', async () => {
  laptop = await StatesLaptop.start();
  await laptop.run(answer('($secret := 1; $secret)'));
  expect(await laptop.run(answer('$exists($secret)'))).toMatchObject({ output: 'false' });
});
