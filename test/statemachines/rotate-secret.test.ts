import './rotate-secret/promotion.ts';
import './rotate-secret/checks.ts';
import './rotate-secret/roll-back.ts';
import './rotate-secret/faults.ts';
import './rotate-secret/schedules.ts';
import { expect, test } from '@jest/globals';
import { record } from './rotate-secret/world.ts';

test('every branch of rotate-secret was entered', () => {
  expect(record.notEntered()).toEqual([]);
});
