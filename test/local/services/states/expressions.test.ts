import { afterEach, expect, test } from '@jest/globals';
import { StatesLaptop } from './laptop.ts';

let laptop: StatesLaptop;
afterEach(() => laptop?.cloud.close());

const answer = (expression: string) => ({ A: { Type: 'Pass', Output: `{% ${expression} %}`, End: true } });

test('an expression that runs for long lets others run meanwhile', async () => {
  laptop = await StatesLaptop.start();
  const count = '($count := function($n) { $n = 100000 ? $n : $count($n + 1) }; $count(0))';
  const long = await laptop.begin(await laptop.create(answer(count)));
  const short = await laptop.run(answer('1 + 1'));
  expect(short).toMatchObject({ status: 'SUCCEEDED', output: '2' });
  expect(long.status).toBe('RUNNING');
  await long.ended;
  expect(long).toMatchObject({ status: 'SUCCEEDED', output: '100000' });
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
