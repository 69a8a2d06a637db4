import { byExtent } from '../../extent.ts';
import { attack } from './attack.ts';
import {
  type DatabaseLaptop,
  type DatabaseSecret,
  manageDatabaseSecret,
  openDatabaseLaptop,
} from './database-secret.ts';
import { parts } from './parts.ts';

let world: DatabaseLaptop;
beforeAll(async () => {
  world = await openDatabaseLaptop();
}, 120_000);
afterAll(() => world?.close());

describe.each([['alternating-users'], ['single-user']] as const)('%s', (strategy) => {
  let subject: DatabaseSecret;
  beforeAll(async () => {
    subject = await manageDatabaseSecret(world, strategy);
    // The first rotation makes the second login; after two, base is in use again.
    await parts.rotation!(world, subject);
    await parts.rotation!(world, subject);
  }, 120_000);

  test.each(
    Object.keys(parts),
  )('%s: whatever befalls a call, AWSCURRENT logs in and the next run ends clean', async (part) => {
    const isMain = strategy === 'alternating-users' && part === 'rotation';
    const step = byExtent({ short: isMain ? 10 : 20, wide: isMain ? 3 : 6, long: 1 });
    const { calls, points, windows } = await attack(world, subject, part, { step });
    console.info(`${strategy}, ${part}: ${calls} calls, ${points} points, ${windows.length} inside the window`);
    // One password: between the target's change and the secret's, AWSCURRENT waits for the next run.
    if (strategy === 'alternating-users') expect(windows).toEqual([]);
    for (const where of windows) expect(part === 'retirement' ? where : '').toBe('');
  }, 900_000);
});
