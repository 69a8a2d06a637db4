import { byExtent } from '../../extent.ts';
import { type Laptop, openLaptop } from '../../pipeline/rotators/native-rotation.ts';
import { attack } from './attack.ts';
import { Faults } from './faults.ts';
import { manageKeyRing } from './key-ring-secret.ts';
import { parts } from './parts.ts';

let laptop: Laptop;
const faults = new Faults();
beforeAll(async () => {
  laptop = await openLaptop();
  faults.around(laptop);
});
afterAll(() => laptop?.close());

test.each(Object.keys(parts))('%s: whatever befalls a call, AWSCURRENT signs what is verified', async (part) => {
  const subject = await manageKeyRing({ laptop, faults });
  await parts.rotation!({ laptop, faults }, subject);
  const { calls, points, windows } = await attack({ laptop, faults }, subject, part, {
    step: byExtent({ short: part === 'rotation' ? 2 : 6, wide: part === 'rotation' ? 1 : 3, long: 1 }),
  });
  console.info(`jwt, ${part}: ${calls} calls, ${points} points`);
  expect(windows).toEqual([]);
}, 300_000);
